import type { FileRef, FileState, Preview } from '../protocol/file.ts'
import type { Principal } from '../protocol/principal.ts'
import { type Connection, type Db, isUniqueViolation, type Queryable, transaction } from './db.ts'
import { holdDenials } from './denial.ts'

/** A file with what is known of its body. Instants as the store has them; `sha256` in hexadecimal. */
export type FileRow = {
  id: string
  room: string
  author: string
  name: string
  size: number
  state: FileState
  body: string | null
  clientId: string | null
  /** Hash of the post that brings it, in hexadecimal. */
  content: string | null
  seq: number | null
  postedAt: Date | null
  expiresAt: Date
  held: boolean
  received: number
  pieces: number
  type: string | null
  sha256: string | null
  finding: string | null
  preview: Preview | null
}

/** Of FileRow, over `file f LEFT JOIN file_body b ON b.id = f.body`. */
const columns = `f.id, f.room, f.author, f.name, f.size, f.state, f.body, f.client_id AS "clientId",
  encode(f.content, 'hex') AS content, f.seq, f.posted_at AS "postedAt", f.expires_at AS "expiresAt",
  f.held, coalesce(b.received, f.size) AS received,
  coalesce(b.pieces, 0) AS pieces, b.type, encode(b.sha256, 'hex') AS sha256, b.finding, b.preview`

export async function findFile(q: Queryable, id: string): Promise<FileRow | undefined> {
  const { rows } = await q.query<FileRow>({
    name: 'file',
    text: `SELECT ${columns} FROM file f LEFT JOIN file_body b ON b.id = f.body WHERE f.id = $1`,
    values: [id],
  })
  return rows[0]
}

export type FileDraft = { room: string; author: string; name: string; size: number }
export type Quotas = { roomBytes: number; userBytes: number }

/** What a quota counts: all that is not removed, and what is announced. */
const usedSql = 'SELECT coalesce(sum(size), 0)::bigint AS bytes, count(*)::int AS files FROM file'

export type Usage = { files: number; bytes: number }
export async function readRoomUsage(q: Queryable, room: string): Promise<Usage> {
  const { rows } = await q.query<Usage>(`${usedSql} WHERE room = $1 AND state <> 'removed'`, [room])
  return rows[0]!
}

/**
 * Announces a file, or says whose quota it would exceed. Two of one room, or of one user, come one after the other. Good for
 * `minutes` until the first piece.
 */
export function insertFile(
  db: Db,
  { room, author, name, size }: FileDraft,
  quotas: Quotas,
  minutes: number,
): Promise<{ id: string } | { over: 'room' | 'user' }> {
  return transaction(db, async tx => {
    // In one order, and of another kind than what posts lock.
    const keys = [...(quotas.roomBytes ? [room] : []), ...(quotas.userBytes ? [author] : [])].sort()
    for (const key of keys) await tx.query('SELECT pg_advisory_xact_lock(6, hashtext($1))', [key])
    if (quotas.roomBytes && (await readRoomUsage(tx, room)).bytes + size > quotas.roomBytes) return { over: 'room' }
    if (quotas.userBytes) {
      const { rows } = await tx.query<Usage>(`${usedSql} WHERE author = $1 AND state <> 'removed'`, [author])
      if (rows[0]!.bytes + size > quotas.userBytes) return { over: 'user' }
    }
    const { rows } = await tx.query<{ id: string }>(
      `WITH b AS (INSERT INTO file_body DEFAULT VALUES RETURNING id)
       INSERT INTO file (room, author, name, size, body, expires_at)
       SELECT $1, $2, $3, $4, b.id, clock_timestamp() + make_interval(mins => $5) FROM b RETURNING id`,
      [room, author, name, size, minutes],
    )
    return { id: rows[0]!.id }
  })
}

/** Files of which all bytes are there, and which nobody is at work on: a server was killed, or the scanner was away. */
export async function unfinishedFiles(q: Queryable, limit: number): Promise<FileRow[]> {
  const { rows } = await q.query<FileRow>(
    `SELECT ${columns} FROM file f JOIN file_body b ON b.id = f.body
      WHERE f.state IN ('uploading', 'scanning') AND b.received = f.size
        AND (f.lease_until IS NULL OR f.lease_until < clock_timestamp())
        AND (f.next_try_at IS NULL OR f.next_try_at < clock_timestamp())
      ORDER BY coalesce(f.next_try_at, f.created_at) LIMIT $1`,
    [limit],
  )
  return rows
}

/**
 * It could not be finished now: tried again after 2 seconds, then less and less often, behind those that waited longer. Its time is
 * not over meanwhile, for a week at most.
 */
export async function postponeFile(q: Queryable, id: string): Promise<void> {
  await q.query(
    `UPDATE file SET tries = tries + 1, next_try_at = clock_timestamp() + least(2 ^ least(tries + 1, 9), 300) * interval '1 second',
            expires_at = CASE WHEN created_at < clock_timestamp() - interval '7 days' THEN expires_at
                         ELSE greatest(expires_at, clock_timestamp() + interval '1 day') END
      WHERE id = $1 AND state IN ('uploading', 'scanning')`,
    [id],
  )
}

/** Gives the body its hash and type, or the file the body that has that hash already. Answers the body that it is now. */
export async function settleBody(db: Db, file: FileRow, sha256: string, type: string): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction(db, tx => joinBody(tx, file, sha256, type))
    } catch (error) {
      // Another file with the same bytes was quicker, or the body was just taken away.
      const { code } = error as { code?: string }
      if (attempt === 5 || !(isUniqueViolation(error) || code === '23503')) throw error
    }
  }
}

async function joinBody(tx: Connection, file: FileRow, sha256: string, type: string): Promise<string> {
  // Pieces may go: before any row of files, as whatever destroys has it, or two and an officer would wait in a circle.
  await holdDenials(tx)
  const { rows } = await tx.query<{ id: string }>(
    "SELECT id FROM file_body WHERE sha256 = decode($1, 'hex') FOR NO KEY UPDATE",
    [sha256],
  )
  const known = rows[0]?.id ?? file.body!
  // What was found in these bytes before holds, also where no file has had them since.
  if (known === file.body)
    await tx.query(
      `UPDATE file_body SET sha256 = decode($2, 'hex'), type = $3,
              finding = coalesce(finding, (SELECT finding FROM file_verdict WHERE sha256 = decode($2, 'hex'))) WHERE id = $1`,
      [known, sha256, type],
    )
  await tx.query("UPDATE file SET body = $2, state = 'scanning' WHERE id = $1 AND state IN ('uploading', 'scanning')", [
    file.id,
    known,
  ])
  if (known !== file.body) await dropBody(tx, file.body!)
  return known
}

/** Takes a body and its pieces away where no file has it; their objects go later. */
export async function dropBody(tx: Connection, body: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    'SELECT FROM file_body b WHERE b.id = $1 AND NOT EXISTS (SELECT FROM file f WHERE f.body = b.id) FOR UPDATE',
    [body],
  )
  if (!rowCount) return false
  await tx.query(
    `WITH gone AS (DELETE FROM file_piece WHERE body = $1 RETURNING key)
     INSERT INTO file_garbage (key, due_at) SELECT key, clock_timestamp() FROM gone`,
    [body],
  )
  // What a server of the version before has found stands in the body alone.
  await tx.query(
    `WITH gone AS (DELETE FROM file_body WHERE id = $1 RETURNING sha256, finding)
     INSERT INTO file_verdict (sha256, finding) SELECT sha256, finding FROM gone WHERE finding <> '' AND sha256 IS NOT NULL
     ON CONFLICT (sha256) DO NOTHING`,
    [body],
  )
  return true
}

/**
 * What the scanner says of a body holds for every file that has it. `finding` empty: nothing found; null: was not asked, and what
 * was said before, or meanwhile, stands. What was found is kept beyond the body.
 */
export async function setScanned(q: Queryable, body: string, finding: string | null): Promise<void> {
  await q.query(
    `WITH told AS (UPDATE file_body SET finding = coalesce($2, finding) WHERE id = $1 RETURNING sha256, finding),
     kept AS (INSERT INTO file_verdict (sha256, finding) SELECT sha256, finding FROM told WHERE finding <> '' AND sha256 IS NOT NULL
              ON CONFLICT (sha256) DO UPDATE SET finding = excluded.finding, at = clock_timestamp()),
     unsaid AS (DELETE FROM file_verdict v USING told WHERE v.sha256 = told.sha256 AND told.finding = '')
     UPDATE file SET state = CASE WHEN coalesce(told.finding, '') = '' THEN 'ready' ELSE 'flagged' END,
            expires_at = greatest(expires_at, clock_timestamp() + interval '1 day')
       FROM told WHERE body = $1 AND state IN ('scanning', 'ready', 'flagged')`,
    [body, finding],
  )
}

/** What becomes a message: the client id and the hash of what is posted, as store/post has them. */
export type Claim = { clientId: string; content: string }

/**
 * Claims a finished file for one post, or renews the claim of the same one; false where another post has it, or its time is over. It
 * is good for a day: whoever collects looks at the time again under the row's lock.
 */
export async function claimFile(q: Queryable, id: string, { clientId, content }: Claim): Promise<boolean> {
  const { rowCount } = await q.query(
    `UPDATE file SET client_id = $2, content = decode($3, 'hex'), expires_at = greatest(expires_at, clock_timestamp() + interval '1 day')
      WHERE id = $1 AND state = 'ready' AND CASE WHEN client_id IS NULL THEN expires_at > clock_timestamp()
            ELSE client_id = $2 AND content = decode($3, 'hex') END`,
    [id, clientId, content],
  )
  return rowCount === 1
}

/** The post of `file f`, which a repeat knows: by what was posted, not by the client id alone, which may stand for something else. */
export const postSql = 'r.room = f.room AND r.author = f.author AND r.client_id = f.client_id AND r.content = f.content'

/** The client id stands for other content: the file may be posted under another one. */
export async function unclaimFile(q: Queryable, id: string, { clientId, content }: Claim): Promise<void> {
  await q.query(
    `UPDATE file f SET client_id = NULL, content = NULL WHERE id = $1 AND client_id = $2 AND content = decode($3, 'hex')
        AND seq IS NULL AND NOT EXISTS (SELECT FROM repeat r WHERE ${postSql})`,
    [id, clientId, content],
  )
}

/**
 * Notes where the message stands that brings the file, found by the client id: whoever was killed before it needs not come back.
 * Of one file, of a room, or of all that wait for it; only those, since most have it at once.
 */
export async function noteFileSeq(q: Queryable, id?: string, room?: string): Promise<void> {
  await q.query(
    `UPDATE file f SET seq = r.seq, posted_at = r.at FROM repeat r
      WHERE f.seq IS NULL AND f.client_id IS NOT NULL AND f.state <> 'removed' AND ${postSql}
        AND ($1::uuid IS NULL OR f.id = $1) AND ($2::uuid IS NULL OR f.room = $2)`,
    [id ?? null, room ?? null],
  )
}

/** For how long a file of a category without history can be fetched after its post. */
const passingDays = 1
/**
 * Whether the message stands that brings `file f`: not cleared, not removed, not replaced; where no history is kept, for a day unless
 * it was withdrawn. Over `room r JOIN room_head h` and `LEFT JOIN message m` at the file's seq.
 */
export const standsSql = `(r.deleted_at IS NULL AND f.seq >= h.first_seq AND CASE
  WHEN m.seq IS NULL THEN f.unreferenced_at IS NULL AND f.posted_at > clock_timestamp() - interval '${passingDays} day'
  ELSE m.file ->> 'id' = f.id::text END)`
/** And is not hidden: history that was kept comes back where it is switched on again, so the collector does not ask this. */
const shownSql = `(${standsSql} AND (m.seq IS NULL OR c.chat_history))`
const shownTables = `file f LEFT JOIN file_body b ON b.id = f.body JOIN room r ON r.id = f.room
  JOIN room_head h ON h.room = f.room LEFT JOIN category c ON c.id = h.category LEFT JOIN message m ON m.room = f.room AND m.seq = f.seq`

export async function readStanding(q: Queryable, id: string): Promise<'unposted' | 'stands' | 'gone'> {
  const { rows } = await q.query<{ standing: 'unposted' | 'stands' | 'gone' }>({
    name: 'file-standing',
    text: `SELECT CASE WHEN f.seq IS NULL THEN 'unposted' WHEN ${shownSql} THEN 'stands' ELSE 'gone' END AS standing
             FROM ${shownTables} WHERE f.id = $1`,
    values: [id],
  })
  return rows[0]?.standing ?? 'gone'
}

export type FileFilter = {
  text: string | undefined
  type: string | undefined
  authors: string[] | undefined
  limit: number
  after: number | undefined
}
export type ListedRow = FileRef & { seq: number; at: Date; author: Principal }

/** Files of a room that a message brings, newest first, below `after`. */
export async function listFiles(q: Queryable, room: string, filter: FileFilter): Promise<ListedRow[]> {
  const { rows } = await q.query<ListedRow>(
    `SELECT f.id, f.name, f.size, b.type, b.preview, f.seq, f.posted_at AS at,
            json_build_object('id', a.id, 'kind', a.kind, 'name', a.name, 'displayName', a.display_name) AS author
       FROM ${shownTables} JOIN principal a ON a.id = f.author
      WHERE f.room = $1 AND f.state = 'ready' AND f.seq < $2 AND ${shownSql}
        AND ($3::text IS NULL OR position(lower($3) IN lower(f.name)) > 0)
        AND ($4::text IS NULL OR starts_with(b.type, $4)) AND ($5::uuid[] IS NULL OR f.author = ANY ($5))
      ORDER BY f.seq DESC LIMIT $6`,
    [
      ...[room, filter.after ?? Number.MAX_SAFE_INTEGER, filter.text || null, filter.type ?? null],
      ...[filter.authors ?? null, filter.limit],
    ],
  )
  return rows
}

export type StoredFile = {
  id: string
  room: string
  roomName: string | null
  author: string
  name: string
  size: number
  type: string | null
  state: FileState
  finding: string | null
  held: boolean
  createdAt: Date
}

/** All files of the pool, newest first, for the operator. */
export async function listStoredFiles(
  q: Queryable,
  filter: {
    room?: string | undefined
    author?: string | undefined
    state?: string | undefined
    text?: string | undefined
    limit: number
  },
): Promise<StoredFile[]> {
  const { rows } = await q.query<StoredFile>(
    `SELECT f.id, f.room, r.name AS "roomName", a.name AS author, f.name, f.size, b.type, f.state, b.finding, f.held, f.created_at AS "createdAt"
       FROM file f LEFT JOIN file_body b ON b.id = f.body LEFT JOIN room r ON r.id = f.room JOIN principal a ON a.id = f.author
      WHERE ($1::text IS NULL OR f.room::text = $1 OR lower(r.name) = lower($1)) AND ($2::text IS NULL OR lower(a.name) = lower($2))
        AND ($3::text IS NULL OR f.state = $3) AND ($4::text IS NULL OR position(lower($4) IN lower(f.name)) > 0)
      ORDER BY f.created_at DESC, f.id LIMIT $5`,
    [filter.room ?? null, filter.author ?? null, filter.state ?? null, filter.text ?? null, filter.limit],
  )
  return rows
}
