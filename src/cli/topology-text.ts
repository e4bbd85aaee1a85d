import { open } from 'node:fs/promises'
import { maxDocumentBytes } from '../topology/read.ts'
import { Misuse } from './shell/fault.ts'
import type { Io } from './shell/io.ts'

/** Of a file or of standard input (-) no more than tells that it is too large: it may have no end. */
export async function textOf(file: string, io: Io): Promise<string> {
  if (file === '-') return io.read(maxDocumentBytes + 1)
  try {
    return (await bytesOf(file, maxDocumentBytes + 1)).toString('utf8')
  } catch (error) {
    throw new Error(`${file} cannot be read (${(error as { code?: string }).code}).`)
  }
}

/** The same of a file that is to be kept to the letter: what is not in UTF-8 is refused. */
export async function exactTextOf(file: string): Promise<string> {
  const bytes = await bytesOf(file, maxDocumentBytes + 1).catch((error: NodeJS.ErrnoException) => {
    throw new Misuse(`${file} cannot be read (${error.code}).`)
  })
  // Where it is too large it was cut, perhaps within a character.
  if (bytes.length > maxDocumentBytes) return bytes.toString('utf8')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Misuse(`${file} is not in UTF-8. Save it so.`)
  }
}

async function bytesOf(file: string, most: number): Promise<Buffer> {
  const handle = await open(file)
  try {
    const bytes = Buffer.alloc(most)
    let length = 0
    while (length < most) {
      const { bytesRead } = await handle.read(bytes, length, most - length, null)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return bytes.subarray(0, length)
  } finally {
    await handle.close()
  }
}
