import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { DataStore, ERRORS, Upload } from '@tus/server'
import { uploadMinutes } from '../chat/file.ts'
import { Refusal } from '../protocol/error.ts'
import { findFile } from '../store/file.ts'
import { appendPiece } from '../store/file-piece.ts'
import { removeFile } from '../store/file-upkeep.ts'
import type { Files } from './files.ts'
import { maxPieceBytes, putPiece } from './objects.ts'

/** What all uploads of a process may hold in memory; when many come at once, their pieces are smaller. */
const bufferedBytes = 64 * 1024 * 1024
const minPieceBytes = 64 * 1024
/** How many pieces of an upload may be smaller: each request ends with one, as it does where a connection is cut. */
const maxSmallPieces = 1_000

/** The other side of @tus/server: uploads are rows, bytes are pieces. Who asks was checked before (files/http). */
export class PieceStore extends DataStore {
  readonly #files: Files
  #writers = 0

  constructor(files: Files) {
    super()
    this.#files = files
    this.extensions = ['termination']
  }

  override async getUpload(id: string): Promise<Upload> {
    const file = await findFile(this.#files.db, id)
    if (!file || file.state === 'removed') throw ERRORS.FILE_NOT_FOUND
    return new Upload({ id, size: file.size, offset: file.received, creation_date: new Date().toISOString() })
  }

  override async remove(id: string): Promise<void> {
    if (!(await removeFile(this.#files.db, id, 'abandoned'))) throw ERRORS.INVALID_TERMINATION
  }

  /** Answers the offset up to which all is on disk. What came before a connection was cut counts. */
  override async write(stream: Readable, id: string, offset: number): Promise<number> {
    const file = await findFile(this.#files.db, id)
    if (!file?.body || file.state !== 'uploading') throw ERRORS.FILE_NO_LONGER_EXISTS
    if (file.pieces >= Math.floor(file.size / minPieceBytes) + maxSmallPieces) throw tooManyPieces()
    const writer = this.#openWriter(id, file.body, offset)
    this.#writers += 1
    try {
      await pour(stream, writer)
      return writer.at()
    } finally {
      this.#writers -= 1
    }
  }

  #pieceBytes(): number {
    return Math.min(maxPieceBytes, Math.max(minPieceBytes, Math.floor(bufferedBytes / Math.max(1, this.#writers))))
  }

  #openWriter(id: string, body: string, offset: number): Writer {
    const { db, hashes } = this.#files
    let at = offset
    let parts: Buffer[] = []
    let length = 0
    return {
      at: () => at,
      isFull: () => length >= this.#pieceBytes(),
      add(chunk) {
        parts.push(chunk)
        length += chunk.length
      },
      flush: async () => {
        if (length === 0) return
        const bytes = Buffer.concat(parts)
        parts = []
        length = 0
        const piece = await putPiece(this.#files, body, at, bytes)
        const received = await appendPiece(db, id, piece, uploadMinutes)
        if (received === null) throw ERRORS.INVALID_OFFSET
        keepHash(hashes, id, at, bytes)
        at = received
      },
    }
  }
}

function tooManyPieces(): Refusal {
  return new Refusal(
    'too_large',
    'This upload came in too many small pieces. Announce the file again, and send more of it in each request.',
  )
}

type Writer = { at(): number; isFull(): boolean; add(chunk: Buffer): void; flush(): Promise<void> }

async function pour(stream: Readable, writer: Writer): Promise<void> {
  const chunks = stream[Symbol.asyncIterator]()
  for (;;) {
    const next = await chunks.next().catch(async error => {
      await writer.flush()
      throw error
    })
    if (next.done) return writer.flush()
    writer.add(next.value)
    if (writer.isFull()) await writer.flush()
  }
}

/** How many uploads may be remembered that never came to an end. */
const maxHashes = 10_000

function keepHash(hashes: Files['hashes'], id: string, at: number, bytes: Buffer): void {
  const known = hashes.get(id)
  if (at !== (known?.at ?? 0)) return void hashes.delete(id)
  if (!known && hashes.size >= maxHashes) hashes.delete(hashes.keys().next().value!)
  const hash = known?.hash ?? createHash('sha256')
  hashes.set(id, { at: at + bytes.length, hash: hash.update(bytes) })
}
