import type { Principal } from '../protocol/principal.ts'
import { holdsAnySql } from './administration.ts'
import type { Connection, Queryable } from './db.ts'
import { purgeHandOvers } from './hand-over.ts'
import { principalColumns } from './principal.ts'

/** What decides whether and how somebody proves himself beside his password. */
export type FactorPerson = Principal & {
  /** Holds a role of administration, whichever. */
  official: boolean
  bot: boolean
  /** Empty where he signs in here. */
  source: string
  hasPassword: boolean
  totp: boolean
  passkeys: number
  recoveryCodes: number
}

const columns = `${principalColumns}, p.administrator OR ${holdsAnySql('p.id')} AS official, p.bot, p.source, p.password_hash IS NOT NULL AS "hasPassword",
  EXISTS (SELECT FROM totp t WHERE t.principal = p.id AND t.confirmed) AS totp,
  (SELECT count(*) FROM passkey k WHERE k.principal = p.id) AS passkeys,
  (SELECT count(*) FROM recovery_code c WHERE c.principal = p.id) AS "recoveryCodes"`

/** By id; undefined where there is no such user. */
export async function readFactorPerson(q: Queryable, id: string): Promise<FactorPerson | undefined> {
  const { rows } = await q.query<FactorPerson>(
    `SELECT ${columns} FROM principal p WHERE p.id = $1 AND p.kind = 'user'`,
    [id],
  )
  return rows[0]
}

/**
 * The person, held so that a change of password, a disabling or a change of factors waits for the end of the transaction;
 * undefined where he is disabled, or another password than the one that was checked is his now.
 */
export async function holdByPassword(
  tx: Connection,
  id: string,
  passwordHash: string | null,
): Promise<FactorPerson | undefined> {
  const { rowCount } = await tx.query(
    'SELECT FROM principal WHERE id = $1 AND NOT disabled AND password_hash IS NOT DISTINCT FROM $2 FOR SHARE',
    [id, passwordHash],
  )
  // In a statement of its own: one that waited would still see the factors from before.
  return rowCount === 1 ? readFactorPerson(tx, id) : undefined
}

/** The same where no password is in play; undefined where he is disabled. */
export async function holdPerson(tx: Connection, id: string): Promise<FactorPerson | undefined> {
  const { rowCount } = await tx.query('SELECT FROM principal WHERE id = $1 AND NOT disabled FOR SHARE', [id])
  return rowCount === 1 ? readFactorPerson(tx, id) : undefined
}

/** For a change of his factors: one at a time, and no sign-in meanwhile. */
export async function lockPerson(tx: Connection, id: string): Promise<FactorPerson | undefined> {
  const { rowCount } = await tx.query('SELECT FROM principal WHERE id = $1 AND NOT disabled FOR NO KEY UPDATE', [id])
  return rowCount === 1 ? readFactorPerson(tx, id) : undefined
}

/** Takes everything: factors, codes, and what was under way with them. */
export async function deleteFactors(tx: Connection, id: string): Promise<void> {
  await tx.query('SELECT FROM principal WHERE id = $1 FOR NO KEY UPDATE', [id])
  await tx.query('DELETE FROM totp WHERE principal = $1', [id])
  await tx.query('DELETE FROM passkey WHERE principal = $1', [id])
  await tx.query('DELETE FROM recovery_code WHERE principal = $1', [id])
  await tx.query('DELETE FROM passkey_challenge WHERE principal = $1', [id])
  await tx.query('DELETE FROM sign_in_ticket WHERE principal = $1', [id])
}

/**
 * Ends sign-ins of people who must have a second factor and have none: from before it was asked for, or from before they
 * became administrators. One that was shown in the pool that a sign-in comes from counts, for who holds no role. Answers their ids.
 * The rules are those of chat/second-factor and chat/hand-over.
 */
export async function endUnprotected(q: Queryable, who: 'administrators' | 'everyone'): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `DELETE FROM session s USING principal p
      WHERE p.id = s.principal AND s.kind = 'person' AND p.source = '' AND NOT p.bot
        AND (($1 AND NOT (s.by_factor AND s.handed_over_from IS NOT NULL)) OR p.administrator OR ${holdsAnySql('p.id')})
        AND NOT EXISTS (SELECT FROM totp t WHERE t.principal = p.id AND t.confirmed)
        AND NOT EXISTS (SELECT FROM passkey k WHERE k.principal = p.id)
     RETURNING s.id`,
    [who === 'everyone'],
  )
  return rows.map(row => row.id)
}

/**
 * Ends sign-ins that another pool vouches for, of people who came to hold a role here and have shown nothing of this pool: who rules
 * there does not come to rule here. Answers their ids.
 */
export async function endGivenToOfficials(q: Queryable): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `DELETE FROM session s USING principal p
      WHERE p.id = s.principal AND s.handed_over_from IS NOT NULL AND s.proven_at IS NULL
        AND (p.administrator OR ${holdsAnySql('p.id')})
     RETURNING s.id`,
  )
  return rows.map(row => row.id)
}

/** Drops challenges and tickets that ran out, and apps whose set-up was never finished; for a background loop. */
export async function purgeSteps(q: Queryable): Promise<void> {
  await q.query('DELETE FROM passkey_challenge WHERE expires_at <= now()')
  await q.query('DELETE FROM sign_in_ticket WHERE expires_at <= now()')
  await purgeHandOvers(q)
  await q.query("DELETE FROM totp WHERE NOT confirmed AND at < now() - interval '1 hour'")
}
