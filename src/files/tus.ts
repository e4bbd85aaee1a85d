import type { Readable } from 'node:stream'
import { DataStore, ERRORS, Upload } from '@tus/server'
import { Refusal } from '../protocol/error.ts'
import { findFile } from '../store/file.ts'
import { removeFile } from '../store/file-upkeep.ts'
import { type Lender, minPieceBytes, openLender } from './buffers.ts'
import type { Files } from './files.ts'
import { openWriter, type Writer } from './writer.ts'

/** How many pieces of an upload may be smaller: each request ends with one, as it does where a connection is cut. */
const maxSmallPieces = 1_000

/** The other side of @tus/server: uploads are rows, bytes are pieces. Who asks was checked before (files/http). */
export class PieceStore extends DataStore {
  readonly #files: Files
  readonly #lender: Lender

  constructor(files: Files) {
    super()
    this.#files = files
    this.#lender = openLender(files.mill.roomFor)
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
    const writer = openWriter(this.#files, this.#lender, { upload: id, body: file.body, offset, end: file.size })
    try {
      await pour(stream, writer)
      return writer.at()
    } finally {
      writer.close()
    }
  }
}

function tooManyPieces(): Refusal {
  return new Refusal(
    'too_large',
    'This upload came in too many small pieces. Announce the file again, and send more of it in each request.',
  )
}

async function pour(stream: Readable, writer: Writer): Promise<void> {
  const chunks = stream[Symbol.asyncIterator]()
  for (;;) {
    const next = await chunks.next().catch(async error => {
      await writer.flush()
      throw error
    })
    if (next.done) return writer.flush()
    await writer.add(next.value)
  }
}
