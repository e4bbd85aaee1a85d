import type { Connection, Queryable } from './db.ts'
import type { Origin } from './session.ts'

/** What is missing still: a factor to show, one to set up, or nothing since it was set up. */
export type TicketStep = 'verify' | 'enrol' | 'enrolled'

const ticketMinutes = 10
/** More at once only help who guesses; the oldest goes. */
const maxTickets = 20

const passwordSha = "sha256(convert_to(coalesce(p.password_hash, ''), 'UTF8'))"

/** For the person's present password, or who comes from another pool (`origin`); the caller holds him. */
export async function insertTicket(
  tx: Connection,
  tokenHash: Uint8Array,
  principal: string,
  step: 'verify' | 'enrol',
  origin?: Origin,
): Promise<void> {
  await tx.query(
    `DELETE FROM sign_in_ticket WHERE token_hash IN
       (SELECT token_hash FROM sign_in_ticket WHERE principal = $1 ORDER BY expires_at DESC OFFSET ${maxTickets - 1})`,
    [principal],
  )
  await tx.query(
    `INSERT INTO sign_in_ticket (token_hash, principal, password_sha, step, expires_at, handed_over_from, handed_over_until)
     SELECT $1, p.id, ${passwordSha}, $3, now() + interval '${ticketMinutes} minutes', $4::text, $5::timestamptz FROM principal p WHERE p.id = $2`,
    [tokenHash, principal, step, origin?.from ?? null, origin?.until ?? null],
  )
}

/** Whose ticket it is. Undefined where it is unknown, used, too old, for another step, or the password is another one now. */
export async function findTicket(
  q: Queryable,
  tokenHash: Uint8Array,
  step: TicketStep,
): Promise<{ principal: string; name: string } | undefined> {
  const { rows } = await q.query<{ principal: string; name: string }>(
    `SELECT p.id AS principal, p.name FROM sign_in_ticket t JOIN principal p ON p.id = t.principal
      WHERE t.token_hash = $1 AND t.step = $2 AND t.expires_at > now() AND NOT p.disabled AND t.password_sha = ${passwordSha}`,
    [tokenHash, step],
  )
  return rows[0]
}

/**
 * Takes it away, and answers where its holder comes from, if not by his password. Undefined where somebody else was first, or it counts
 * no more. The caller holds the person.
 */
export async function takeTicket(
  tx: Connection,
  tokenHash: Uint8Array,
  step: TicketStep,
): Promise<{ origin: Origin | undefined } | undefined> {
  const { rows } = await tx.query<{ from: string | null; until: Date | null }>(
    `DELETE FROM sign_in_ticket t USING principal p
      WHERE p.id = t.principal AND t.token_hash = $1 AND t.step = $2 AND t.expires_at > now() AND t.password_sha = ${passwordSha}
     RETURNING t.handed_over_from AS "from", t.handed_over_until AS until`,
    [tokenHash, step],
  )
  const row = rows[0]
  if (!row) return undefined
  return { origin: row.from === null ? undefined : { from: row.from, until: row.until } }
}

/** The factor was set up: the ticket is good for the session now. False where it counts no more. */
export async function fulfilTicket(tx: Connection, tokenHash: Uint8Array): Promise<boolean> {
  const { rowCount } = await tx.query(
    `UPDATE sign_in_ticket t SET step = 'enrolled' FROM principal p
      WHERE p.id = t.principal AND t.token_hash = $1 AND t.step = 'enrol' AND t.expires_at > now()
        AND t.password_sha = ${passwordSha}`,
    [tokenHash],
  )
  return rowCount === 1
}

/** Those of others who set up at the same time with the same password: they count no more once there is a factor. */
export async function deleteOtherTickets(tx: Connection, principal: string, tokenHash: Uint8Array): Promise<void> {
  await tx.query('DELETE FROM sign_in_ticket WHERE principal = $1 AND token_hash <> $2', [principal, tokenHash])
}
