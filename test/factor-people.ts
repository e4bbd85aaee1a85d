import { Secret, TOTP } from 'otpauth'
import type { SecondStep } from '../src/protocol/factor.ts'
import type { Input, Result } from '../src/protocol/request.ts'
import type { Answer } from './ask-http.ts'
import { openAuthenticator } from './authenticator.ts'
import { type Person, password, personAt } from './harness.ts'

/** A code of an app with this secret, some steps of 30 seconds from now. */
export function codeOf(secret: string, steps = 0): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + steps * 30_000 })
}

/** session.signIn over HTTP, as whoever is not signed in asks it. */
export async function askSignIn(url: string, input: Input<'session.signIn'>): Promise<Answer<'session.signIn'>> {
  return stranger(url).ask('session.signIn', input)
}

export function stranger(url: string, token = 'none'): Person {
  return personAt(url, token, { id: '', kind: 'user', name: '', displayName: '' })
}

/** The right password; answers what is asked for next. */
export async function firstStep(url: string, user: string, secret = password): Promise<SecondStep> {
  const { error } = await askSignIn(url, { user, password: secret })
  if (error?.code !== 'second_factor_required') throw new Error(`${user}: ${JSON.stringify(error) ?? 'signed in'}`)
  return error.details as SecondStep
}

/** Sets up an authenticator app. */
export async function addTotp(person: Pick<Person, 'call'>): Promise<{ secret: string; recoveryCodes: string[] }> {
  const { totp } = await person.call('factor.begin', { kind: 'totp' })
  const { recoveryCodes = [] } = await person.call('factor.confirm', { code: codeOf(totp!.secret) })
  return { secret: totp!.secret, recoveryCodes }
}

export async function addPasskey(person: Pick<Person, 'call'>, origin: string, name = 'Laptop') {
  const authenticator = openAuthenticator(origin)
  const { options } = await person.call('factor.begin', { kind: 'passkey' })
  const { recoveryCodes = [] } = await person.call('factor.confirm', { passkey: authenticator.create(options), name })
  return { authenticator, recoveryCodes }
}

/** The same through the ticket of a sign-in that needs one. */
export async function enrolTotp(url: string, user: string): Promise<Result<'session.signIn'>> {
  const { ticket } = await firstStep(url, user)
  const { totp } = await stranger(url).call('session.enrol', { ticket, begin: 'totp' })
  await stranger(url).call('session.enrol', { ticket, code: codeOf(totp!.secret) })
  return stranger(url).call('session.signIn', { ticket })
}
