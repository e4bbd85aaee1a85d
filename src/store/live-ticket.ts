import type { Principal } from '../protocol/principal.ts'
import type { Queryable } from './db.ts'
import { principalColumns } from './principal.ts'

/** A page is about to open its WebSocket; whoever takes longer gets another one. */
const ticketSeconds = 30

/** False where the sign-in has ended meanwhile. */
export async function insertLiveTicket(
  q: Queryable,
  made: { tokenHash: Uint8Array; session: string; origin: string },
): Promise<boolean> {
  const { rowCount } = await q.query({
    name: 'insert-live-ticket',
    text: `
    INSERT INTO live_ticket (token_hash, session, origin, expires_at)
    SELECT $1, s.id, $3, now() + interval '${ticketSeconds} seconds' FROM session s WHERE s.id = $2 FOR KEY SHARE`,
    values: [made.tokenHash, made.session, made.origin],
  })
  return rowCount === 1
}

/**
 * Takes a ticket away, whether or not it counts, and answers whose sign-in it stands for. Undefined where it is unknown, used, too old, of
 * a page of another origin, its sign-in has ended, or its user is disabled.
 */
export async function takeLiveTicket(
  q: Queryable,
  tokenHash: Uint8Array,
  origin: string,
): Promise<{ session: string; user: Principal; administrator: boolean } | undefined> {
  const { rows } = await q.query<Principal & { session: string; administrator: boolean }>({
    name: 'take-live-ticket',
    text: `
    WITH taken AS (DELETE FROM live_ticket WHERE token_hash = $1 RETURNING session, origin, expires_at)
    SELECT ${principalColumns}, p.administrator, s.id AS session
      FROM taken t JOIN session s ON s.id = t.session JOIN principal p ON p.id = s.principal
     WHERE t.expires_at > now() AND t.origin = $2 AND (s.expires_at IS NULL OR s.expires_at > now()) AND NOT p.disabled`,
    values: [tokenHash, origin],
  })
  const row = rows[0]
  if (!row) return undefined
  const { session, administrator, ...user } = row
  return { session, user, administrator }
}

/** What nobody took; for a background loop. */
export async function purgeLiveTickets(q: Queryable): Promise<void> {
  await q.query('DELETE FROM live_ticket WHERE expires_at <= now()')
}
