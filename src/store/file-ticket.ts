import type { Principal } from '../protocol/principal.ts'
import type { Queryable } from './db.ts'
import { principalColumns } from './principal.ts'

/** What a ticket for a file stands on: the sign-in it was given to, and who that is. */
export type TicketHolder = { tokenHash: Uint8Array; user: Principal; administrator: boolean }

/** Undefined where the sign-in has ended, or its user is disabled. */
export async function findTicketHolder(q: Queryable, session: string): Promise<TicketHolder | undefined> {
  const { rows } = await q.query<Principal & { tokenHash: Uint8Array; administrator: boolean }>({
    name: 'ticket-holder',
    text: `
    SELECT ${principalColumns}, p.administrator, s.token_hash AS "tokenHash" FROM session s JOIN principal p ON p.id = s.principal
     WHERE s.id = $1 AND (s.expires_at IS NULL OR s.expires_at > now()) AND NOT p.disabled`,
    values: [session],
  })
  const row = rows[0]
  if (!row) return undefined
  const { tokenHash, administrator, ...user } = row
  return { tokenHash, user, administrator }
}
