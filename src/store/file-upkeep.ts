import { type Db, type Queryable, transaction } from './db.ts'
import { denialOfFileSql, deniedFileSql, holdDenials } from './denial.ts'
import { dropBody, noteFileSeq, standsSql } from './file.ts'

/** Files that were never posted and whose time is over. Not those under a legal hold, nor those whose deletion is denied. */
export async function expiredFiles(q: Queryable, limit: number): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `SELECT f.id FROM file f WHERE f.seq IS NULL AND f.state <> 'removed' AND NOT f.held AND f.expires_at < clock_timestamp()
        AND NOT ${deniedFileSql} LIMIT $1`,
    [limit],
  )
  return rows.map(row => row.id)
}

/**
 * Looks at a page of posted files, by id: notes since when no message brings one, and answers those for which that is longer ago
 * than the grace time. Not those under a legal hold, nor those whose deletion is denied. `next` is undefined behind the last page.
 */
export async function unreferencedFiles(
  q: Queryable,
  page: { after: string; limit: number; graceDays: number },
): Promise<{ ids: string[]; next: string | undefined }> {
  const { rows } = await q.query<{ id: string; over: boolean }>(
    `WITH page AS MATERIALIZED (
       SELECT f.id, coalesce(${standsSql}, false) AS stands FROM (
         SELECT * FROM file WHERE id > $1 AND seq IS NOT NULL AND state <> 'removed' ORDER BY id LIMIT $2) f
         LEFT JOIN room r ON r.id = f.room LEFT JOIN room_head h ON h.room = f.room
         LEFT JOIN message m ON m.room = f.room AND m.seq = f.seq),
     noted AS (
       UPDATE file f SET unreferenced_at = CASE WHEN p.stands THEN NULL ELSE clock_timestamp() END FROM page p
        WHERE f.id = p.id AND p.stands = (f.unreferenced_at IS NOT NULL))
     SELECT p.id, NOT p.stands AND NOT f.held AND NOT ${deniedFileSql} AND ($3 = 0 OR f.unreferenced_at < clock_timestamp() - make_interval(days => $3)) AS over
       FROM page p JOIN file f ON f.id = p.id ORDER BY p.id`,
    [page.after, page.limit, page.graceDays],
  )
  return {
    ids: rows.filter(row => row.over).map(row => row.id),
    next: rows.length === page.limit ? rows.at(-1)!.id : undefined,
  }
}

/** Why a file goes; asked again under its lock, since it may have been posted since it was found. */
const reasonSql = {
  unposted: 'f.seq IS NULL AND f.expires_at < clock_timestamp()',
  unreferenced: `f.seq IS NOT NULL AND NOT coalesce(${standsSql}, false)`,
  abandoned: 'f.seq IS NULL AND f.client_id IS NULL',
}

/**
 * The row stays for a while (dropRemoved), so that it is known what was there; the bytes go where no other file has them. False where
 * there was nothing to do.
 */
export function removeFile(db: Db, id: string, why: keyof typeof reasonSql): Promise<boolean> {
  return transaction(db, async tx => {
    await holdDenials(tx)
    await tx.query('SELECT FROM file WHERE id = $1 FOR UPDATE', [id])
    const { rows } = await tx.query<{ body: string }>(
      `SELECT f.body FROM file f LEFT JOIN room r ON r.id = f.room LEFT JOIN room_head h ON h.room = f.room
         LEFT JOIN message m ON m.room = f.room AND m.seq = f.seq
        WHERE f.id = $1 AND f.state <> 'removed' AND NOT f.held AND f.body IS NOT NULL AND NOT ${deniedFileSql}
          AND ${reasonSql[why]}`,
      [id],
    )
    if (!rows[0]) return false
    await tx.query(`UPDATE file SET state = 'removed', body = NULL, removed_at = clock_timestamp() WHERE id = $1`, [id])
    await dropBody(tx, rows[0].body)
    return true
  })
}

/**
 * For how long it is known of a removed file that it was there. A file is removed after it was posted, and repeats of a post are
 * known for 30 days and up to a week more (store/upkeep): a repeat of file.post is known as long as any other is.
 */
const removedDays = 40

/** Rows of files that went so long ago, and that no message brings. Answers how many. */
export function dropRemoved(db: Db, limit: number): Promise<number> {
  return transaction(db, tx => dropRemovedIn(tx, limit))
}

async function dropRemovedIn(q: Queryable, limit: number): Promise<number> {
  await holdDenials(q)
  // An earlier program says no time.
  await q.query("UPDATE file SET removed_at = clock_timestamp() WHERE state = 'removed' AND removed_at IS NULL")
  const { rowCount } = await q.query(
    `DELETE FROM file WHERE id IN (
       SELECT f.id FROM file f LEFT JOIN room r ON r.id = f.room LEFT JOIN room_head h ON h.room = f.room
         LEFT JOIN message m ON m.room = f.room AND m.seq = f.seq
        WHERE f.state = 'removed' AND NOT f.held AND NOT ${deniedFileSql} AND f.removed_at < clock_timestamp() - interval '${removedDays} days'
          AND NOT (f.seq IS NOT NULL AND coalesce(${standsSql}, false)) LIMIT $1)`,
    [limit],
  )
  return rowCount ?? 0
}

/** `file f` stands by a message that was not kept. */
export const passingSql = `f.state <> 'removed' AND f.unreferenced_at IS NULL
  AND NOT EXISTS (SELECT FROM message m WHERE m.room = f.room AND m.seq = f.seq)`

/**
 * Of these places in a room, those whose message was not kept and brought a file: nobody reads it from here on, and the collector
 * takes it after the grace time. Under the room's lock.
 */
export async function withdrawPassing(tx: Queryable, room: string, seqs: number[]): Promise<number[]> {
  await noteFileSeq(tx, undefined, room)
  await refuseDenied(tx, 'f.room = $1 AND f.seq = ANY ($2::bigint[])', [room, seqs])
  const { rows } = await tx.query<{ seq: number }>(
    `UPDATE file f SET unreferenced_at = clock_timestamp()
      WHERE f.room = $1 AND f.seq = ANY ($2::bigint[]) AND ${passingSql} RETURNING f.seq`,
    [room, seqs],
  )
  return rows.map(row => row.seq)
}

/** Their bytes would stay, and nobody could have them. */
async function refuseDenied(tx: Queryable, which: string, values: unknown[]): Promise<void> {
  const { rows } = await tx.query<{ denial: string }>(
    `SELECT ${denialOfFileSql} AS denial FROM file f WHERE ${which} AND ${passingSql} AND ${deniedFileSql} LIMIT 1`,
    values,
  )
  if (rows[0]) await tx.query('SELECT refuse_denied($1)', [rows[0].denial])
}

/** The same for all up to an instant, as a clear takes them. Answers how many. */
export async function withdrawPassingUntil(tx: Queryable, room: string, until: Date | string): Promise<number> {
  await noteFileSeq(tx, undefined, room)
  await refuseDenied(tx, 'f.room = $1 AND f.posted_at <= $2', [room, until])
  const { rowCount } = await tx.query(
    `UPDATE file f SET unreferenced_at = clock_timestamp()
      WHERE f.room = $1 AND f.posted_at <= $2 AND ${passingSql}`,
    [room, until],
  )
  return rowCount ?? 0
}

export async function holdFile(q: Queryable, id: string, held: boolean): Promise<boolean> {
  const { rowCount } = await q.query("UPDATE file SET held = $2 WHERE id = $1 AND state <> 'removed'", [id, held])
  return rowCount === 1
}

/** How long a removal may take before somebody tries it again. */
const takenMinutes = 10

/**
 * One object that is garbage and due is handed to `remove`, and forgotten. Its line is taken first, so that nobody comes to name it
 * from then on: a file store may be slow, and no transaction waits for it. False where nothing is due. Where `remove` fails it is
 * due again later, behind others.
 */
export async function removeGarbage(db: Db, remove: (key: string) => Promise<void>): Promise<boolean> {
  const key = await transaction(db, async tx => {
    const { rows } = await tx.query<{ key: string }>(
      `UPDATE file_garbage SET taken = true, due_at = clock_timestamp() + interval '${takenMinutes} minutes'
        WHERE key = (SELECT key FROM file_garbage WHERE due_at < clock_timestamp() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING key`,
    )
    return rows[0]?.key
  })
  if (key === undefined) return false
  await remove(key)
  await db.query('DELETE FROM file_garbage WHERE key = $1', [key])
  return true
}

/** Objects of the store that nothing knows of, as a restored database leaves them: due after a day. */
export async function noteStray(q: Queryable, keys: string[]): Promise<void> {
  await q.query(
    `INSERT INTO file_garbage (key, due_at) SELECT k, clock_timestamp() + interval '1 day' FROM unnest($1::text[]) k
     ON CONFLICT DO NOTHING`,
    [keys],
  )
}
