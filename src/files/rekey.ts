import { listPieces, replacePiece } from '../store/file-piece.ts'
import { gather, type Objects, putPiece, readPiece } from './objects.ts'

const page = 500

/**
 * Writes anew what another key than the first one sealed, or none. Can be ended and begun again, while servers run that know both
 * keys. Answers how many pieces were written.
 */
export async function rekeyFiles(objects: Objects, tell: (pieces: number) => void = () => {}): Promise<number> {
  const wanted = objects.keys.sealing ?? ''
  let written = 0
  for (let after = ''; ; ) {
    const pieces = await listPieces(objects.db, after, page)
    for (const piece of pieces.filter(({ sealedBy }) => sealedBy !== wanted)) {
      const plain = await gather(readPiece(objects, piece))
      const fresh = await putPiece(objects, piece.body, piece.start, plain)
      if (await replacePiece(objects.db, piece, fresh)) written += 1
    }
    tell(written)
    if (pieces.length < page) return written
    after = pieces.at(-1)!.key
  }
}
