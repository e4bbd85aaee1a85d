import { notFound, Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { transaction } from '../store/db.ts'
import { readSignInToGive, takeHandOver } from '../store/hand-over.ts'
import { findCredential } from '../store/principal.ts'
import { type FactorPerson, holdPerson } from '../store/second-factor.ts'
import type { Caller, Chat } from './chat.ts'
import { guarded } from './guess.ts'
import { type HandedOver, readHandOver, signHandOver } from './hand-over-ticket.ts'
import type { PoolPlace } from './known-pools.ts'
import { otherPool } from './pools.ts'
import { takeFailure } from './rate-limit.ts'
import {
  askFactor,
  hasFactor,
  mayHaveFactor,
  needsFactor,
  type Opening,
  openFor,
  secondFactorRequired,
} from './second-factor.ts'
import { recordSignIn, type SignInMethod } from './sign-in-record.ts'

/**
 * One sign-in for all pools: each has its own accounts, sessions and rules, and takes the signed word of another about who somebody is.
 * Nothing is asked of the other pool, and nothing is told to it.
 */

const method: SignInMethod = 'hand-over'
/** A provider that vouches here is not asked about what goes on there. */
const vouchedMs = 8 * 3_600_000

/** session.handOver. Refusals: not_found (no such pool), conflict (nothing is handed over here), forbidden (bots), unauthenticated. */
export async function handOver(
  chat: Chat,
  caller: Caller,
  { pool, challenge }: Input<'session.handOver'>,
): Promise<Result<'session.handOver'>> {
  const to = otherPool(chat, pool)
  if (!to) throw notFound('pool')
  const key = chat.pools?.keys[0]
  if (!key) throw unkeyed()
  const found = await readSignInToGive(chat.db, caller.session)
  if (!found) throw new Refusal('forbidden', 'Only sign-ins of people are handed over. Use a token of that pool.')
  const { name, source, byFactor, since, expiresAt, isVouched } = found
  const latest = isVouched ? new Date(Date.now() + vouchedMs) : null
  const until = expiresAt && latest ? new Date(Math.min(+expiresAt, +latest)) : (expiresAt ?? latest)
  const ticket = await signHandOver(key, {
    ...{ from: chat.pool ?? '', to: to.name, account: name, source, byFactor, since, until, challenge },
  })
  const { user, address, session } = caller
  recordSignIn(chat, { principal: user.id, address, method, outcome: 'given', session, pool: to.displayName })
  return { ticket, url: to.url }
}

function unkeyed(): Refusal {
  return new Refusal('conflict', 'This server hands no sign-in over. Sign in at the other pool.')
}

/** One answer for whatever is wrong with a ticket. */
function refused(): Refusal {
  return new Refusal(
    'unauthenticated',
    'This sign-in of another pool counts no more, or is none for this one. Choose the pool there once more, or sign in here.',
  )
}

/** Said to who is somebody there, of himself. */
function noAccount(): Refusal {
  return new Refusal(
    'forbidden',
    'A sign-in of that pool opens no account here: there is none of your name from the same source, or it may not sign in. Sign in here, or ask your administrator.',
  )
}

/**
 * session.signIn with the ticket of another pool. Refusals: unauthenticated (the ticket), forbidden (no account that it opens),
 * second_factor_required, rate_limited.
 */
export async function signInHandedOver(chat: Chat, from: { address: string }, input: Input<'session.signIn'>) {
  const { handOver: ticket = '', verifier = '' } = input
  if (Object.keys(input).length > 2 || ticket === '' || verifier === '')
    throw new Refusal('invalid_argument', 'Give handOver and verifier, and nothing else.')
  const giveBack = takeFailure(chat, from.address)
  const given = await readHandOver(chat.pools?.keys ?? [], ticket, { to: chat.pool ?? '', verifier })
  const pool = given && otherPool(chat, given.from)
  if (!given || !pool || (given.until !== null && +given.until <= Date.now())) throw refused()
  giveBack()
  const taken = await take(chat, from.address, given, pool)
  const { person, origin } = taken
  if ('step' in taken) {
    const outcome = 'factor required'
    recordSignIn(chat, { principal: person.id, address: from.address, method, outcome, pool: origin.from })
    throw secondFactorRequired(taken.step)
  }
  const { session } = taken
  recordSignIn(chat, { principal: person.id, address: from.address, method, outcome: 'ok', session, pool: origin.from })
  return taken
}

/**
 * Under the lock of the name, as with a password: one that is locked is so for this way as well. Whoever is refused here guessed nothing,
 * and locks nobody out.
 */
async function take(chat: Chat, address: string, given: HandedOver, pool: PoolPlace): Promise<Taken> {
  const account = await findCredential(chat.db, given.account)
  const tried = { name: given.account, address, method, pool: pool.displayName }
  const check = async () => {
    // The same name from another source may be somebody else's: who makes accounts there makes none for people from elsewhere here.
    if (!account?.mayUse || account.source !== given.source) throw noAccount()
    return open(chat, address, account.principal.id, given, pool)
  }
  try {
    const onLocked = () => recordSignIn(chat, { ...tried, outcome: 'locked' })
    const taken = await guarded(chat, address, given.account, check, {
      ...{ isKnown: () => account !== undefined, onLocked, isOtherWay: true },
    })
    return taken!
  } catch (error) {
    if (error instanceof Refusal && (error.code === 'unauthenticated' || error.code === 'forbidden'))
      recordSignIn(chat, { ...tried, outcome: 'wrong' })
    throw error
  }
}

type Taken = Opening & { person: FactorPerson; origin: { from: string; until: Date | null } }

/** Uses the ticket up and opens the session, or asks for the factor; or does neither. */
function open(chat: Chat, address: string, principal: string, given: HandedOver, pool: PoolPlace): Promise<Taken> {
  const origin = { from: pool.displayName, until: given.until }
  return transaction(chat.db, async tx => {
    const person = await holdPerson(tx, principal)
    if (!person || person.bot || person.source !== given.source) throw noAccount()
    if (!(await takeHandOver(tx, given.id))) throw refused()
    const has = mayHaveFactor(person) && hasFactor(person)
    // Who rules there does not come to rule here.
    if (person.official && !has)
      throw new Refusal(
        'forbidden',
        'Whoever holds a role of administration here signs in here, unless he has a second factor here. Sign in with your password.',
      )
    // Whoever stole a sign-in there would have the first factor of an account here, and its owner would be shut out.
    if (needsFactor(chat, person) && !has && !given.byFactor)
      throw new Refusal(
        'forbidden',
        'A second factor is needed here, and you have none yet. Sign in here with your password, and set one up.',
      )
    if (has && (person.official || !given.byFactor))
      return { ...(await askFactor(chat, tx, person, origin)), person, origin }
    const opened = await openFor(chat, tx, principal, address, { byFactor: given.byFactor, isProven: false, origin })
    return { ...opened, person, origin }
  })
}
