import { ERRORS } from '@tus/server'
import { uploadMinutes } from '../chat/file.ts'
import { appendPiece } from '../store/file-piece.ts'
import { type Lender, type Lent, minPieceBytes } from './buffers.ts'
import type { Files } from './files.ts'
import { putFilled } from './objects.ts'

/**
 * What comes slowly counts all the same: a piece that is no small one after so long, any after ten minutes. An upload is over half an
 * hour after its last piece.
 */
const pieceMs = 60_000
const smallPieceMs = 10 * 60_000

/** Puts what comes of an upload in pieces: while one is sealed, put and counted, the next one is filled. */
export type Writer = {
  /** Up to where all is on disk. */
  at(): number
  /** Throws what became of the pieces before. */
  add(chunk: Buffer): Promise<void>
  flush(): Promise<void>
  /** Gives back what is lent. */
  close(): void
}

type Course = { upload: string; body: string; offset: number; end: number }

export function openWriter(
  files: Pick<Files, 'db' | 'store' | 'keys' | 'mill'>,
  lender: Lender,
  { upload, body, offset, end }: Course,
  now: () => number = () => performance.now(),
): Writer {
  let at = offset
  /** Where what is in the buffer ends. */
  let come = offset
  let filling: { lent: Lent; length: number; since: number } | undefined
  let putting: Promise<void> | undefined
  lender.begin()

  function isDue({ lent, length, since }: NonNullable<typeof filling>): boolean {
    if (length === lent.capacity) return true
    const waited = now() - since
    return waited > (length < minPieceBytes ? smallPieceMs : pieceMs)
  }

  /** What is filled is put behind the piece before, which has to be there by then. */
  async function turn() {
    await putting
    if (!filling) return
    const { lent, length } = filling
    filling = undefined
    putting = put(lent, length)
    putting.catch(() => {})
  }

  async function put(lent: Lent, length: number) {
    let back: ArrayBuffer | undefined
    try {
      const { piece, buffer, stream } = await putFilled(files, { upload, body, start: at, buffer: lent.buffer, length })
      const received = await appendPiece(files.db, upload, piece, uploadMinutes)
      if (received === null) throw ERRORS.INVALID_OFFSET
      files.mill.count(upload, stream, received)
      back = buffer
      at = received
    } catch (error) {
      files.mill.forget(upload)
      throw error
    } finally {
      lender.give(lent, back)
    }
  }

  return {
    at: () => at,
    async add(chunk) {
      for (let rest = chunk; rest.length > 0; ) {
        filling ??= { lent: lender.take(end - come), length: 0, since: now() }
        const part = rest.subarray(0, filling.lent.capacity - filling.length)
        new Uint8Array(filling.lent.buffer).set(part, filling.length)
        filling.length += part.length
        come += part.length
        rest = rest.subarray(part.length)
        if (isDue(filling)) await turn()
      }
    },
    async flush() {
      await turn()
      await putting
    },
    close() {
      if (filling) lender.give(filling.lent, filling.lent.buffer)
      filling = undefined
      lender.end()
    },
  }
}
