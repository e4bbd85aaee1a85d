import type { ScopeChange, Simulation } from '../protocol/simulation.ts'
import type { Queryable } from './db.ts'

/** How long a simulation goes on that nobody asks about, how soon one counts as dead whose process says nothing, how long it is kept. */
const abandonedSeconds = 15
const deadSeconds = 15
const keptMinutes = 15

/** Begins one; those that nobody wants any more go. */
export async function insertSimulation(q: Queryable, asker: string, category: string): Promise<string> {
  await q.query(`DELETE FROM simulation WHERE asked_at < clock_timestamp() - interval '${keptMinutes} minutes'`)
  const { rows } = await q.query<{ id: string }>(
    'INSERT INTO simulation (asker, category) VALUES ($1, $2) RETURNING id',
    [asker, category],
  )
  return rows[0]!.id
}

/** Says that it is alive and how far. False where nobody wants it any more. */
export async function beatSimulation(q: Queryable, id: string, progress: number): Promise<boolean> {
  const { rows } = await q.query<{ wanted: boolean }>(
    `UPDATE simulation SET progress = $2, beat_at = clock_timestamp() WHERE id = $1 AND state = 'running'
     RETURNING asked_at > clock_timestamp() - interval '${abandonedSeconds} seconds' AS wanted`,
    [id, progress],
  )
  return rows[0]?.wanted ?? false
}

export async function endSimulation(
  q: Queryable,
  id: string,
  end: { result: ScopeChange } | { reason: string },
): Promise<void> {
  const result = 'result' in end ? JSON.stringify(end.result) : null
  await q.query(
    `UPDATE simulation SET state = CASE WHEN $2::jsonb IS NULL THEN 'failed' ELSE 'done' END, result = $2, reason = $3,
            progress = CASE WHEN $2::jsonb IS NULL THEN progress ELSE 1 END
      WHERE id = $1 AND state = 'running'`,
    [id, result, 'reason' in end ? end.reason : null],
  )
}

/** How far it is, for who began it, who is still there then. Undefined where there is none such. */
export async function lookAtSimulation(q: Queryable, id: string, asker: string): Promise<Simulation | undefined> {
  const { rows } = await q.query<{
    id: string
    state: Simulation['state']
    progress: number
    result: ScopeChange | null
    reason: string | null
    dead: boolean
  }>(
    `UPDATE simulation SET asked_at = clock_timestamp() WHERE id = $1 AND asker = $2
     RETURNING id, state, progress, result, reason,
               state = 'running' AND beat_at < clock_timestamp() - interval '${deadSeconds} seconds' AS dead`,
    [id, asker],
  )
  const row = rows[0]
  if (!row) return undefined
  if (row.dead) return { id, state: 'failed', progress: row.progress, reason: 'Its server went away. Begin again.' }
  return {
    id,
    state: row.state,
    progress: row.progress,
    ...(row.result === null ? {} : { result: row.result }),
    ...(row.reason === null ? {} : { reason: row.reason }),
  }
}
