import type { Queryable } from './db.ts'

/** No lock-out is longer (unless the setting is), so that a stranger's guesses do not shut a person out for the day. */
const maxLockSeconds = 15 * 60

type LockOut = { lockoutThreshold: number; lockoutSeconds: number }

/** Failures after one more; after a day without any the count begins anew. The table is called f. */
const next = `(CASE WHEN f.last_at < clock_timestamp() - interval '1 day' THEN 1 ELSE f.failures + 1 END)`

/** Until when `failures` lock: from the threshold on, doubling with each further one. $2 threshold, $3 and $4 seconds. */
function lockedUntil(failures: string): string {
  return `CASE WHEN ${failures} >= $2::int THEN
    clock_timestamp() + least($4::float8, $3::float8 * 2 ^ least(${failures} - $2::int, 30)) * interval '1 second' END`
}

/**
 * Counts a sign-in as failed BEFORE the password is looked at, so that a thousand guesses at once get no further than ten
 * in a row; whoever was right is forgotten with clearAttempts. Answers 0, or the milliseconds for which the name is still
 * locked: then nothing is counted. Kept by what was typed, whether or not there is such an account.
 */
export async function countAttempt(q: Queryable, key: string, limits: LockOut): Promise<number> {
  const counted = await q.query(
    `INSERT INTO sign_in_failure AS f (name_key, failures, last_at, locked_until)
     VALUES ($1, 1, clock_timestamp(), ${lockedUntil('1')})
     ON CONFLICT (name_key) DO UPDATE
        SET failures = ${next}, last_at = clock_timestamp(), locked_until = ${lockedUntil(next)}
      WHERE f.locked_until IS NULL OR f.locked_until <= clock_timestamp()`,
    [key, limits.lockoutThreshold, limits.lockoutSeconds, Math.max(maxLockSeconds, limits.lockoutSeconds)],
  )
  if (counted.rowCount === 1) return 0
  const { rows } = await q.query<{ ms: number }>(
    `SELECT extract(epoch FROM locked_until - clock_timestamp())::float8 * 1000 AS ms FROM sign_in_failure WHERE name_key = $1`,
    [key],
  )
  return Math.max(1, Math.ceil(rows[0]?.ms ?? 1))
}

export async function clearAttempts(q: Queryable, key: string): Promise<void> {
  await q.query('DELETE FROM sign_in_failure WHERE name_key = $1', [key])
}

/** Takes one back that was counted and never decided (the server was too busy). */
export async function giveBackAttempt(q: Queryable, key: string, limits: LockOut): Promise<void> {
  await q.query(
    `UPDATE sign_in_failure SET failures = greatest(failures - 1, 0),
            locked_until = CASE WHEN failures - 1 >= $2 THEN locked_until END
      WHERE name_key = $1`,
    [key, limits.lockoutThreshold],
  )
}

/** Drops what no longer counts; for a background loop. */
export async function purgeAttempts(q: Queryable): Promise<void> {
  await q.query(
    `DELETE FROM sign_in_failure WHERE last_at < now() - interval '1 day' AND (locked_until IS NULL OR locked_until < now())`,
  )
}
