import { open, readFile, stat } from 'node:fs/promises'
import { headHash, type SignedHead } from './head.ts'

/**
 * Heads outside of the database, one a line, only ever added to: whoever rewrites the archive has to rewrite this file too, and it
 * may stand on another machine. What was cut off at the end of the archive is seen by it.
 */
export type Anchor = { archive: string; batch: number; last: number; hash: string; at: string; signature: string }

export function toAnchor({ head, signature }: SignedHead): Anchor {
  const { archive, batch, last, at } = head
  return { archive, batch, last, hash: headHash(head), at, signature }
}

/** Adds lines and waits until they are on disk. A line that a crash left half is ended first: it is not read again. */
export async function writeAnchors(file: string, anchors: Anchor[]): Promise<void> {
  const handle = await open(file, 'a+', 0o640)
  try {
    const { size } = await handle.stat()
    const last = Buffer.alloc(1)
    if (size > 0) await handle.read(last, 0, 1, size - 1)
    const lead = size > 0 && last.toString() !== '\n' ? '\n' : ''
    await handle.appendFile(lead + anchors.map(anchor => `${JSON.stringify(anchor)}\n`).join(''))
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** All anchors of the archive; half lines and those of other archives are passed over. A file that is not there has none. */
export async function readAnchors(file: string, archive: string): Promise<Anchor[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text
    .split('\n')
    .flatMap(line => readLine(line) ?? [])
    .filter(anchor => anchor.archive === archive)
}

function readLine(line: string): Anchor | undefined {
  if (line === '') return undefined
  try {
    const { archive, batch, last, hash, at, signature } = JSON.parse(line) as Anchor
    return { archive, batch, last, hash, at, signature }
  } catch {
    return undefined
  }
}

/** Number of the newest head that stands there; reads the end of the file only. */
export async function lastAnchored(file: string, archive: string): Promise<number> {
  const size = await stat(file).then(
    found => found.size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return 0
      throw error
    },
  )
  if (size === 0) return 0
  const handle = await open(file, 'r')
  try {
    const length = Math.min(size, 65_536)
    const bytes = Buffer.alloc(length)
    await handle.read(bytes, 0, length, size - length)
    const found = bytes
      .toString('utf8')
      .split('\n')
      .flatMap(line => readLine(line) ?? [])
      .findLast(anchor => anchor.archive === archive)
    if (found) return found.batch
  } finally {
    await handle.close()
  }
  return Math.max(0, ...(await readAnchors(file, archive)).map(anchor => anchor.batch))
}
