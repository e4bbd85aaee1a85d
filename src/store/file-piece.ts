import type { Preview } from '../protocol/file.ts'
import { type Db, type Queryable, transaction } from './db.ts'

export type Piece = { body: string; start: number; size: number; key: string; sealedBy: string }

/** Where the preview of a body stands among its pieces. */
export const previewStart = -1
const columns = 'body, start, size, key, sealed_by AS "sealedBy"'

const atOnce = 64

/** Those that hold bytes from `first` through `last`, in order; the first ones where they are many. */
export async function readPieces(q: Queryable, body: string, first: number, last: number): Promise<Piece[]> {
  const { rows } = await q.query<Piece>({
    name: 'file-pieces',
    text: `SELECT ${columns} FROM file_piece WHERE body = $1 AND start + size > $2 AND start <= $3
              AND start >= (SELECT max(start) FROM file_piece WHERE body = $1 AND start BETWEEN 0 AND $2)
            ORDER BY start LIMIT ${atOnce}`,
    values: [body, first, last],
  })
  return rows
}

export async function readPreviewPiece(q: Queryable, body: string): Promise<Piece | undefined> {
  const { rows } = await q.query<Piece>(
    `SELECT ${columns} FROM file_piece WHERE body = $1 AND start = ${previewStart}`,
    [body],
  )
  return rows[0]
}

/** How long an object may take to be put before it counts as left behind. */
const putMinutes = 60

/**
 * Before an object is put: should nobody come to name it, it is garbage. Not flushed by itself: the store writes in order, so that the
 * line is on disk when the piece's is; what a crash of the store loses is a stray, which `pchat file collect` finds.
 */
export async function announceObject(q: Queryable, key: string): Promise<void> {
  await q.query(
    `WITH hasty AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
     INSERT INTO file_garbage (key, due_at) SELECT $1, clock_timestamp() + interval '${putMinutes} minutes' FROM hasty`,
    [key],
  )
}

/** What was begun does not count: the transaction is rolled back. */
const late = new Error('too late')
const orNull = (error: unknown) => {
  if (error === late) return null
  throw error
}

/**
 * A piece of an upload counts from here on; answers how many bytes the body has now. Null where it does not: somebody else has
 * written there meanwhile, the upload is over, or the object came too late. Then it stays garbage.
 */
export async function appendPiece(db: Queryable, file: string, piece: Piece, minutes: number): Promise<number | null> {
  // One statement, since each piece of each upload waits for it: what it depends on is locked first, in the order of all others.
  const { rows } = await db.query<{ received: number }>({
    name: 'append-piece',
    text: `WITH alive AS MATERIALIZED (
        SELECT id, size FROM file WHERE id = $1 AND body = $2 AND state = 'uploading' AND expires_at > clock_timestamp() FOR NO KEY UPDATE),
      place AS MATERIALIZED (
        SELECT b.id FROM file_body b, alive WHERE b.id = $2 AND b.received = $3 AND b.sha256 IS NULL AND b.received + $4 <= alive.size
           FOR NO KEY UPDATE OF b),
      object AS MATERIALIZED (SELECT key FROM file_garbage, place WHERE key = $5 AND NOT taken FOR UPDATE OF file_garbage),
      grown AS (
        UPDATE file_body b SET received = received + $4, pieces = pieces + 1 FROM object WHERE b.id = $2 RETURNING b.received),
      named AS (INSERT INTO file_piece (body, start, size, key, sealed_by) SELECT $2, $3, $4, $5, $6 FROM object),
      freed AS (DELETE FROM file_garbage g USING object WHERE g.key = object.key),
      renewed AS (
        UPDATE file f SET expires_at = clock_timestamp() + make_interval(mins => $7) FROM object WHERE f.id = $1)
      SELECT received FROM grown`,
    values: [...[file, piece.body, piece.start, piece.size, piece.key, piece.sealedBy], minutes],
  })
  return rows[0]?.received ?? null
}

/** The object is no garbage any more, unless the collector has it already. */
async function namePiece(tx: Queryable, piece: Piece): Promise<void> {
  await takeFromGarbage(tx, piece.key)
  await tx.query('INSERT INTO file_piece (body, start, size, key, sealed_by) VALUES ($1, $2, $3, $4, $5)', [
    ...[piece.body, piece.start, piece.size, piece.key, piece.sealedBy],
  ])
}

async function takeFromGarbage(tx: Queryable, key: string): Promise<void> {
  const { rowCount } = await tx.query('DELETE FROM file_garbage WHERE key = $1 AND NOT taken', [key])
  if (!rowCount) throw late
}

/** The preview of a body that has none yet. */
export async function setPreview(db: Db, piece: Piece, preview: Preview): Promise<void> {
  await transaction(db, async tx => {
    const { rowCount } = await tx.query('UPDATE file_body SET preview = $2 WHERE id = $1 AND preview IS NULL', [
      ...[piece.body, JSON.stringify(preview)],
    ])
    if (!rowCount) throw late
    await namePiece(tx, piece)
  }).catch(orNull)
}

/** How long a download that began before may go on with the objects that it knows. */
const readMinutes = 60

/**
 * The same bytes under another key of the store, sealed anew; the old object goes later, since it is being read. False where the
 * piece has gone or changed meanwhile.
 */
export async function replacePiece(db: Db, old: Piece, fresh: Piece): Promise<boolean> {
  const done = await transaction(db, async tx => {
    const { rowCount } = await tx.query('UPDATE file_piece SET key = $2, sealed_by = $3 WHERE key = $1', [
      ...[old.key, fresh.key, fresh.sealedBy],
    ])
    if (!rowCount) throw late
    await takeFromGarbage(tx, fresh.key)
    await tx.query(
      `INSERT INTO file_garbage (key, due_at) VALUES ($1, clock_timestamp() + interval '${readMinutes} minutes')`,
      [old.key],
    )
    return true
  }).catch(orNull)
  return done ?? false
}

/** All pieces, by key, page by page. */
export async function listPieces(q: Queryable, after: string, limit: number): Promise<Piece[]> {
  const { rows } = await q.query<Piece>(`SELECT ${columns} FROM file_piece WHERE key > $1 ORDER BY key LIMIT $2`, [
    ...[after, limit],
  ])
  return rows
}

/** Whether a piece names it still: one that went meanwhile is missed by nobody. */
export async function isNamed(q: Queryable, key: string): Promise<boolean> {
  const { rowCount } = await q.query('SELECT FROM file_piece WHERE key = $1', [key])
  return rowCount === 1
}

/** Of these keys, those that a piece names or that are known as garbage. */
export async function knownKeys(q: Queryable, keys: string[]): Promise<Set<string>> {
  const { rows } = await q.query<{ key: string }>(
    'SELECT key FROM file_piece WHERE key = ANY ($1) UNION ALL SELECT key FROM file_garbage WHERE key = ANY ($1)',
    [keys],
  )
  return new Set(rows.map(row => row.key))
}
