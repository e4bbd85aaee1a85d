import { randomBytes } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import type { NewTotp } from '../protocol/factor.ts'
import type { Connection } from '../store/db.ts'
import { beginTotp, confirmTotp, readTotp, useStep } from '../store/totp.ts'
import type { Chat } from './chat.ts'
import { seal, unseal } from './seal.ts'

/** What every authenticator app takes: RFC 6238 with SHA-1, six digits, 30 seconds. */
const secretBytes = 20
const period = 30
const issuer = 'Persistent Chat'
/** A clock may be a step off, either way. */
const window = 1

function appOf(secret: Uint8Array, label: string): TOTP {
  // A copy: what the driver hands over may be a piece of a larger buffer.
  const own = new Uint8Array(secret)
  return new TOTP({ issuer, label, secret: new Secret({ buffer: own.buffer }), period })
}

/** The step that a code is of; undefined where it is of none that counts now. */
function stepOf(secret: Uint8Array, code: string): number | undefined {
  const token = code.replace(/\s/g, '')
  if (!/^\d{6}$/.test(token)) return undefined
  const timestamp = Date.now()
  const app = appOf(secret, '')
  const delta = app.validate({ token, window, timestamp })
  return delta === null ? undefined : app.counter({ timestamp }) + delta
}

/** A new secret for an app, told this once. It counts when a code of it has come back. The caller has locked the person. */
export async function startTotp(chat: Chat, tx: Connection, person: { id: string; name: string }): Promise<NewTotp> {
  const secret = randomBytes(secretBytes)
  await beginTotp(tx, person.id, seal(chat.secondFactor.keys, person.id, secret))
  const app = appOf(secret, person.name)
  return { secret: app.secret.base32, uri: app.toString() }
}

/** The app has shown that it knows the secret: it counts now, in place of the one before. False where it has not. */
export async function finishTotp(chat: Chat, tx: Connection, principal: string, code: string): Promise<boolean> {
  const begun = await readTotp(tx, principal, false)
  const step = begun && stepOf(unseal(chat.secondFactor.keys, principal, begun), code)
  if (step === undefined) return false
  await confirmTotp(tx, principal, step)
  return true
}

/** Whether this is a code of the person's app that was not used before; it is used up now. The caller holds the person. */
export async function useTotp(chat: Chat, tx: Connection, principal: string, code: string): Promise<boolean> {
  const kept = await readTotp(tx, principal, true)
  if (!kept) return false
  const secret = unseal(chat.secondFactor.keys, principal, kept)
  const step = stepOf(secret, code)
  // Written anew with each use: a key that was added or replaced takes hold by itself.
  return step !== undefined && useStep(tx, principal, step, seal(chat.secondFactor.keys, principal, secret))
}
