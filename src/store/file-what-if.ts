import type { Queryable } from './db.ts'
import { deniedFileSql } from './denial.ts'
import { postSql, standsSql } from './file.ts'

export type Collectable = {
  files: number
  /** Stay, since a compliance officer denied their deletion. */
  denied: number
  objects: number
}

/**
 * What the collector would remove at this moment: files for whose removal there is a reason (store/file-upkeep), and the objects that
 * nothing names then, or already. Reads only.
 */
export async function readCollectable(q: Queryable, graceDays: number): Promise<Collectable> {
  const { rows } = await q.query<Collectable>(
    `WITH due AS MATERIALIZED (
       SELECT f.id, f.body, ${deniedFileSql} AS denied FROM file f LEFT JOIN room r ON r.id = f.room LEFT JOIN room_head h ON h.room = f.room
         LEFT JOIN message m ON m.room = f.room AND m.seq = f.seq
        WHERE f.state <> 'removed' AND NOT f.held AND f.body IS NOT NULL AND CASE
          WHEN f.seq IS NULL THEN f.expires_at < clock_timestamp() AND NOT EXISTS (SELECT FROM repeat r WHERE ${postSql})
          ELSE NOT coalesce(${standsSql}, false)
               AND ($1 = 0 OR f.unreferenced_at < clock_timestamp() - make_interval(days => $1)) END),
     going AS MATERIALIZED (SELECT id, body FROM due WHERE NOT denied),
     bodies AS (
       SELECT body FROM going EXCEPT SELECT f.body FROM file f WHERE NOT EXISTS (SELECT FROM going g WHERE g.id = f.id))
     SELECT (SELECT count(*)::int FROM going) AS files, (SELECT count(*)::int FROM due WHERE denied) AS denied,
            (SELECT count(*)::int FROM file_piece WHERE body IN (SELECT body FROM bodies))
            + (SELECT count(*)::int FROM file_garbage WHERE due_at < clock_timestamp()) AS objects`,
    [graceDays],
  )
  return rows[0]!
}

/** Pieces that another key than this one sealed, or none, and their bytes. */
export async function readOtherwiseSealed(q: Queryable, key: string): Promise<{ pieces: number; bytes: number }> {
  const { rows } = await q.query<{ pieces: number; bytes: number }>(
    'SELECT count(*)::int AS pieces, coalesce(sum(size), 0)::bigint AS bytes FROM file_piece WHERE sealed_by <> $1',
    [key],
  )
  return rows[0]!
}

/** Some of the pieces that the pool has, by chance: keys begin with a hash. */
export async function somePieceKeys(q: Queryable, limit: number): Promise<string[]> {
  const { rows } = await q.query<{ key: string }>('SELECT key FROM file_piece ORDER BY key LIMIT $1', [limit])
  return rows.map(row => row.key)
}
