import type { Queryable } from '../store/db.ts'

/** Where an adapter stands in the archive. */
export type Place = {
  doneSeq: number
  /** End of the batch that is being written, where one is. */
  throughSeq: number | null
  begunAt: Date
  doneAt: Date | null
  failures: number
  lastError: string | null
}

const columns = `done_seq AS "doneSeq", through_seq AS "throughSeq", begun_at AS "begunAt", done_at AS "doneAt", failures,
  last_error AS "lastError"`

/** A new adapter begins behind what is there already: an earlier period is produced when asked for. */
export async function readPlace(q: Queryable, name: string): Promise<Place> {
  const { rows } = await q.query<Place>(
    `INSERT INTO adapter (name, done_seq) VALUES ($1, (SELECT coalesce(max(last_seq), 0) FROM batch))
     ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING ${columns}`,
    [name],
  )
  return rows[0]!
}

/** Notes where the next batch ends; only who still moves events may. False where another has taken over. */
export async function beginBatch(q: Queryable, name: string, fence: number, through: number): Promise<boolean> {
  const { rowCount } = await q.query(
    'UPDATE adapter SET through_seq = $2 WHERE name = $1 AND EXISTS (SELECT FROM mover WHERE fence = $3)',
    [name, through, fence],
  )
  return rowCount === 1
}

export async function endBatch(q: Queryable, name: string, fence: number, through: number): Promise<boolean> {
  const { rowCount } = await q.query(
    `UPDATE adapter SET done_seq = $2, through_seq = NULL, done_at = clock_timestamp(), failures = 0, last_error = NULL
      WHERE name = $1 AND through_seq = $2 AND EXISTS (SELECT FROM mover WHERE fence = $3)`,
    [name, through, fence],
  )
  return rowCount === 1
}

/** Nothing happened in the interval: the next one begins now. */
export async function skipBatch(q: Queryable, name: string, through: number): Promise<void> {
  await q.query('UPDATE adapter SET done_at = clock_timestamp(), done_seq = greatest(done_seq, $2) WHERE name = $1', [
    name,
    through,
  ])
}

export async function noteFailure(q: Queryable, name: string, error: string): Promise<void> {
  await q.query('UPDATE adapter SET failures = failures + 1, last_error = $2 WHERE name = $1', [
    name,
    error.slice(0, 2_000),
  ])
}

export async function listPlaces(q: Queryable): Promise<(Place & { name: string })[]> {
  const { rows } = await q.query<Place & { name: string }>(`SELECT name, ${columns} FROM adapter ORDER BY name`)
  return rows
}
