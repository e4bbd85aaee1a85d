import { checkedName } from '../domain/name.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { lockDirectory } from '../store/affiliation.ts'
import { audit } from '../store/audit.ts'
import { type Connection, transaction } from '../store/db.ts'
import { deletePasskey, renamePasskey, usePasskey } from '../store/passkey.ts'
import { resolvePerson } from '../store/principal.ts'
import { deleteRecoveryCodes } from '../store/recovery-code.ts'
import { deleteFactors, holdPerson, readFactorPerson } from '../store/second-factor.ts'
import { deleteSessionsOf, noteProof } from '../store/session.ts'
import { clearAttempts } from '../store/sign-in-failure.ts'
import { raiseDirectory } from '../store/stamp.ts'
import { deleteTotp, totpSince } from '../store/totp.ts'
import { mayActFor } from './access.ts'
import { announce, type News } from './announce.ts'
import type { Caller, Chat } from './chat.ts'
import { requireFactorPerson } from './factor-enrol.ts'
import { codeKey, guarded } from './guess.ts'
import { offerAuthentication, passkeysOf, readAssertion } from './passkey.ts'
import { takeFailure } from './rate-limit.ts'
import { issueRecoveryCodes } from './recovery-code.ts'
import { hasFactor, kindsAt, mayHaveFactor, needsFactor, requireProof } from './second-factor.ts'
import { useTotp } from './totp.ts'

/** factor.list: never a secret. */
export async function listFactors(
  chat: Chat,
  caller: Caller,
  input: Input<'factor.list'>,
): Promise<Result<'factor.list'>> {
  const owner = input.user === undefined ? caller.user.id : (await resolvePerson(chat.db, input.user)).id
  if (!(await mayActFor(chat, caller, owner)))
    throw new Refusal('forbidden', 'Only administrators may see the second factors of others.')
  const person = await readFactorPerson(chat.db, owner)
  if (!person) throw notFound('principal')
  return {
    mayHave: mayHaveFactor(person),
    required: needsFactor(chat, person),
    kinds: kindsAt(chat),
    totpSince: (await totpSince(chat.db, owner))?.toISOString() ?? null,
    passkeys: await passkeysOf(chat.db, owner),
    recoveryCodes: person.recoveryCodes,
  }
}

/** factor.challenge */
export async function challengeProof(
  chat: Chat,
  caller: Caller,
  _input: Input<'factor.challenge'>,
): Promise<Result<'factor.challenge'>> {
  return { options: await offerAuthentication(chat, 'prove', caller.user.id) }
}

/** factor.prove: counted as at sign-in. Refusals: forbidden (wrong), rate_limited, invalid_argument. */
export async function proveAgain(
  chat: Chat,
  caller: Caller,
  input: Input<'factor.prove'>,
): Promise<Result<'factor.prove'>> {
  if (!(await proves(chat, caller, input)))
    throw new Refusal('forbidden', 'This does not prove that it is you. Try again, or another way.')
  if (!(await noteProof(chat.db, caller.session))) throw notFound('session')
  return {}
}

async function proves(chat: Chat, { user, address }: Caller, input: Input<'factor.prove'>): Promise<boolean> {
  const { password, code, passkey } = input
  if ([password, code, passkey].filter(one => one !== undefined).length !== 1)
    throw new Refusal('invalid_argument', 'Give one of password, code and passkey.')
  if (password !== undefined) {
    const found = await guarded(chat, address, user.name, () => chat.directory.authenticate(user.name, password))
    return found?.id === user.id
  }
  if (code !== undefined) {
    // Held, so that an app that is being confirmed comes before or after: a use writes back the secret that it read.
    const check = () =>
      transaction(chat.db, async tx => {
        const isRight = (await holdPerson(tx, user.id)) !== undefined && (await useTotp(chat, tx, user.id, code))
        return isRight || undefined
      })
    return (await guarded(chat, address, user.name, check, { key: codeKey(user.id) })) === true
  }
  const giveBack = takeFailure(chat, address)
  const seen = await readAssertion(chat, 'prove', user.id, passkey!)
  if (!seen || !(await usePasskey(chat.db, seen.id, seen.counter))) return false
  giveBack()
  return true
}

/** factor.rename */
export async function renameFactor(
  chat: Chat,
  caller: Caller,
  input: Input<'factor.rename'>,
): Promise<Result<'factor.rename'>> {
  const name = checkedName('name', input.name)
  if (!(await renamePasskey(chat.db, caller.user.id, input.passkey, name))) throw notFound('passkey')
  return {}
}

/** factor.remove. Refusals: proof_required, not_found, conflict (the last one, where one is obligatory). */
export async function removeFactor(
  chat: Chat,
  caller: Caller,
  input: Input<'factor.remove'>,
): Promise<Result<'factor.remove'>> {
  const { passkey, totp } = input
  if ((passkey === undefined) === (totp === undefined))
    throw new Refusal('invalid_argument', 'Give passkey or totp, whichever is to go.')
  await requireProof(chat.db, caller)
  const { id } = caller.user
  const ended = await transaction(chat.db, async tx => {
    const before = await requireFactorPerson(tx, id)
    const removed = passkey === undefined ? await deleteTotp(tx, id) : await deletePasskey(tx, id, passkey)
    if (!removed) throw notFound('passkey')
    const left = {
      totp: before.totp && totp === undefined,
      passkeys: before.passkeys - (passkey === undefined ? 0 : 1),
    }
    if (!hasFactor(left)) {
      if (needsFactor(chat, before))
        throw new Refusal('conflict', 'This account needs a second factor. Set up another one, then remove this.')
      await deleteRecoveryCodes(tx, id)
    }
    await audit(tx, id, 'factor.remove', id, { kind: passkey === undefined ? 'totp' : 'passkey' })
    // Whoever lost the device wants nobody in that came in by it.
    return deleteSessionsOf(tx, id, caller.session)
  })
  announce(chat, { ended })
  return {}
}

/** factor.recoveryCodes. Refusals: proof_required, conflict (there is nothing to recover). */
export async function renewRecoveryCodes(
  chat: Chat,
  caller: Caller,
  _input: Input<'factor.recoveryCodes'>,
): Promise<Result<'factor.recoveryCodes'>> {
  await requireProof(chat.db, caller)
  const { id } = caller.user
  return transaction(chat.db, async tx => {
    if (!hasFactor(await requireFactorPerson(tx, id)))
      throw new Refusal('conflict', 'There is no second factor yet. Set one up first; it brings recovery codes along.')
    await audit(tx, id, 'factor.recoveryCodes', id)
    return { recoveryCodes: await issueRecoveryCodes(tx, id) }
  })
}

/** factor.reset: for who lost everything. Refusals: proof_required, not_found. */
export async function resetFactors(
  chat: Chat,
  caller: Caller,
  input: Input<'factor.reset'>,
): Promise<Result<'factor.reset'>> {
  await requireProof(chat.db, caller)
  announce(chat, await transaction(chat.db, tx => resetSecondFactor(tx, input.user, caller.user.id)))
  return {}
}

/** Takes all factors and ends all sign-ins of a user, by an administrator or the operator. */
export async function resetSecondFactor(tx: Connection, user: string, actor: string): Promise<News> {
  // Before the person's row, as by whoever changes people.
  await lockDirectory(tx)
  const { id, kind } = await resolvePerson(tx, user)
  if (kind !== 'user') throw new Refusal('invalid_argument', 'Only users have second factors. Name a user.')
  await deleteFactors(tx, id)
  await clearAttempts(tx, codeKey(id))
  const ended = await deleteSessionsOf(tx, id)
  await audit(tx, actor, 'factor.reset', id, { ended: ended.length })
  return { ended, directory: await raiseDirectory(tx, [id]) }
}
