import { createHmac, hkdfSync } from 'node:crypto'
import { notFound } from '../protocol/error.ts'
import { findTicketHolder, type TicketHolder } from '../store/file-ticket.ts'
import type { Caller, Chat } from './chat.ts'
import { isSame } from './token.ts'

/**
 * A ticket lets one sign-in of one user read one file for some minutes, at a host that knows no cookies. Nothing of it is kept: its
 * seal is made with the hash of the sign-in's token, which every server of the pool finds in the store and loses with the sign-in,
 * and with `secrets`, which stand beside the store: the first one seals, all open. So a copy of the database makes no tickets.
 */
const spanMs = 10 * 60_000
const idBytes = 16
const timeBytes = 6
const sealBytes = 32
const form = /^[\w-]{72}$/

/** For a caller who may read the file. Good for 10 to 20 minutes; within a span it is the same, so that browsers keep what they have. */
export async function makeTicket(chat: Chat, caller: Caller, file: string, secrets: Uint8Array[]): Promise<string> {
  const holder = await findTicketHolder(chat.db, caller.session)
  // The sign-in has ended since the request came.
  if (!holder) throw notFound('file')
  const until = (Math.floor(Date.now() / spanMs) + 2) * spanMs
  const head = Buffer.alloc(idBytes + timeBytes)
  head.write(caller.session.replaceAll('-', ''), 'hex')
  head.writeUIntBE(until, idBytes, timeBytes)
  return Buffer.concat([head, sealOf(head, file, holder, secrets[0]!)]).toString('base64url')
}

/** Who a ticket for this file stands for. Refusal not_found for every other: of another file, over, made up, of an ended sign-in. */
export async function callerOfTicket(
  chat: Chat,
  ticket: unknown,
  file: string,
  secrets: Uint8Array[],
  address: string,
): Promise<Caller> {
  if (typeof ticket !== 'string' || !form.test(ticket)) throw notFound('file')
  const bytes = Buffer.from(ticket, 'base64url')
  const head = bytes.subarray(0, idBytes + timeBytes)
  if (head.readUIntBE(idBytes, timeBytes) < Date.now()) throw notFound('file')
  const session = head.toString('hex', 0, idBytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  const holder = await findTicketHolder(chat.db, session)
  const seal = bytes.subarray(-sealBytes)
  if (!holder || !secrets.some(secret => isSame(sealOf(head, file, holder, secret), seal))) throw notFound('file')
  return { user: holder.user, administrator: holder.administrator, session, address }
}

/** `head`: the sign-in, and until when. */
function sealOf(head: Buffer, file: string, { tokenHash, user }: TicketHolder, secret: Uint8Array): Buffer {
  const key = Buffer.from(hkdfSync('sha256', tokenHash, secret, 'pchat file ticket', sealBytes))
  return createHmac('sha256', key).update(head).update(`${user.id} ${file}`).digest()
}
