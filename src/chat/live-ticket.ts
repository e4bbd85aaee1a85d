import { createHash } from 'node:crypto'
import { Refusal } from '../protocol/error.ts'
import { insertLiveTicket, takeLiveTicket } from '../store/live-ticket.ts'
import type { Caller, Chat } from './chat.ts'
import { hashToken, makeToken } from './token.ts'

/** As long as those that were given out. */
const ticketForm = /^[\w-]{43}\.[\w-]{43}$/

/**
 * A ticket that opens one live session of this sign-in, for a page of this origin: the cookie of the page does not go to other hosts.
 * Undefined where the sign-in has ended. Behind the dot stands what all tickets of a sign-in have in common.
 */
export async function issueLiveTicket(chat: Chat, caller: Caller, origin: string): Promise<string | undefined> {
  const ticket = `${makeToken().token}.${createHash('sha256').update(caller.session).digest('base64url')}`
  const made = { tokenHash: hashToken(ticket), session: caller.session, origin }
  return (await insertLiveTicket(chat.db, made)) ? ticket : undefined
}

/**
 * Who holds this ticket, which is used with it. Undefined where it counts no more, or came from a page of another origin. Refusal forbidden
 * where no origin came: pages have one, and another ticket would come without it as well.
 */
export async function callerOfLiveTicket(
  chat: Chat,
  ticket: string,
  from: { origin: string | undefined; address: string },
): Promise<Caller | undefined> {
  if (from.origin === undefined)
    throw new Refusal(
      'forbidden',
      'A ticket is for the page that it was given to, and no Origin came along. Ask the administrator whether a proxy takes that header away.',
    )
  if (!ticketForm.test(ticket)) return undefined
  const found = await takeLiveTicket(chat.db, hashToken(ticket), from.origin)
  return found && { ...found, address: from.address }
}

/** The same for all tickets of one sign-in: whoever was told to come later comes with another one, and keeps his place. */
export function lineOfTicket(ticket: string): string {
  return ticket.slice(ticket.indexOf('.') + 1)
}
