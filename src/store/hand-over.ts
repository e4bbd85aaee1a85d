import type { Connection, Queryable } from './db.ts'

/** Sign-ins that come from another pool of the organisation, or go to one. */

/** A sign-in as another pool is told of it. */
export type SignInToGive = {
  name: string
  source: string
  byFactor: boolean
  since: Date
  expiresAt: Date | null
  /** Whether an OpenID provider vouches for it. */
  isVouched: boolean
}

/** Undefined where it has ended, or is no person's. */
export async function readSignInToGive(q: Queryable, session: string): Promise<SignInToGive | undefined> {
  const { rows } = await q.query<SignInToGive>(
    `SELECT p.name, p.source, s.by_factor AS "byFactor", s.created_at AS since, s.expires_at AS "expiresAt",
            EXISTS (SELECT FROM oidc_session o WHERE o.session = s.id) AS "isVouched"
       FROM session s JOIN principal p ON p.id = s.principal
      WHERE s.id = $1 AND s.kind = 'person' AND (s.expires_at IS NULL OR s.expires_at > now()) AND NOT p.disabled AND NOT p.bot`,
    [session],
  )
  return rows[0]
}

/** Minutes for which a ticket that was taken is known: far longer than one counts, whatever the clocks say. */
const keptMinutes = 30

/** Takes a ticket; false where it was taken before. One that is being taken at this moment is waited for. */
export async function takeHandOver(tx: Connection, id: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `INSERT INTO hand_over_taken (id, expires_at) VALUES ($1, now() + interval '${keptMinutes} minutes')
     ON CONFLICT (id) DO NOTHING`,
    [id],
  )
  return rowCount === 1
}

/** Forgets tickets that count no more anyway; for a background loop. */
export async function purgeHandOvers(q: Queryable): Promise<void> {
  await q.query('DELETE FROM hand_over_taken WHERE expires_at <= now()')
}
