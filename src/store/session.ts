import type { Principal } from '../protocol/principal.ts'
import type { AdministrationRole } from '../protocol/role.ts'
import { rolesSql } from './administration.ts'
import type { Connection, Queryable } from './db.ts'
import { enabledSql, siteParameter } from './policy.ts'
import { principalColumns } from './principal.ts'

/** A sign-in. The token itself is known to its holder only; here stands its SHA-256. */
export type SessionRow = {
  id: string
  principal: Principal
  kind: 'person' | 'bot'
  address: string
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date | null
  /** Display name of the pool that it was handed over from. */
  handedOverFrom: string | null
}

type NewSession = {
  principal: string
  tokenHash: Uint8Array
  kind: 'person' | 'bot'
  address: string
  /** Days until it ends by itself; null: never. */
  days: number | null
  /** The sign-in that it was let in from: its holder has proved himself when he did there. Else he has just now. */
  from?: string
  /** A second factor was shown. */
  byFactor?: boolean
  /** False where he comes from another pool and has shown nothing here. */
  isProven?: boolean
  /** Where it comes from another pool. */
  origin?: Origin | undefined
}

/** The pool that a sign-in was handed over from, by its display name, and when it ends there. */
export type Origin = { from: string; until: Date | null }

/** Adds a sign-in of somebody whose right to it the transaction holds already (set-up, bots). */
export async function insertSession(tx: Connection, made: NewSession): Promise<string> {
  const { origin, byFactor = false } = made
  const { rows } = await tx.query<{ id: string }>(
    `INSERT INTO session (principal, token_hash, kind, address, expires_at, proven_at, by_factor, handed_over_from)
     SELECT $1::uuid, $2::bytea, $3::text, $4::text,
            least(now() + $5::int * interval '1 day', $7::timestamptz, CASE WHEN f.handed_over_from IS NOT NULL THEN f.expires_at END),
            CASE WHEN $6::uuid IS NULL THEN CASE WHEN $8::boolean THEN now() END ELSE f.proven_at END,
            coalesce(f.by_factor, $9::boolean), coalesce(f.handed_over_from, $10::text)
       FROM (SELECT) one LEFT JOIN session f ON f.id = $6 RETURNING id`,
    [
      ...[made.principal, made.tokenHash, made.kind, made.address, made.days, made.from ?? null],
      ...[origin?.until ?? null, made.isProven ?? true, byFactor, origin?.from ?? null],
    ],
  )
  return rows[0]!.id
}

/**
 * Who a token stands for. Undefined where it is unknown or expired, or its user is disabled. `isUseNoted`: its last use was
 * written down within the last minute.
 */
export async function findSession(
  q: Queryable,
  tokenHash: Uint8Array,
): Promise<{ session: string; user: Principal; administrator: boolean; isUseNoted: boolean } | undefined> {
  const { rows } = await q.query<Principal & { session: string; administrator: boolean; isUseNoted: boolean }>({
    name: 'find-session',
    text: `
    SELECT ${principalColumns}, p.administrator, s.id AS session, s.last_used_at >= now() - interval '1 minute' AS "isUseNoted"
      FROM session s JOIN principal p ON p.id = s.principal
     WHERE s.token_hash = $1 AND (s.expires_at IS NULL OR s.expires_at > now()) AND NOT p.disabled`,
    values: [tokenHash],
  })
  const row = rows[0]
  if (!row) return undefined
  const { session, administrator, isUseNoted, ...user } = row
  return { session, user, administrator, isUseNoted }
}

/** Notes for many sign-ins at once that they are used. Whoever is noted or ended by somebody else at this moment is passed over. */
export async function noteUses(q: Queryable, ids: string[]): Promise<void> {
  await q.query({
    name: 'note-uses',
    text: `
    WITH free AS (SELECT id FROM session WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
    UPDATE session SET last_used_at = now() FROM free WHERE session.id = free.id`,
    values: [ids],
  })
}

/** Sign-ins of a user that have not expired, newest first. */
export async function listSessions(q: Queryable, principal: string): Promise<SessionRow[]> {
  const { rows } = await q.query<Omit<SessionRow, 'principal'> & { person: Principal }>(
    `SELECT s.id, s.kind, s.address, s.created_at AS "createdAt", s.last_used_at AS "lastUsedAt", s.expires_at AS "expiresAt",
            s.handed_over_from AS "handedOverFrom",
            json_build_object('id', p.id, 'kind', p.kind, 'name', p.name, 'displayName', p.display_name) AS person
       FROM session s JOIN principal p ON p.id = s.principal
      WHERE s.principal = $1 AND (s.expires_at IS NULL OR s.expires_at > now()) ORDER BY s.created_at DESC, s.id`,
    [principal],
  )
  return rows.map(({ person, ...row }) => ({ ...row, principal: person }))
}

/** Whose sign-in it is, and what he is now. Undefined where it has ended. */
export async function personOfSession(
  q: Queryable,
  id: string,
  site: string | undefined,
): Promise<{ principal: string; roles: AdministrationRole[]; enabled: boolean } | undefined> {
  const { rows } = await q.query<{ principal: string; roles: AdministrationRole[]; enabled: boolean }>({
    name: 'person-of-session',
    text: `
    WITH s AS (SELECT principal FROM session WHERE id = $1)
    SELECT s.principal, ${rolesSql} AS roles, ${enabledSql('p.id', '$2')} AS enabled FROM s JOIN principal p ON p.id = s.principal`,
    values: [id, siteParameter(site)],
  })
  return rows[0]
}

export async function principalOfSession(q: Queryable, id: string): Promise<string | undefined> {
  const { rows } = await q.query<{ principal: string }>('SELECT principal FROM session WHERE id = $1', [id])
  return rows[0]?.principal
}

/**
 * A sign-in of this user, held so that whoever ends it waits for the end of the transaction; undefined where it has ended. The caller
 * holds the person.
 */
export async function holdSession(
  tx: Connection,
  id: string,
  principal: string,
): Promise<{ isVouched: boolean } | undefined> {
  const { rows } = await tx.query<{ isVouched: boolean }>(
    `SELECT EXISTS (SELECT FROM oidc_session o WHERE o.session = s.id) AS "isVouched" FROM session s
      WHERE s.id = $1 AND s.principal = $2 AND (s.expires_at IS NULL OR s.expires_at > now()) FOR KEY SHARE OF s`,
    [id, principal],
  )
  return rows[0]
}

/** Those of the ids that are no sign-ins any more. */
export async function endedAmong(q: Queryable, ids: string[]): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `SELECT i.id FROM unnest($1::uuid[]) AS i (id) LEFT JOIN session s ON s.id = i.id
      WHERE s.id IS NULL OR s.expires_at <= now()`,
    [ids],
  )
  return rows.map(row => row.id)
}

/** Minutes for which a proof counts. */
const proofMinutes = 10

/** The holder has just proved who he is; false where the sign-in has ended meanwhile. */
export async function noteProof(q: Queryable, id: string): Promise<boolean> {
  return (await q.query('UPDATE session SET proven_at = now() WHERE id = $1', [id])).rowCount === 1
}

/** Whether the holder proved lately who he is. Bots cannot: their token is all they have. */
export async function isProven(q: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await q.query(
    `SELECT FROM session WHERE id = $1 AND (kind = 'bot' OR proven_at > now() - interval '${proofMinutes} minutes')`,
    [id],
  )
  return rowCount === 1
}

/** Ends one; false where it had ended already. */
export async function deleteSession(q: Queryable, id: string): Promise<boolean> {
  return (await q.query('DELETE FROM session WHERE id = $1', [id])).rowCount === 1
}

/** Ends all sign-ins of a user but `except`. Answers their ids. */
export async function deleteSessionsOf(q: Queryable, principal: string, except?: string): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    'DELETE FROM session WHERE principal = $1 AND id IS DISTINCT FROM $2 RETURNING id',
    [principal, except ?? null],
  )
  return rows.map(row => row.id)
}

/** Ends what has expired; for a background loop. Answers the ids, since a connection may still be open under one. */
export async function purgeSessions(q: Queryable): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>('DELETE FROM session WHERE expires_at <= now() RETURNING id')
  return rows.map(row => row.id)
}
