import { randomInt } from 'node:crypto'
import { checkedName } from '../domain/name.ts'
import { Refusal } from '../protocol/error.ts'
import type { Me } from '../protocol/principal.ts'
import { audit } from '../store/audit.ts'
import { transaction } from '../store/db.ts'
import { answerDevice, findDevice, insertDevice, pollDevice } from '../store/device.ts'
import { copyVouch } from '../store/oidc.ts'
import { holdPerson } from '../store/second-factor.ts'
import { holdSession, insertSession } from '../store/session.ts'
import { addressesOf } from './apart.ts'
import type { Caller, Chat } from './chat.ts'
import { takeFailure } from './rate-limit.ts'
import { callerOfToken, readMe } from './session.ts'
import { recordSignIn } from './sign-in-record.ts'
import { hashToken, makeToken } from './token.ts'

/**
 * A program without a browser is signed in by its user at one, as RFC 8628 does it, with this server in the provider's place: so it
 * works whichever way he signs in at the browser.
 */

const deviceSeconds = 600
const pollSeconds = 2
/** Letters that are not taken for others, and make no words. 20 ^ 8 codes, and whoever guesses has to be signed in. */
const letters = 'BCDFGHJKLMNPQRSTVWXZ'
const codeLength = 8
const maxTries = 5
const maxClient = 60

export type BegunDevice = { deviceCode: string; userCode: string; expiresInSeconds: number; intervalSeconds: number }

/** A device asks. Refusal invalid_argument for its name. */
export async function beginDevice(chat: Chat, from: { client: string; address: string }): Promise<BegunDevice> {
  const client = checkedName('client', from.client)
  if (client.length > maxClient)
    throw new Refusal('invalid_argument', `client is longer than ${maxClient} characters. Shorten it.`)
  const { token: deviceCode, hash: deviceHash } = makeToken()
  for (let tries = 0; tries < maxTries; tries += 1) {
    const code = Array.from({ length: codeLength }, () => letters[randomInt(letters.length)]).join('')
    const made = { deviceHash, userCode: code, client, address: from.address, seconds: deviceSeconds }
    if (await insertDevice(chat.db, made))
      return {
        deviceCode,
        userCode: `${code.slice(0, 4)}-${code.slice(4)}`,
        expiresInSeconds: deviceSeconds,
        intervalSeconds: pollSeconds,
      }
  }
  throw new Refusal('unavailable', 'Too many devices ask to be signed in. Try again.', { retryAfterMs: 5_000 })
}

/** As it is kept, however it was typed. */
function readCode(typed: string): string {
  return typed
    .slice(0, 50)
    .toUpperCase()
    .replace(/[^A-Z]/g, '')
}

function unknownCode(): Refusal {
  return new Refusal(
    'not_found',
    'This code is unknown, was used, or is too old. Look at it again, or begin again there.',
  )
}

/** What asks under a code, for who is to answer. A wrong code counts as a failed sign-in. Refusals: not_found, rate_limited. */
export async function showDevice(chat: Chat, caller: Caller, userCode: string) {
  const giveBack = takeFailure(chat, caller.address)
  const found = await findDevice(chat.db, readCode(userCode))
  if (!found) throw unknownCode()
  giveBack()
  return { client: found.client, address: found.address, createdAt: found.createdAt.toISOString() }
}

/** Its user says yes or no, once. Refusals: not_found, rate_limited. */
export async function confirmDevice(
  chat: Chat,
  caller: Caller,
  input: { userCode: string; allow: boolean },
): Promise<void> {
  const giveBack = takeFailure(chat, caller.address)
  const by = {
    answer: input.allow ? 'allowed' : 'denied',
    principal: caller.user.id,
    session: caller.session,
  } as const
  if (!(await answerDevice(chat.db, readCode(input.userCode), by))) throw unknownCode()
  giveBack()
}

export type DeviceAnswer =
  | { status: 'pending' | 'hasty' | 'denied' }
  | { status: 'allowed'; token: string; me: Me; servers: string[] }

/**
 * The device asks whether it was answered; the token is given out once. The new sign-in lasts as the one lasts from which it was
 * confirmed, where a provider vouches for that one, and proves no more than that one does; where that one has ended meanwhile, it
 * was for nothing. Refusals: not_found, rate_limited, unavailable.
 */
export async function askDevice(chat: Chat, from: { deviceCode: string; address: string }): Promise<DeviceAnswer> {
  const giveBack = takeFailure(chat, from.address)
  const { token, hash } = makeToken()
  let principal: string | undefined
  const record = (outcome: 'ok' | 'wrong', session?: string) =>
    recordSignIn(chat, { principal, address: from.address, method: 'device', outcome, session })
  const status = await transaction(chat.db, async tx => {
    const found = await pollDevice(tx, hashToken(from.deviceCode), pollSeconds * 0.8)
    if (!found) return undefined
    if (found.hasty) return 'hasty'
    principal = found.principal ?? undefined
    if (found.answer !== 'allowed' || found.principal === null || found.session === null)
      return found.answer === 'denied' ? 'denied' : 'pending'
    const owner = found.principal
    // The person before his sign-in, as by whoever changes him and ends what he has open: nothing comes in between.
    if (!(await holdPerson(tx, owner))) return 'denied'
    const held = await holdSession(tx, found.session, owner)
    if (!held) return 'denied'
    const made = {
      principal: owner,
      tokenHash: hash,
      kind: 'person',
      address: from.address,
      from: found.session,
    } as const
    const session = await insertSession(tx, { ...made, days: chat.settings.sessionDays })
    if (!(await copyVouch(tx, found.session, session)) && held.isVouched)
      throw new Refusal('unavailable', 'Nobody vouches for this sign-in at the moment. Ask again.', {
        retryAfterMs: 5_000,
      })
    await audit(tx, owner, 'session.device', owner, { session })
    return 'allowed'
  })
  if (status === undefined) {
    record('wrong')
    throw unknownCode()
  }
  giveBack()
  if (status === 'pending' || status === 'hasty') return { status }
  // Ended already, by whoever waited for us: as if that had come before.
  const caller = status === 'allowed' ? await callerOfToken(chat, token, from.address) : undefined
  if (!caller) {
    record('wrong')
    return { status: 'denied' }
  }
  record('ok', caller.session)
  return { status: 'allowed', token, me: await readMe(chat, caller), ...addressesOf(chat) }
}
