import type { Queryable } from './db.ts'

/** Who holds one has to say so again within this time. */
export const leaseMs = 5_000
/** Not worth a flush of the disk, nor a wait for a stand-by: a lease that a crash forgets has no holder any more. */
const hasty = "hasty AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))"
const until = `clock_timestamp() + interval '${leaseMs} milliseconds'`

/** Takes the upload for one request, or asks whoever has it to let go. */
export async function takeLease(q: Queryable, file: string, holder: string): Promise<boolean> {
  const { rowCount } = await q.query(
    `WITH ${hasty} UPDATE file SET lease = $2, lease_until = ${until}, lease_wanted = false FROM hasty
      WHERE id = $1 AND (lease IS NULL OR lease = $2 OR lease_until < clock_timestamp())`,
    [file, holder],
  )
  if (rowCount) return true
  await q.query('UPDATE file SET lease_wanted = true WHERE id = $1 AND NOT lease_wanted', [file])
  return false
}

/** `lost`: another has it. `wanted`: another waits for it. */
export async function keepLease(q: Queryable, file: string, holder: string): Promise<'kept' | 'wanted' | 'lost'> {
  const { rows } = await q.query<{ wanted: boolean }>(
    `WITH ${hasty} UPDATE file SET lease_until = ${until} FROM hasty WHERE id = $1 AND lease = $2 RETURNING lease_wanted AS wanted`,
    [file, holder],
  )
  if (!rows[0]) return 'lost'
  return rows[0].wanted ? 'wanted' : 'kept'
}

export async function endLease(q: Queryable, file: string, holder: string): Promise<void> {
  await q.query('UPDATE file SET lease = NULL, lease_until = NULL, lease_wanted = false WHERE id = $1 AND lease = $2', [
    file,
    holder,
  ])
}
