import { checkedName } from '../domain/name.ts'
import { checkedPrincipalName, domainOf, withDomain } from '../domain/principal.ts'
import { Refusal } from '../protocol/error.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Result } from '../protocol/request.ts'
import { lockDirectory } from '../store/affiliation.ts'
import { audit } from '../store/audit.ts'
import { type Connection, transaction } from '../store/db.ts'
import { setPolicy } from '../store/policy.ts'
import { hasAdministrator } from '../store/principal.ts'
import { holdPerson } from '../store/second-factor.ts'
import { changeSettings, readSettings } from '../store/settings.ts'
import { readSetupToken, writeSetupToken } from '../store/setup.ts'
import { everyone, raiseDirectory, raiseSettings } from '../store/stamp.ts'
import { announce } from './announce.ts'
import { addressesOf } from './apart.ts'
import type { Chat } from './chat.ts'
import { addPrincipal, hashed } from './principal.ts'
import { takeFailure } from './rate-limit.ts'
import { openOrAsk, secondFactorRequired } from './second-factor.ts'
import { loadSettings } from './settings.ts'
import { recordSignIn } from './sign-in-record.ts'
import { hashToken, isSame, makeToken } from './token.ts'

/** True until there is an administrator. */
export async function needsSetup(chat: Chat): Promise<boolean> {
  return !(await hasAdministrator(chat.db))
}

/** A new one-time token for the set-up link; the one before no longer counts. */
export async function beginSetup(chat: Chat): Promise<string> {
  const { token, hash } = makeToken()
  await writeSetupToken(chat.db, hash)
  return token
}

type SetupInput = { token: string; user: string; displayName: string; password: string }

/**
 * Makes the first administrator and signs him in; once, however many ask at the same time. Refusals: conflict (done
 * already), forbidden (token), invalid_argument, rate_limited; second_factor_required where it is done and he needs one.
 */
export async function completeSetup(
  chat: Chat,
  from: { address: string },
  input: SetupInput,
): Promise<Result<'session.signIn'>> {
  // A wrong token counts as a failed sign-in; hashing a password for whoever asks would be a way to keep us busy.
  const giveBack = takeFailure(chat, from.address)
  await transaction(chat.db, tx => refuseSetup(tx, input.token)).catch(noted(chat, from))
  const draft = await checkedAdministrator(chat, input)
  const made = await transaction(chat.db, async tx => {
    await lockDirectory(tx)
    await refuseSetup(tx, input.token)
    const first = await makeFirstAdministrator(tx, draft)
    const person = await holdPerson(tx, first.id)
    const opening = await openOrAsk(chat, tx, person!, from.address)
    return { opening, user: first, ...(await raiseBoth(tx)) }
  }).catch(noted(chat, from))
  giveBack()
  await tell(chat, made)
  const { opening } = made
  const tried = { principal: made.user.id, address: from.address, method: 'set-up' } as const
  if ('step' in opening) {
    recordSignIn(chat, { ...tried, outcome: 'enrolment required' })
    throw secondFactorRequired(opening.step)
  }
  recordSignIn(chat, { ...tried, outcome: 'ok', session: opening.session })
  return {
    token: opening.token,
    me: { ...made.user, administrator: true, roles: ['administrator'], enabled: true },
    ...addressesOf(chat),
  }
}

/** A wrong token is in the record as a wrong password is. */
function noted(chat: Chat, { address }: { address: string }) {
  return (error: unknown): never => {
    if (error instanceof Refusal && error.code === 'forbidden')
      recordSignIn(chat, { address, method: 'set-up', outcome: 'wrong' })
    throw error
  }
}

async function refuseSetup(tx: Connection, token: string): Promise<void> {
  if (await hasAdministrator(tx)) throw new Refusal('conflict', 'Set-up is done. Sign in as the administrator.')
  const hash = await readSetupToken(tx)
  if (!hash || !isSame(hash, hashToken(token)))
    throw new Refusal(
      'forbidden',
      'This set-up link is not valid. Use the one that the server printed when it started last.',
    )
}

type Draft = { name: string; displayName: string; passwordHash: string | undefined }

async function checkedAdministrator(chat: Chat, input: Omit<SetupInput, 'token'>): Promise<Draft> {
  return {
    name: checkedPrincipalName('user', withDomain(input.user, chat.settings.domain)),
    displayName: checkedName('displayName', input.displayName),
    passwordHash: await hashed(chat, input.password),
  }
}

/** The caller holds lockDirectory and found that there is no administrator. */
async function makeFirstAdministrator(tx: Connection, draft: Draft): Promise<Principal> {
  const { principal } = await addPrincipal(tx, { kind: 'user', administrator: true, ...draft })
  await setPolicy(tx, 'global', undefined, true)
  await writeSetupToken(tx, null)
  if ((await readSettings(tx)).settings.domain === '') await changeSettings(tx, { domain: domainOf(principal.name) })
  await audit(tx, principal.id, 'setup.complete', principal.id, { name: principal.name })
  return principal
}

async function raiseBoth(tx: Connection): Promise<{ directory: number; settings: number }> {
  return { directory: await raiseDirectory(tx, [everyone]), settings: await raiseSettings(tx) }
}

async function tell(chat: Chat, versions: { directory: number; settings: number }): Promise<void> {
  await loadSettings(chat)
  announce(chat, { directory: versions.directory, settings: versions.settings })
}

/**
 * Set-up without a person (PCHAT_ADMIN_USER, PCHAT_ADMIN_PASSWORD): makes the administrator, or does nothing where there is
 * one. A user without @ is one of `domain`, else of localhost. Refusals: invalid_argument, name_taken.
 */
export async function createFirstAdministrator(
  chat: Chat,
  input: { user: string; password: string; domain?: string | undefined },
): Promise<void> {
  if (!(await needsSetup(chat))) return
  const user = withDomain(input.user, input.domain || 'localhost')
  const displayName = user.slice(0, user.lastIndexOf('@'))
  const draft = await checkedAdministrator(chat, { user, displayName, password: input.password })
  const versions = await transaction(chat.db, async tx => {
    await lockDirectory(tx)
    if (await hasAdministrator(tx)) return undefined
    await makeFirstAdministrator(tx, draft)
    return raiseBoth(tx)
  })
  if (versions) await tell(chat, versions)
}
