import { createHash } from 'node:crypto'
import { listPieces } from '../store/file-piece.ts'
import { gather, hashOfKey, type Objects, readPiece } from './objects.ts'
import { MissingObject } from './store.ts'

export type CheckReport = {
  pieces: number
  bytes: number
  /** Keys whose object is not there, and those of which the bytes are others, or cannot be opened. */
  missing: string[]
  changed: string[]
  /** Objects that no row knows; `pchat file collect` removes them. */
  strays: number
}

const page = 500

/** Reads every object that a row names, whole: there, as its key says, and to be opened. `tell` hears how far it is. */
export async function checkFiles(
  objects: Objects,
  strays: () => Promise<number>,
  tell: (pieces: number) => void = () => {},
): Promise<CheckReport> {
  const report: CheckReport = { pieces: 0, bytes: 0, missing: [], changed: [], strays: 0 }
  for (let after = ''; ; ) {
    const pieces = await listPieces(objects.db, after, page)
    for (const piece of pieces) {
      report.pieces += 1
      report.bytes += piece.size
      const fault = await findFault(objects, piece)
      if (fault) report[fault].push(piece.key)
    }
    tell(report.pieces)
    if (pieces.length < page) break
    after = pieces.at(-1)!.key
  }
  report.strays = await strays()
  return report
}

async function findFault(
  objects: Objects,
  piece: Parameters<typeof readPiece>[1],
): Promise<'missing' | 'changed' | undefined> {
  try {
    const hash = createHash('sha256')
    for await (const chunk of await objects.store.get(piece.key)) hash.update(chunk)
    if (hash.digest('hex') !== hashOfKey(piece.key)) return 'changed'
    const bytes = await gather(readPiece(objects, piece))
    return bytes.length === piece.size ? undefined : 'changed'
  } catch (error) {
    return error instanceof MissingObject ? 'missing' : 'changed'
  }
}
