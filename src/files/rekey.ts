import { Refusal } from '../protocol/error.ts'
import { isNamed, listPieces, type Piece, replacePiece } from '../store/file-piece.ts'
import { type Objects, putPiece, verifyPiece } from './objects.ts'

export type RekeyReport = {
  written: number
  /** What was left as it is, by its key and why: missing, changed, or sealed by a key that the key file has not. */
  faults: string[]
}

const page = 500

/**
 * Writes anew what another key than the first one sealed, or none; of what is not as it was put, nothing is. Can be ended and begun
 * again, while servers run that know both keys. Refusal unavailable where the file store is out of reach.
 */
export async function rekeyFiles(objects: Objects, tell: (pieces: number) => void = () => {}): Promise<RekeyReport> {
  const wanted = objects.keys.sealing ?? ''
  const report: RekeyReport = { written: 0, faults: [] }
  for (let after = ''; ; ) {
    const pieces = await listPieces(objects.db, after, page)
    for (const piece of pieces.filter(({ sealedBy }) => sealedBy !== wanted)) {
      const plain = await verifyPiece(objects, piece).catch(error => toFault(piece, error))
      if (typeof plain === 'string') {
        if (await isNamed(objects.db, piece.key)) report.faults.push(plain)
      } else if (await rewrite(objects, piece, plain)) report.written += 1
    }
    tell(report.written)
    if (pieces.length < page) return report
    after = pieces.at(-1)!.key
  }
}

async function rewrite(objects: Objects, piece: Piece, plain: Buffer): Promise<boolean> {
  const fresh = await putPiece(objects, piece.body, piece.start, plain)
  return replacePiece(objects.db, piece, fresh)
}

function toFault({ key }: Piece, error: Error): string {
  if (error instanceof Refusal) throw error
  return `${key}: ${error.message}`
}
