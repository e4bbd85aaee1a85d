import type { Connection, Queryable } from './db.ts'
import { insertSession } from './session.ts'

/** Sign-ins at OpenID providers: those that were begun, and the sessions that a provider vouches for. */

export type OidcAttempt = { nonce: string; verifier: string; redirectUri: string; next: string }
type AttemptKey = { provider: string; stateHash: Buffer; browserHash: Buffer }

export async function insertAttempt(q: Queryable, made: OidcAttempt & AttemptKey & { seconds: number }): Promise<void> {
  await q.query(
    `INSERT INTO oidc_attempt (state_hash, browser_hash, provider, nonce, verifier, redirect_uri, next, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 second')`,
    [
      made.stateHash,
      made.browserHash,
      made.provider,
      made.nonce,
      made.verifier,
      made.redirectUri,
      made.next,
      made.seconds,
    ],
  )
}

/** Uses an attempt up. Undefined where there is none such, where it is too old, or where another browser began it. */
export async function takeAttempt(q: Queryable, key: AttemptKey): Promise<OidcAttempt | undefined> {
  const { rows } = await q.query<OidcAttempt>(
    `DELETE FROM oidc_attempt WHERE state_hash = $1 AND browser_hash = $2 AND provider = $3 AND expires_at > now()
     RETURNING nonce, verifier, redirect_uri AS "redirectUri", next`,
    [key.stateHash, key.browserHash, key.provider],
  )
  return rows[0]
}

type NewSession = { principal: string; tokenHash: Uint8Array; address: string; days: number }

/** Adds a sign-in of a user unless he is disabled; then undefined. The row lock makes a disabling wait, so that it ends this one too. */
export async function insertSessionOfEnabled(tx: Connection, made: NewSession): Promise<string | undefined> {
  const { rowCount } = await tx.query('SELECT FROM principal WHERE id = $1 AND NOT disabled FOR SHARE', [
    made.principal,
  ])
  return rowCount === 1 ? insertSession(tx, { ...made, kind: 'person' }) : undefined
}

export type Vouch = { provider: string; subject: string; sid: string | null }

export async function insertVouch(
  tx: Connection,
  session: string,
  made: Vouch & { refreshToken: Buffer | null; minutes: number },
): Promise<void> {
  await tx.query(
    `INSERT INTO oidc_session (session, provider, subject, sid, refresh_token, check_after)
     VALUES ($1, $2, $3, $4, $5, now() + $6 * interval '1 minute')`,
    [session, made.provider, made.subject, made.sid, made.refreshToken, made.minutes],
  )
}

/**
 * A session that was let in from another one is vouched for as that one is, and no longer: it cannot ask the provider itself. False
 * where nobody vouches for that one.
 */
export async function copyVouch(tx: Connection, from: string, to: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `INSERT INTO oidc_session (session, provider, subject, sid, checked_at, check_after)
     SELECT $2, provider, subject, sid, checked_at, check_after FROM oidc_session WHERE session = $1`,
    [from, to],
  )
  return rowCount === 1
}

export async function vouchOfSession(q: Queryable, session: string): Promise<Vouch | undefined> {
  const { rows } = await q.query<Vouch>('SELECT provider, subject, sid FROM oidc_session WHERE session = $1', [session])
  return rows[0]
}

export type DueVouch = Vouch & { session: string; principal: string; refreshToken: Buffer }

/**
 * Sessions whose provider is to be asked, some at a time. They are put off for the length of a lease, so that no other server asks
 * at the same time: a refresh token that is used twice may count as stolen.
 */
export async function claimVouches(q: Queryable, providers: string[], limit: number, leaseSeconds: number) {
  const { rows } = await q.query<DueVouch>(
    `WITH due AS (SELECT session FROM oidc_session
                   WHERE refresh_token IS NOT NULL AND check_after <= now() AND provider = ANY ($1)
                   ORDER BY check_after LIMIT $2 FOR UPDATE SKIP LOCKED)
     UPDATE oidc_session o SET check_after = now() + $3 * interval '1 second'
       FROM due JOIN session s ON s.id = due.session
      WHERE o.session = due.session
     RETURNING o.session, o.provider, o.subject, o.sid, o.refresh_token AS "refreshToken", s.principal`,
    [providers, limit, leaseSeconds],
  )
  return rows
}

/** The provider still vouches: for this session, and for those of the user that cannot ask themselves. */
export async function renewVouch(
  tx: Connection,
  vouch: DueVouch,
  renewed: { refreshToken: Buffer | null; minutes: number },
): Promise<void> {
  await tx.query(
    `UPDATE oidc_session SET checked_at = now(), failed_at = NULL, refresh_token = coalesce($2, refresh_token),
            check_after = now() + $3 * interval '1 minute' WHERE session = $1`,
    [vouch.session, renewed.refreshToken, renewed.minutes],
  )
  await tx.query(
    `UPDATE oidc_session SET checked_at = now()
      WHERE provider = $1 AND subject = $2 AND refresh_token IS NULL AND sid IS NOT DISTINCT FROM $3`,
    [vouch.provider, vouch.subject, vouch.sid],
  )
}

/** One session could not be asked for. */
export async function noteFailure(q: Queryable, session: string): Promise<void> {
  await q.query('UPDATE oidc_session SET failed_at = coalesce(failed_at, now()) WHERE session = $1', [session])
}

/** The provider is away for all whose turn it is. Written once for each. */
export async function noteAway(q: Queryable, provider: string): Promise<void> {
  await q.query(
    'UPDATE oidc_session SET failed_at = now() WHERE provider = $1 AND failed_at IS NULL AND check_after <= now()',
    [provider],
  )
}

/** Whose account a user of the provider was matched with first. */
export async function matchedPerson(q: Queryable, provider: string, subject: string): Promise<string | undefined> {
  const { rows } = await q.query<{ principal: string }>(
    'SELECT principal FROM oidc_person WHERE provider = $1 AND subject = $2',
    [provider, subject],
  )
  return rows[0]?.principal
}

/** Keeps the first match; the caller holds lockDirectory and has seen that there is none. */
export async function keepMatch(tx: Connection, provider: string, subject: string, principal: string): Promise<void> {
  await tx.query('INSERT INTO oidc_person (provider, subject, principal) VALUES ($1, $2, $3)', [
    provider,
    subject,
    principal,
  ])
}

export type EndedSession = { session: string; principal: string }

/**
 * Ends sessions that nobody has vouched for since so many hours: those that asked in vain, and those that cannot ask. One whose turn
 * did not come yet (this pool stood still over night) is asked for first.
 */
export async function endUnvouched(
  tx: Connection,
  provider: string,
  hours: { asking: number; mute: number },
): Promise<EndedSession[]> {
  const { rows } = await tx.query<EndedSession>(
    `DELETE FROM session s USING oidc_session o
      WHERE o.session = s.id AND o.provider = $1 
        AND CASE WHEN o.refresh_token IS NULL THEN o.checked_at < now() - $3 * interval '1 hour'
                 ELSE o.failed_at IS NOT NULL AND o.checked_at < now() - $2 * interval '1 hour' END
     RETURNING s.id AS session, s.principal`,
    [provider, hours.asking, hours.mute],
  )
  return rows
}

/** The same for providers that are in no configuration any more: nobody can ask them. */
export async function endForgotten(tx: Connection, providers: string[], hours: number): Promise<EndedSession[]> {
  const { rows } = await tx.query<EndedSession>(
    `DELETE FROM session s USING oidc_session o
      WHERE o.session = s.id AND o.provider <> ALL ($1) AND o.checked_at < now() - $2 * interval '1 hour'
     RETURNING s.id AS session, s.principal`,
    [providers, hours],
  )
  return rows
}

/** Waits first for whoever is let in from one of them at this moment: only the next statement sees his session, too. */
async function endWhere(tx: Connection, which: string, values: unknown[]): Promise<EndedSession[]> {
  await tx.query(
    `SELECT FROM session s JOIN oidc_session o ON o.session = s.id WHERE ${which} ORDER BY s.id FOR UPDATE OF s`,
    values,
  )
  const { rows } = await tx.query<EndedSession>(
    `DELETE FROM session s USING oidc_session o WHERE o.session = s.id AND ${which} RETURNING s.id AS session, s.principal`,
    values,
  )
  return rows
}

/** Ends a session whose provider takes its word back, and those that were let in from it. */
export function endDenied(tx: Connection, vouch: DueVouch): Promise<EndedSession[]> {
  return endWhere(
    tx,
    `(o.session = $1 OR
      (o.provider = $2 AND o.subject = $3 AND o.refresh_token IS NULL AND o.sid IS NOT DISTINCT FROM $4))`,
    [vouch.session, vouch.provider, vouch.subject, vouch.sid],
  )
}

/**
 * Ends the sessions of a provider's user, or of one session of its own, or of both. Of a user's those too of which the provider never
 * said which of its sessions they are.
 */
export function endByProvider(
  tx: Connection,
  provider: string,
  which: { subject: string | undefined; sid: string | undefined },
): Promise<EndedSession[]> {
  const isWhich = `o.provider = $1 AND ($2::text IS NULL OR o.subject = $2)
    AND ($3::text IS NULL OR o.sid = $3 OR (o.sid IS NULL AND $2::text IS NOT NULL))`
  return endWhere(tx, isWhich, [provider, which.subject ?? null, which.sid ?? null])
}

/** False where this logout was taken before. */
export async function insertLogout(tx: Connection, provider: string, jti: string, forgetAt: Date): Promise<boolean> {
  const { rowCount } = await tx.query(
    'INSERT INTO oidc_logout (provider, jti, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [provider, jti, forgetAt],
  )
  return rowCount === 1
}

/** Drops what no longer counts; for a background loop. */
export async function purgeOidc(q: Queryable): Promise<void> {
  await q.query('DELETE FROM oidc_attempt WHERE expires_at <= now()')
  await q.query('DELETE FROM oidc_logout WHERE expires_at <= now()')
}
