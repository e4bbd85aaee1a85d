import { createHash, randomBytes } from 'node:crypto'
import type { Db } from '../store/db.ts'
import { announceObject, type Piece, readPieces } from '../store/file-piece.ts'
import type { Keyring } from './keys.ts'
import type { Mill } from './mill.ts'
import { seal, unseal } from './seal.ts'
import type { FileStore } from './store.ts'

/** Bytes in the file store, with the rows that name them. */
export type Objects = { db: Db; store: FileStore; keys: Keyring; mill?: Pick<Mill, 'open'> }

export const maxPieceBytes = 4 * 1024 * 1024

/** Puts the bytes of a piece; it counts only once its row is written (appendPiece, setPreview, replacePiece). */
export async function putPiece(
  { db, store, keys }: Objects,
  body: string,
  start: number,
  plain: Buffer,
): Promise<Piece> {
  const chance = newChance()
  const { bytes, sealedBy } = seal(keys, chance, plain)
  const key = keyOf(sha256(bytes), chance)
  await announceObject(db, key)
  await store.put(key, bytes)
  return { body, start, size: plain.length, key, sealedBy }
}

/** A piece of an upload, as files/buffers lends one: its first `length` bytes. */
type Filled = { upload: string; body: string; start: number; buffer: ArrayBuffer; length: number }

/** The same of an upload: hashed and sealed by the mill, where the bytes are. Answers with the buffer too, which may be used again. */
export async function putFilled({ db, store, mill }: Pick<Objects, 'db' | 'store'> & { mill: Mill }, filled: Filled) {
  const { upload, body, start, length } = filled
  const chance = newChance()
  const {
    buffer,
    hash,
    sealedBy,
    stream,
    length: whole,
  } = await mill.grind(filled.buffer, length, chance, upload, start)
  const key = keyOf(hash, chance)
  await announceObject(db, key)
  await store.put(key, Buffer.from(buffer, 0, whole))
  const piece: Piece = { body, start, size: length, key, sealedBy }
  return { piece, buffer, stream }
}

/** Chance behind the hash: a key is never used twice, so that the removal of one object cannot strike another. */
function newChance(): string {
  return randomBytes(8).toString('hex')
}

function keyOf(hash: string, chance: string): string {
  return `${hash}-${chance}`
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** What the key says that the object's bytes are, as they stand in the store. */
function hashOfKey(key: string): string {
  return key.slice(0, 64)
}

/** What an object is sealed for: the rest of its key, since the hash is known only afterwards. */
function nameOfKey(key: string): string {
  return key.slice(65)
}

export function readPiece(
  { store, keys, mill }: Objects,
  piece: Piece,
  first = 0,
  last = piece.size - 1,
): AsyncGenerator<Buffer> {
  const read = (range: { first: number; last: number }) => store.get(piece.key, range)
  return unseal(keys, { ...piece, name: nameOfKey(piece.key) }, { first, last }, read, mill?.open)
}

/** The object of a piece is not what its key says, or holds other than the piece. */
class ChangedObject extends Error {}

/** The bytes of a piece, once its object was compared with the hash in its key, opened, and measured. Throws MissingObject too. */
export async function verifyPiece(objects: Objects, piece: Piece): Promise<Buffer> {
  const object = await gather(await objects.store.get(piece.key))
  if (sha256(object) !== hashOfKey(piece.key)) throw new ChangedObject(`object ${piece.key} is not what was put there`)
  const read = async (range: { first: number; last: number }) => cutOf(object, range)
  const sealed = { ...piece, name: nameOfKey(piece.key) }
  const plain = await gather(unseal(objects.keys, sealed, { first: 0, last: piece.size - 1 }, read))
  const isWhole = plain.length === piece.size && (piece.sealedBy !== '' || object.length === piece.size)
  if (!isWhole) throw new ChangedObject(`object ${piece.key} does not hold ${piece.size} bytes`)
  return plain
}

async function* cutOf(bytes: Buffer, { first, last }: { first: number; last: number }) {
  yield bytes.subarray(first, last + 1)
}

/** Rows of pieces that are read at a time. */
const pageBytes = 64 * maxPieceBytes

/**
 * Bytes `first` through `last` of a body, in chunks. `between` is asked before each of them, and ends the reading by throwing. Throws
 * where a piece is missing.
 */
export async function* readBody(
  objects: Objects,
  body: string,
  first: number,
  last: number,
  between: () => Promise<void> = async () => {},
): AsyncGenerator<Buffer> {
  for (let at = first; at <= last; ) {
    const pieces = await readPieces(objects.db, body, at, Math.min(last, at + pageBytes - 1))
    if (pieces[0] === undefined) throw new Error(`body ${body} has no piece at ${at}`)
    for (const piece of pieces) {
      if (piece.start > at) throw new Error(`body ${body} has no piece at ${at}`)
      const end = Math.min(last, piece.start + piece.size - 1)
      for await (const chunk of readPiece(objects, piece, at - piece.start, end - piece.start)) {
        await between()
        yield chunk
      }
      at = end + 1
    }
  }
}

export async function gather(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}
