import { type Db, type Queryable, transaction } from './db.ts'
import { endedCode } from './time-limit.ts'

/** What is counted once for all of the pool. */
export type PoolCounts = {
  entries: { member: number; manager: number; presenter: number }
  invitations: number
  rooms: { enabled: number; disabled: number }
  categories: number
  accounts: { enabled: number; disabled: number }
  fileBytes: number
  storeBytes: number
}
export type Counted = { counts: PoolCounts; ageSeconds: number }

const everyMs = 60_000
/** Counting takes at most one part in so many of the time, however large the pool is. */
const share = 100
const countWithinMs = 10_000

/**
 * The counts of the pool, at most a minute old, or a hundred times as old as counting took. Whoever finds them too old counts, one
 * process at a time; the others go on with the old ones. Undefined where nobody has counted yet.
 */
export async function countPool(db: Db, withinMs = countWithinMs): Promise<Counted | undefined> {
  if (await isDue(db)) await recount(db, withinMs)
  const { rows } = await db.query<Counted>(
    'SELECT counts, extract(epoch FROM clock_timestamp() - at)::float8 AS "ageSeconds" FROM pool_count WHERE counts IS NOT NULL',
  )
  return rows[0]
}

async function isDue(q: Queryable): Promise<boolean> {
  const { rowCount } = await q.query(
    'SELECT FROM pool_count WHERE tried_at > clock_timestamp() - make_interval(secs => greatest($1::float8, took_ms::float8 * $2) / 1000)',
    [everyMs, share],
  )
  return rowCount === 0
}

/** A try that took too long is noted as well, so that the next one comes as late. */
async function recount(db: Db, withinMs: number): Promise<void> {
  const beganAt = performance.now()
  const tookMs = () => Math.ceil(performance.now() - beganAt)
  try {
    await transaction(db, async tx => {
      const { rows } = await tx.query<{ mine: boolean }>('SELECT pg_try_advisory_xact_lock(11, 0) AS mine')
      // Another one may have been quicker.
      if (!rows[0]!.mine || !(await isDue(tx))) return
      await tx.query(`SET LOCAL statement_timeout = ${withinMs}; SET LOCAL jit = off`)
      const counted = await tx.query<{ counts: PoolCounts }>(countsSql)
      await note(tx, tookMs(), counted.rows[0]!.counts)
    })
  } catch (error) {
    if ((error as { code?: unknown }).code !== endedCode) throw error
    await note(db, tookMs(), null)
  }
}

/** The old counts stay where there are no new ones. */
async function note(q: Queryable, tookMs: number, counts: PoolCounts | null): Promise<void> {
  // Not worth a wait for the disk, nor for a stand-by.
  await q.query(
    `WITH hasty AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
     INSERT INTO pool_count (took_ms, at, counts)
     SELECT $1, CASE WHEN $2::jsonb IS NOT NULL THEN clock_timestamp() END, $2 FROM hasty
     ON CONFLICT (one) DO UPDATE SET tried_at = clock_timestamp(), took_ms = excluded.took_ms,
       at = coalesce(excluded.at, pool_count.at), counts = coalesce(excluded.counts, pool_count.counts)`,
    [tookMs, counts && JSON.stringify(counts)],
  )
}

/** Each table once. Entries of rooms that were deleted go with their rooms, some seconds later. */
const countsSql = `
  SELECT json_build_object(
    'entries', json_build_object('member', e.member, 'manager', e.manager, 'presenter', e.presenter),
    'invitations', e.invited,
    'rooms', json_build_object('enabled', r.enabled, 'disabled', r.disabled),
    'categories', (SELECT count(*) FROM category),
    'accounts', json_build_object('enabled', a.enabled, 'disabled', a.disabled),
    'fileBytes', (SELECT coalesce(sum(size), 0) FROM file_piece),
    'storeBytes', pg_database_size(current_database())) AS counts
    FROM (SELECT count(*) FILTER (WHERE role = 0) AS member, count(*) FILTER (WHERE role = 1) AS manager,
                 count(*) FILTER (WHERE role = 2) AS presenter, count(*) FILTER (WHERE invited) AS invited FROM room_entry) e,
         (SELECT count(*) FILTER (WHERE NOT h.disabled) AS enabled, count(*) FILTER (WHERE h.disabled) AS disabled
            FROM room r JOIN room_head h ON h.room = r.id WHERE r.deleted_at IS NULL) r,
         (SELECT count(*) FILTER (WHERE NOT disabled) AS enabled, count(*) FILTER (WHERE disabled) AS disabled
            FROM principal WHERE kind = 'user') a`
