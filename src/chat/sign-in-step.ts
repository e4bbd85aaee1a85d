import { Refusal } from '../protocol/error.ts'
import type { PasskeyAssertion } from '../protocol/factor.ts'
import type { Input, Result } from '../protocol/request.ts'
import { type Connection, transaction } from '../store/db.ts'
import { findPasskey, usePasskey } from '../store/passkey.ts'
import { type FactorPerson, holdPerson } from '../store/second-factor.ts'
import type { Origin } from '../store/session.ts'
import { findTicket, takeTicket } from '../store/sign-in-ticket.ts'
import type { Chat } from './chat.ts'
import { codeKey, guarded } from './guess.ts'
import { offerAuthentication, readAssertion, type SeenPasskey } from './passkey.ts'
import { takeFailure } from './rate-limit.ts'
import { spendRecoveryCode } from './recovery-code.ts'
import { mayHaveFactor, openFor } from './second-factor.ts'
import { recordSignIn, type SignInMethod } from './sign-in-record.ts'
import { hashToken } from './token.ts'
import { useTotp } from './totp.ts'

type From = { address: string }
type Opened = { token: string; session: string; person: FactorPerson }

/** One answer for a ticket that was used, ran out, or never was. */
export function staleTicket(): Refusal {
  return new Refusal(
    'conflict',
    'This sign-in took too long, was finished already, or is none. Begin again with your password.',
  )
}

function wrongCode(): Refusal {
  return new Refusal('unauthenticated', 'The code is wrong, or was used already. Use the next one.')
}

function wrongPasskey(): Refusal {
  return new Refusal('unauthenticated', 'This passkey was not accepted here. Try again, or sign in another way.')
}

/** session.challenge: with a ticket for the passkeys of its holder, without one for whichever the browser finds. */
export async function challengeSignIn(
  chat: Chat,
  _from: From,
  { ticket }: Input<'session.challenge'>,
): Promise<Result<'session.challenge'>> {
  if (ticket === undefined) return { options: await offerAuthentication(chat, 'signIn', null) }
  const holder = await findTicket(chat.db, hashToken(ticket), 'verify')
  if (!holder) throw staleTicket()
  return { options: await offerAuthentication(chat, 'ticket', holder.principal) }
}

/**
 * session.signIn by what is not a password: the second step, or a passkey alone. Refusals: unauthenticated (wrong), conflict (the
 * ticket counts no more), rate_limited, invalid_argument.
 */
export async function signInByStep(chat: Chat, from: From, input: Input<'session.signIn'>): Promise<Opened> {
  const { ticket, code, recoveryCode, passkey } = input
  const given = [code, recoveryCode, passkey].filter(one => one !== undefined)
  if (input.user !== undefined || input.password !== undefined || given.length > 1)
    throw new Refusal(
      'invalid_argument',
      'Give user and password, or ticket with one of code, recoveryCode and passkey, or passkey alone.',
    )
  const opened =
    ticket === undefined
      ? await byPasskeyAlone(chat, from, passkey)
      : await bySecondStep(chat, from, hashToken(ticket), input)
  const { session, person, method } = opened
  recordSignIn(chat, { principal: person.id, address: from.address, method, outcome: 'ok', session })
  return opened
}

type Found = Opened & { method: SignInMethod }

async function bySecondStep(chat: Chat, from: From, ticket: Buffer, input: Input<'session.signIn'>): Promise<Found> {
  const { code, recoveryCode, passkey } = input
  const isDone = code === undefined && recoveryCode === undefined && passkey === undefined
  const step = isDone ? 'enrolled' : 'verify'
  const holder = await findTicket(chat.db, ticket, step)
  if (!holder) throw staleTicket()
  const open = (use: (tx: Connection) => Promise<boolean>) =>
    openWithin(chat, from, holder.principal, use, async tx => {
      const taken = await takeTicket(tx, ticket, step)
      // Programs before this one let whoever came from another pool set a factor up.
      if (!taken || (isDone && taken.origin !== undefined)) throw staleTicket()
      return taken.origin
    })
  if (passkey !== undefined) {
    const seen = await checkPasskey(chat, from, passkey, holder.principal)
    return { ...(await usedPasskey(chat, from, holder.principal, () => open(useOf(seen)))), method: 'passkey' }
  }
  if (isDone) {
    const opened = await open(async () => true)
    if (!opened) throw staleTicket()
    return { ...opened, method: 'enrolment' }
  }
  const method = code === undefined ? 'recovery' : 'totp'
  const tried = { principal: holder.principal, address: from.address, method } as const
  const opened = await guarded(
    chat,
    from.address,
    holder.name,
    () =>
      open(tx =>
        code === undefined
          ? spendRecoveryCode(tx, holder.principal, recoveryCode ?? '')
          : useTotp(chat, tx, holder.principal, code),
      ),
    { key: codeKey(holder.principal), onLocked: () => recordSignIn(chat, { ...tried, outcome: 'locked' }) },
  )
  if (opened) return { ...opened, method }
  recordSignIn(chat, { ...tried, outcome: 'wrong' })
  throw wrongCode()
}

async function byPasskeyAlone(chat: Chat, from: From, passkey: PasskeyAssertion | undefined): Promise<Found> {
  if (passkey === undefined)
    throw new Refusal('invalid_argument', 'user and password are missing. Add them, or a ticket, or a passkey.')
  const seen = await checkPasskey(chat, from, passkey, null)
  const open = () => openWithin(chat, from, seen.principal, useOf(seen))
  return { ...(await usedPasskey(chat, from, seen.principal, open)), method: 'passkey' }
}

/** Counted per address: nobody guesses a passkey, but looking at one costs. */
async function checkPasskey(chat: Chat, from: From, sent: PasskeyAssertion, principal: string | null) {
  const giveBack = takeFailure(chat, from.address)
  const seen = await readAssertion(chat, principal === null ? 'signIn' : 'ticket', principal, sent)
  if (!seen) {
    // Whose it is, or would be: a copied passkey shows in its owner's record.
    const owner = principal ?? (await findPasskey(chat.db, sent.id))?.principal
    recordSignIn(chat, { principal: owner, address: from.address, method: 'passkey', outcome: 'wrong' })
    throw wrongPasskey()
  }
  giveBack()
  return seen
}

function useOf({ id, counter }: SeenPasskey) {
  return (tx: Connection) => usePasskey(tx, id, counter)
}

async function usedPasskey(
  chat: Chat,
  from: From,
  principal: string,
  open: () => Promise<Opened | undefined>,
): Promise<Opened> {
  const opened = await open()
  if (opened) return opened
  recordSignIn(chat, { principal, address: from.address, method: 'passkey', outcome: 'wrong' })
  throw wrongPasskey()
}

/**
 * Uses up what was shown and opens the session, or does neither. Undefined where it was used already, or the person may not sign in.
 * `last` comes at the end and answers the pool that he comes from, if any: where it throws, the code is not used up.
 */
function openWithin(
  chat: Chat,
  { address }: From,
  principal: string,
  use: (tx: Connection) => Promise<boolean>,
  last?: (tx: Connection) => Promise<Origin | undefined>,
): Promise<Opened | undefined> {
  return transaction(chat.db, async tx => {
    const person = await holdPerson(tx, principal)
    if (!person || !mayHaveFactor(person) || !(await use(tx))) return undefined
    const origin = await last?.(tx)
    return { ...(await openFor(chat, tx, principal, address, { byFactor: true, origin })), person }
  })
}
