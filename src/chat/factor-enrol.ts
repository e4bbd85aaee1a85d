import { checkedName } from '../domain/name.ts'
import { Refusal } from '../protocol/error.ts'
import type { FactorKind } from '../protocol/factor.ts'
import type { Input, Result } from '../protocol/request.ts'
import { audit } from '../store/audit.ts'
import { type Connection, transaction } from '../store/db.ts'
import { insertPasskey } from '../store/passkey.ts'
import { type FactorPerson, lockPerson } from '../store/second-factor.ts'
import { deleteOtherTickets, findTicket, fulfilTicket } from '../store/sign-in-ticket.ts'
import type { Caller, Chat } from './chat.ts'
import { maxPasskeys, offerRegistration, readAttestation } from './passkey.ts'
import { issueRecoveryCodes } from './recovery-code.ts'
import { hasFactor, mayHaveFactor, requireProof } from './second-factor.ts'
import { staleTicket } from './sign-in-step.ts'
import { hashToken } from './token.ts'
import { finishTotp, startTotp } from './totp.ts'

/** Setting up a second factor: within a session, or with the ticket of a sign-in that may not go on without one. */

type Confirmation = Input<'factor.confirm'>

/** factor.begin. Refusals: proof_required, forbidden (signs in elsewhere), conflict. */
export async function beginFactor(
  chat: Chat,
  caller: Caller,
  { kind }: Input<'factor.begin'>,
): Promise<Result<'factor.begin'>> {
  await requireProof(chat.db, caller)
  return begin(chat, caller.user.id, kind)
}

/** factor.confirm. Refusals: as factor.begin, and invalid_argument. The first factor brings recovery codes along. */
export async function confirmFactor(
  chat: Chat,
  caller: Caller,
  input: Confirmation,
): Promise<Result<'factor.confirm'>> {
  await requireProof(chat.db, caller)
  return confirm(chat, caller.user.id, input)
}

/**
 * session.enrol: the only thing that the ticket of a sign-in without an obligatory factor is good for. Once it is confirmed the
 * ticket opens the session. Refusals: conflict (the ticket counts no more), invalid_argument.
 */
export async function enrolAtSignIn(
  chat: Chat,
  _from: { address: string },
  { ticket, begin: kind, ...confirmation }: Input<'session.enrol'>,
): Promise<Result<'session.enrol'>> {
  const hash = hashToken(ticket)
  const holder = await findTicket(chat.db, hash, 'enrol')
  if (!holder) throw staleTicket()
  if (kind !== undefined) return begin(chat, holder.principal, kind, refuseSecond)
  return confirm(chat, holder.principal, confirmation, async (tx, person) => {
    refuseSecond(person)
    if (!(await fulfilTicket(tx, hash))) throw staleTicket()
    await deleteOtherTickets(tx, person.id, hash)
  })
}

/** With the password alone nobody adds a second one beside that of its owner. */
function refuseSecond(person: FactorPerson): void {
  if (hasFactor(person)) throw staleTicket()
}

async function begin(
  chat: Chat,
  principal: string,
  kind: FactorKind,
  check: (person: FactorPerson) => void = () => {},
): Promise<Result<'factor.begin'>> {
  const { person, totp } = await transaction(chat.db, async tx => {
    const locked = await requireFactorPerson(tx, principal)
    check(locked)
    return { person: locked, totp: kind === 'totp' ? await startTotp(chat, tx, locked) : undefined }
  })
  if (totp) return { totp }
  refuseCrowd(person)
  return { options: await offerRegistration(chat, person) }
}

async function confirm(
  chat: Chat,
  principal: string,
  input: Confirmation,
  within: (tx: Connection, person: FactorPerson) => Promise<void> = async () => {},
): Promise<Result<'factor.confirm'>> {
  const { code, passkey } = input
  if ((code === undefined) === (passkey === undefined))
    throw new Refusal('invalid_argument', 'Give a code of the app, or a passkey, whichever was begun.')
  const name = passkey && checkedName('name', input.name ?? 'Passkey')
  const made = passkey && (await readAttestation(chat, principal, passkey))
  if (passkey && !made)
    throw new Refusal('invalid_argument', 'This passkey was not made for this address and moment. Begin again.')
  return transaction(chat.db, async tx => {
    const person = await requireFactorPerson(tx, principal)
    await within(tx, person)
    if (made) await addPasskey(tx, person, { ...made, name: name! })
    else if (!(await finishTotp(chat, tx, principal, code!)))
      throw new Refusal(
        'invalid_argument',
        'This is no code of the app that was begun. Check its clock, or begin again.',
      )
    await audit(tx, principal, 'factor.add', principal, made ? { kind: 'passkey', name } : { kind: 'totp' })
    return hasFactor(person) ? {} : { recoveryCodes: await issueRecoveryCodes(tx, principal) }
  })
}

/** Locked, so that one change of his factors comes after the other. */
export async function requireFactorPerson(tx: Connection, principal: string): Promise<FactorPerson> {
  const person = await lockPerson(tx, principal)
  if (!person) throw new Refusal('unauthenticated', 'This account is switched off. Ask an administrator.')
  if (!mayHaveFactor(person))
    throw new Refusal('forbidden', 'This account does not sign in here by password: it has no second factor here.')
  return person
}

function refuseCrowd(person: FactorPerson): void {
  if (person.passkeys >= maxPasskeys)
    throw new Refusal(
      'conflict',
      `An account has at most ${maxPasskeys} passkeys. Remove one that is not used any more.`,
    )
}

async function addPasskey(
  tx: Connection,
  person: FactorPerson,
  made: Omit<Parameters<typeof insertPasskey>[1], 'principal'>,
): Promise<void> {
  refuseCrowd(person)
  if (!(await insertPasskey(tx, { ...made, principal: person.id })))
    throw new Refusal('conflict', 'This passkey is set up already. Use another one.')
}
