import { type Action, type PersonFacts, refusePolicy, refuseRoom, seesAll } from '../domain/access.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { AdministrationRole } from '../protocol/role.ts'
import { administrator, fullAdministrator } from '../protocol/verb.ts'
import { type Access, type CallerFacts, readAccess, readPerson } from '../store/access.ts'
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
export function requireEnabled<P extends PersonFacts>(person: P | undefined): P {
  if (!person || person.disabled)
    throw new Refusal('unauthenticated', 'This account is switched off. Ask an administrator.')
  if (!person.enabled && !seesAll(person)) throw refusePolicy()
  return person
}

/** For verbs that concern no room: the caller, who may use Persistent Chat. */
export async function requirePerson(chat: Chat, caller: Caller, q: Queryable = chat.db): Promise<CallerFacts> {
  return requireEnabled(await readPerson(q, caller.user.id, chat.site))
}

/** The caller, where he holds one of the roles or may use Persistent Chat: an official needs no policy for what his role is for. */
export async function requireUserOr(chat: Chat, caller: Caller, ...roles: AdministrationRole[]): Promise<CallerFacts> {
  const person = await readPerson(chat.db, caller.user.id, chat.site)
  return person && holds(person, roles) ? person : requireEnabled(person)
}

/** Read anew at each request: from the moment that a role is taken away it is refused. */
export async function requireRole(chat: Chat, caller: Caller, roles: readonly AdministrationRole[]): Promise<void> {
  const person = await readPerson(chat.db, caller.user.id, chat.site)
  if (person && holds(person, roles)) return
  requireEnabled(person)
  const who = roles.includes('administrator') ? 'administrators' : 'compliance officers'
  throw new Refusal('forbidden', `Only ${who} may do this. Ask one.`)
}

/** The same as a question. */
export async function holdsRole(chat: Chat, caller: Caller, roles: readonly AdministrationRole[]): Promise<boolean> {
  const person = await readPerson(chat.db, caller.user.id, chat.site)
  return person !== undefined && holds(person, roles)
}

export function holds(person: CallerFacts, roles: readonly AdministrationRole[]): boolean {
  return person.roles.some(role => roles.includes(role))
}

/** For who manages Persistent Chat. */
export function requireAdministrator(chat: Chat, caller: Caller): Promise<void> {
  return requireRole(chat, caller, administrator.callers)
}

/**
 * Whether the caller may act for this user: for himself, or by a role. Read anew: a connection may be older than the loss
 * of the right. Whom the policy shuts out may still sign out.
 */
export async function mayActFor(
  chat: Chat,
  caller: Caller,
  owner: string,
  roles: readonly AdministrationRole[] = fullAdministrator.callers,
): Promise<boolean> {
  return owner === caller.user.id || holdsRole(chat, caller, roles)
}
