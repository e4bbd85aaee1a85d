import { isNamed, listPieces, type Piece } from '../store/file-piece.ts'
import { type Objects, verifyPiece } from './objects.ts'
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
      if (fault && (await isNamed(objects.db, piece.key))) report[fault].push(piece.key)
    }
    tell(report.pieces)
    if (pieces.length < page) break
    after = pieces.at(-1)!.key
  }
  report.strays = await strays()
  return report
}

async function findFault(objects: Objects, piece: Piece): Promise<'missing' | 'changed' | undefined> {
  try {
    await verifyPiece(objects, piece)
    return undefined
  } catch (error) {
    return error instanceof MissingObject ? 'missing' : 'changed'
  }
}
