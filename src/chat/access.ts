import { type Action, type PersonFacts, refusePolicy, refuseRoom } from '../domain/access.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import { type Access, readAccess, readPerson } from '../store/access.ts'
import type { Queryable } from '../store/db.ts'
import type { Caller, Chat } from './chat.ts'

/** Facts about the caller and one room; an unknown room is refused as an unseen one is. */
export async function accessTo(chat: Chat, caller: Caller, room: string, q: Queryable = chat.db): Promise<Access> {
  const found = await readAccess(q, [{ user: caller.user.id, room }], chat.site)
  const access = found.get(`${caller.user.id}/${room}`)
  if (access) {
    requireEnabled(access.person)
    return access
  }
  // Who may not use Persistent Chat hears so, whether or not the room exists.
  requireEnabled(await readPerson(q, caller.user.id, chat.site))
  throw notFound('room')
}

/** The same, refused where the action is not allowed. */
export async function requireRoom(
  chat: Chat,
  caller: Caller,
  room: string,
  action: Action,
  q: Queryable = chat.db,
): Promise<Access> {
  const access = await accessTo(chat, caller, room, q)
  const refusal = refuseRoom(action, access.person, access.scope, access.facts)
  if (refusal) throw refusal
  return access
}

/** The person, who may use Persistent Chat; refused otherwise. */
export function requireEnabled(person: PersonFacts | undefined): PersonFacts {
  if (!person || person.disabled)
    throw new Refusal('unauthenticated', 'This account is switched off. Ask an administrator.')
  if (!person.enabled && !person.administrator) throw refusePolicy()
  return person
}

/** For verbs that concern no room: the caller, who may use Persistent Chat. */
export async function requirePerson(chat: Chat, caller: Caller, q: Queryable = chat.db): Promise<PersonFacts> {
  return requireEnabled(await readPerson(q, caller.user.id, chat.site))
}

/** Read anew at each request: from the moment that a right is taken away it is refused. */
export async function requireAdministrator(chat: Chat, caller: Caller): Promise<void> {
  const person = requireEnabled(await readPerson(chat.db, caller.user.id, chat.site))
  if (!person.administrator) throw new Refusal('forbidden', 'Only administrators may do this. Ask one.')
}

/**
 * Whether the caller may act for this user: for himself, or as an administrator. Read anew: a connection may be older than the loss
 * of the right. Whom the policy shuts out may still sign out.
 */
export async function mayActFor(chat: Chat, caller: Caller, owner: string): Promise<boolean> {
  if (owner === caller.user.id) return true
  const person = await readPerson(chat.db, caller.user.id, chat.site)
  return person?.administrator === true && !person.disabled
}
