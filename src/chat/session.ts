import { withDomain } from '../domain/principal.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Me, Principal } from '../protocol/principal.ts'
import type { Input, Result } from '../protocol/request.ts'
import { readPerson } from '../store/access.ts'
import { audit } from '../store/audit.ts'
import { type Connection, transaction } from '../store/db.ts'
import { purgeLiveTickets } from '../store/live-ticket.ts'
import { findCredential, resolvePerson } from '../store/principal.ts'
import { endGivenToOfficials, endUnprotected, holdByPassword, purgeSteps } from '../store/second-factor.ts'
import {
  deleteSession,
  deleteSessionsOf,
  endedAmong,
  findSession,
  noteUses,
  personOfSession,
  principalOfSession,
  purgeSessions,
  listSessions as readSessions,
} from '../store/session.ts'
import { purgeAttempts } from '../store/sign-in-failure.ts'
import { purgeSignInRecord } from '../store/sign-in-record.ts'
import { raiseDirectory } from '../store/stamp.ts'
import { mayActFor } from './access.ts'
import { announce, type News } from './announce.ts'
import { addressesOf } from './apart.ts'
import type { Caller, Chat } from './chat.ts'
import { guarded } from './guess.ts'
import { signInHandedOver } from './hand-over.ts'
import { withPools } from './pools.ts'
import { type Opening, openOrAsk, secondFactorRequired } from './second-factor.ts'
import { recordSignIn, type SignInMethod, type SignInTry } from './sign-in-record.ts'
import { signInByStep } from './sign-in-step.ts'
import { hashToken } from './token.ts'

/** One sentence for a wrong password, an unknown name and an account that may not sign in. */
function unauthenticated(): Refusal {
  return new Refusal('unauthenticated', 'Name or password is wrong, or the account may not sign in. Check both.')
}

/** No account has a longer name: it is not looked for, nor counted. */
const maxTypedName = 400

/**
 * session.signIn: opens a sign-in of a person. Refusals: unauthenticated, second_factor_required (after the right password, with
 * what goes on), rate_limited, unavailable; for the second step those of signInByStep.
 */
export async function signIn(
  chat: Chat,
  from: { address: string },
  input: Input<'session.signIn'>,
): Promise<Result<'session.signIn'>> {
  const { user, password, handOver, verifier } = input
  const isHandedOver = handOver !== undefined || verifier !== undefined
  const isStep = input.ticket !== undefined || input.passkey !== undefined
  if (!isStep && !isHandedOver && (user === undefined || password === undefined || Object.keys(input).length > 2))
    throw new Refusal('invalid_argument', 'Give user and password; a code needs the ticket of its sign-in.')
  const { token, person } = isHandedOver
    ? await signInHandedOver(chat, from, input)
    : isStep
      ? await signInByStep(chat, from, input)
      : await signInByPassword(chat, from.address, user ?? '', password ?? '')
  const { id, kind, name, displayName } = person
  const me = await withRights(chat, { id, kind, name, displayName })
  return { token, me, ...addressesOf(chat), ...withPools(chat) }
}

async function signInByPassword(chat: Chat, address: string, user: string, password: string) {
  const name = withDomain(user, chat.settings.domain)
  if (name === '' || name.length > maxTypedName) throw unauthenticated()
  // Before the store counts the attempt: in the crowd of a morning that would be most of its work.
  chat.directory.refuseCrowd?.()
  let method: SignInMethod = 'password'
  let isKnown = false
  const record = (made: Omit<SignInTry, 'address' | 'method'>) => recordSignIn(chat, { ...made, address, method })
  const check = async () => {
    // Read before the password is checked: it must still be the one when the session is written.
    const before = await findCredential(chat.db, name)
    isKnown = before !== undefined
    if (before !== undefined && before.source !== '') method = 'ldap'
    return openSession(chat, address, { name, password, hash: before?.passwordHash ?? null })
  }
  const onLocked = () => record({ name, outcome: 'locked' })
  const opened = await guarded(chat, address, name, check, { isKnown: () => isKnown, onLocked })
  if (!opened) {
    record({ name, outcome: 'wrong' })
    throw unauthenticated()
  }
  const principal = opened.person.id
  if ('step' in opened) {
    record({ principal, outcome: opened.step.enrol ? 'enrolment required' : 'factor required' })
    throw secondFactorRequired(opened.step)
  }
  record({ principal, outcome: 'ok', session: opened.session })
  return opened
}

type Typed = { name: string; password: string; hash: string | null }

async function openSession(chat: Chat, address: string, { name, password, hash }: Typed) {
  const user = await chat.directory.authenticate(name, password)
  if (!user) return undefined
  return transaction(chat.db, async (tx): Promise<(Opening & { person: Principal }) | undefined> => {
    const person = await holdByPassword(tx, user.id, hash)
    return person && { ...(await openOrAsk(chat, tx, person, address)), person }
  })
}

async function withRights(chat: Chat, user: Principal): Promise<Me> {
  const { roles = [], enabled = false } = (await readPerson(chat.db, user.id, chat.site)) ?? {}
  return { ...user, administrator: roles.includes('administrator'), roles, enabled }
}

/** The caller as the web client shows him. */
export function readMe(chat: Chat, caller: Caller): Promise<Me> {
  return withRights(chat, caller.user)
}

/** Longer than any token that was given out. */
const maxToken = 100

/** Who holds this token. Undefined where it is unknown or has ended, or its user is disabled. */
export async function callerOfToken(chat: Chat, token: string, address: string): Promise<Caller | undefined> {
  if (token === '' || token.length > maxToken) return undefined
  const found = await findSession(chat.db, hashToken(token))
  if (found && !found.isUseNoted) usesOf(chat).add(found.session)
  return found && { user: found.user, administrator: found.administrator, session: found.session, address }
}

/** Sign-ins that were used and not noted yet. Written along with the look they would cost a commit for every session that opens. */
const uses = new WeakMap<Chat, Set<string>>()
const usesAtOnce = 1_000

function usesOf(chat: Chat): Set<string> {
  const known = uses.get(chat) ?? new Set()
  uses.set(chat, known)
  return known
}

/** Writes down which sign-ins were used since the last time; for a background loop. A crash forgets some of them. */
export async function writeUses(chat: Chat): Promise<void> {
  const waiting = usesOf(chat)
  const ids = [...waiting]
  for (let from = 0; from < ids.length; from += usesAtOnce) {
    const some = ids.slice(from, from + usesAtOnce)
    await noteUses(chat.db, some)
    for (const id of some) waiting.delete(id)
  }
}

/** The caller as session.open shows him. Undefined where his sign-in has ended meanwhile. */
export async function readSignedIn(chat: Chat, caller: Caller): Promise<Me | undefined> {
  const person = await personOfSession(chat.db, caller.session, chat.site)
  if (person?.principal !== caller.user.id) return undefined
  const { roles, enabled } = person
  return { ...caller.user, administrator: roles.includes('administrator'), roles, enabled }
}

/** Those of some sign-ins that have ended, for a hub that was not told. */
export function endedSessions(chat: Chat, sessions: string[]): Promise<string[]> {
  return endedAmong(chat.db, sessions)
}

/** Ends what has expired, also under open connections, notes which sign-ins are used, and forgets what is old; for a background loop. */
export async function purgeSignIns(chat: Chat): Promise<void> {
  await writeUses(chat)
  announce(chat, { ended: await purgeSessions(chat.db) })
  await purgeAttempts(chat.db)
  const { need } = chat.secondFactor
  if (need !== 'optional') announce(chat, { ended: await endUnprotected(chat.db, need) })
  announce(chat, { ended: await endGivenToOfficials(chat.db) })
  await purgeSteps(chat.db)
  await purgeLiveTickets(chat.db)
  await purgeSignInRecord(chat.db, chat.settings.signInRecordDays)
}

/** session.end: one's own sign-in, another of one's own, or (administrators) one or all of somebody else. */
export async function endSession(
  chat: Chat,
  caller: Caller,
  input: Input<'session.end'>,
): Promise<Result<'session.end'>> {
  if (input.session !== undefined && input.user !== undefined)
    throw new Refusal('invalid_argument', 'Give session or user, not both.')
  if (input.user !== undefined) {
    const owner = (await resolvePerson(chat.db, input.user)).id
    if (!(await mayActFor(chat, caller, owner)))
      throw new Refusal('forbidden', 'Only administrators may end the sessions of others.')
    // Twice: a device may be let in from one of them at this moment. The first waits for that, the second sees it.
    await end(chat, caller, owner, async tx => [
      ...(await deleteSessionsOf(tx, owner)),
      ...(await deleteSessionsOf(tx, owner)),
    ])
    return {}
  }
  const session = (input.session ?? caller.session).toLowerCase()
  const owner = session === caller.session ? caller.user.id : await principalOfSession(chat.db, session)
  if (owner === undefined || !(await mayActFor(chat, caller, owner))) throw notFound('session')
  await end(chat, caller, owner, async tx => ((await deleteSession(tx, session)) ? [session] : []))
  return {}
}

async function end(
  chat: Chat,
  caller: Caller,
  owner: string,
  remove: (tx: Connection) => Promise<string[]>,
): Promise<void> {
  const news = await transaction(chat.db, async (tx): Promise<News> => {
    const ended = await remove(tx)
    // One's own sign-out changes nobody's rights: the version stays.
    if (owner === caller.user.id) return { ended }
    await audit(tx, caller.user.id, 'session.end', owner, { sessions: ended })
    return { ended, directory: await raiseDirectory(tx, [owner]) }
  })
  announce(chat, news)
}

/** session.list: one's own sign-ins; administrators see those of others. */
export async function listSessions(
  chat: Chat,
  caller: Caller,
  input: Input<'session.list'>,
): Promise<Result<'session.list'>> {
  const owner = input.user === undefined ? caller.user.id : (await resolvePerson(chat.db, input.user)).id
  if (!(await mayActFor(chat, caller, owner)))
    throw new Refusal('forbidden', 'Only administrators may see the sessions of others.')
  await writeUses(chat)
  const rows = await readSessions(chat.db, owner)
  return {
    sessions: rows.map(({ handedOverFrom, ...row }) => ({
      ...row,
      ...(handedOverFrom === null ? {} : { handedOverFrom }),
      createdAt: row.createdAt.toISOString(),
      lastUsedAt: row.lastUsedAt.toISOString(),
      expiresAt: row.expiresAt?.toISOString() ?? null,
      current: row.id === caller.session,
    })),
  }
}
