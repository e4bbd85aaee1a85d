import { Refusal } from '../protocol/error.ts'
import type { FactorKind, SecondStep } from '../protocol/factor.ts'
import type { Connection, Queryable } from '../store/db.ts'
import type { FactorPerson } from '../store/second-factor.ts'
import { insertSession, isProven, type Origin } from '../store/session.ts'
import { insertTicket } from '../store/sign-in-ticket.ts'
import type { Caller, Chat } from './chat.ts'
import { passkeySite } from './passkey.ts'
import { makeToken } from './token.ts'

/** Bots have their tokens; people of other sources sign in there, with what is asked of them there. */
export function mayHaveFactor(person: Pick<FactorPerson, 'bot' | 'source'>): boolean {
  return !person.bot && person.source === ''
}

export function hasFactor(person: Pick<FactorPerson, 'totp' | 'passkeys'>): boolean {
  return person.totp || person.passkeys > 0
}

/** Must have a second factor. */
export function needsFactor(chat: Chat, person: Pick<FactorPerson, 'bot' | 'source' | 'official'>): boolean {
  const { need } = chat.secondFactor
  return mayHaveFactor(person) && (need === 'everyone' || (need === 'administrators' && person.official))
}

/** What can be set up at this address. */
export function kindsAt(chat: Chat): FactorKind[] {
  return passkeySite(chat) ? ['totp', 'passkey'] : ['totp']
}

/** A session, or what is still asked for before there is one. */
export type Opening = { token: string; session: string } | { step: SecondStep }

/** The right password was given. The caller holds the person (holdByPassword). */
export async function openOrAsk(chat: Chat, tx: Connection, person: FactorPerson, address: string): Promise<Opening> {
  const has = mayHaveFactor(person) && hasFactor(person)
  if (!has && !needsFactor(chat, person)) return openFor(chat, tx, person.id, address)
  return askFactor(chat, tx, person)
}

/** What is asked for before there is a session: a factor of his, or setting one up. The caller holds the person. */
export async function askFactor(
  chat: Chat,
  tx: Connection,
  person: FactorPerson,
  origin?: Origin,
): Promise<{ step: SecondStep }> {
  const has = mayHaveFactor(person) && hasFactor(person)
  const { token, hash } = makeToken()
  await insertTicket(tx, hash, person.id, has ? 'verify' : 'enrol', origin)
  const methods: SecondStep['methods'] = has
    ? [
        ...(person.passkeys > 0 ? (['passkey'] as const) : []),
        ...(person.totp ? (['totp'] as const) : []),
        ...(person.recoveryCodes > 0 ? (['recovery'] as const) : []),
      ]
    : []
  return { step: { ticket: token, methods, enrol: !has, kinds: kindsAt(chat) } }
}

/** What he showed, and the pool that he comes from. */
export type Shown = { byFactor?: boolean; isProven?: boolean; origin?: Origin | undefined }

/** A new session of a person who has shown all that is asked of him. */
export async function openFor(chat: Chat, tx: Connection, principal: string, address: string, shown: Shown = {}) {
  const { token, hash } = makeToken()
  const days = chat.settings.sessionDays
  const made = { principal, tokenHash: hash, kind: 'person', address, days, ...shown } as const
  return { token, session: await insertSession(tx, made) }
}

/** Said only after the right password. */
export function secondFactorRequired(step: SecondStep): Refusal {
  const sentence = step.enrol
    ? 'This account needs a second factor and has none. Set one up with the ticket (session.enrol), then sign in with it.'
    : 'This account has a second factor. Sign in with the ticket and a code, a recovery code or a passkey.'
  return new Refusal('second_factor_required', sentence, { details: step })
}

/** For changes of factors: whoever found an open window must not do them. Refusal proof_required. */
export async function requireProof(q: Queryable, caller: Caller): Promise<void> {
  if (await isProven(q, caller.session)) return
  throw new Refusal(
    'proof_required',
    'Prove again that it is you: with your password, a code or a passkey (factor.prove). Then ask once more.',
  )
}
