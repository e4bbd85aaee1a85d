import type { LiveTicket } from '../../../src/client/link.ts'
import type { WireError } from '../../../src/protocol/error.ts'
import type { SecondStep } from '../../../src/protocol/factor.ts'
import type { Me } from '../../../src/protocol/principal.ts'
import type { Input, Result, Verb } from '../../../src/protocol/request.ts'

/** `apart`: live sessions are at other hosts, which a ticket leads to. */
export type SignedIn = { me: Me; csrf: string; apart?: boolean }
/** An OpenID provider that people sign in at. */
export type Provider = { name: string; title: string }
/** Who vouches for this sign-in; null: a password did. `signOutUrl`: where one signs out there too, if there is such a page. */
export type SignedInAt = { provider: Provider | null; signOutUrl?: string | null }
/** What asks to be signed in under a code. */
export type Device = { client: string; address: string; createdAt: string }

/** A refusal of the sign-in routes, of the same shape as the WebSocket's. */
export class HttpFault extends Error {
  readonly code: string
  readonly id: string | undefined
  readonly retryAfterMs: number | undefined
  readonly details: object | undefined
  /** As the server said it. */
  readonly wire: WireError
  constructor(error: WireError) {
    super(error.message)
    this.wire = error
    this.code = error.code
    this.id = error.id
    this.retryAfterMs = error.retryAfterMs
    this.details = error.details
  }
}

async function call<Result>(method: 'GET' | 'POST', path: string, body?: unknown, csrf?: string): Promise<Result> {
  let answer: Response
  try {
    answer = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(csrf === undefined ? {} : { 'x-pchat-csrf': csrf }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch {
    throw new HttpFault({
      code: 'unavailable',
      message: 'The server does not answer. Check your network and try again.',
    })
  }
  const text = await answer.text()
  let value: unknown
  try {
    value = text === '' ? {} : JSON.parse(text)
  } catch {
    value = {}
  }
  if (answer.ok) return value as Result
  const error = (value as { error?: WireError }).error
  throw new HttpFault(
    error ?? { code: 'unavailable', message: `The server answered ${answer.status}. Try again in a moment.` },
  )
}

/** What is asked for beside the password; undefined where the error is another one. */
export function stepOf(error: unknown): SecondStep | undefined {
  if (!(error instanceof HttpFault) || error.code !== 'second_factor_required') return undefined
  return error.details as SecondStep
}

/** A verb, of the server that the page came from; without `csrf` one that is asked before there is a session. */
async function ask<V extends Verb>(verb: V, input: Input<V>, csrf?: string): Promise<Result<V>> {
  return (await call<{ result: Result<V> }>('POST', `/api/v1/${verb}`, input, csrf)).result
}

export const http = {
  ask,
  setupNeeded: () => call<{ needed: boolean }>('GET', '/web/setup'),
  setUp: (input: { token: string; user: string; displayName: string; password: string }) =>
    call<Partial<SignedIn>>('POST', '/web/setup', input),
  signIn: (input: Input<'session.signIn'>) => call<SignedIn>('POST', '/web/signin', input),
  liveTicket: (csrf: string) => call<LiveTicket>('POST', '/web/ticket', {}, csrf),
  challenge: (ticket?: string) => ask('session.challenge', ticket === undefined ? {} : { ticket }),
  enrol: (input: Input<'session.enrol'>) => ask('session.enrol', input),
  /** Where a pool is that signs in here, and what this one is called there. */
  beginHandOver: (from: string) =>
    call<{ url: string; displayName: string; pool: string }>('POST', '/web/handover/begin', { from }),
  handOver: (input: Input<'session.handOver'>, csrf: string) => ask('session.handOver', input, csrf),
  arrive: (input: { ticket: string; verifier: string; replace: boolean }, csrf: string | undefined) =>
    call<SignedIn>('POST', '/web/handover', input, csrf),
  signOut: (csrf: string) => call<unknown>('POST', '/web/signout', {}, csrf),
  async providers(): Promise<Provider[]> {
    return (await call<{ providers: Provider[] }>('GET', '/web/oidc')).providers
  },
  signedInAt: () => call<SignedInAt>('GET', '/web/oidc/session'),
  device: (code: string) => call<Device>('GET', `/web/device/code/${encodeURIComponent(code)}`),
  answerDevice: (userCode: string, allow: boolean, csrf: string) =>
    call<unknown>('POST', '/web/device/confirm', { userCode, allow }, csrf),
  /** Null where nobody is signed in. */
  async session(): Promise<SignedIn | null> {
    try {
      return await call<SignedIn>('GET', '/web/session')
    } catch (error) {
      if (error instanceof HttpFault && error.code === 'unauthenticated') return null
      throw error
    }
  },
}
