import { statfs } from 'node:fs/promises'

export type Space = { freeBytes: number; sizeBytes: number }

/** What is left for this user on the disk of a folder. A disk over a network may not answer: then it rejects after `withinMs`. */
export async function readSpace(folder: string, withinMs = 5_000): Promise<Space> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`${folder} does not answer within ${withinMs} ms`)), withinMs)
  try {
    const { bavail, blocks, bsize } = await Promise.race([statfs(folder), late])
    return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize }
  } finally {
    clearTimeout(timer)
  }
}
