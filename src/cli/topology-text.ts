import { open } from 'node:fs/promises'
import { maxDocumentBytes } from '../topology/read.ts'
import type { Io } from './shell/io.ts'

/** Of a file or of standard input (-) no more than tells that it is too large: it may have no end. */
export async function textOf(file: string, io: Io): Promise<string> {
  if (file === '-') return io.read(maxDocumentBytes + 1)
  try {
    return await readAtMost(file, maxDocumentBytes + 1)
  } catch (error) {
    throw new Error(`${file} cannot be read (${(error as { code?: string }).code}).`)
  }
}

async function readAtMost(file: string, most: number): Promise<string> {
  const handle = await open(file)
  try {
    const bytes = Buffer.alloc(most)
    let length = 0
    while (length < most) {
      const { bytesRead } = await handle.read(bytes, length, most - length, null)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return bytes.toString('utf8', 0, length)
  } finally {
    await handle.close()
  }
}
