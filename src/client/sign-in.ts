import type { WireError } from '../protocol/error.ts'
import type { Input, Result, Verb } from '../protocol/request.ts'
import { PchatError } from './error.ts'

const ANSWER_MS = 15_000

/** Signs in over HTTP. A server that cannot be reached is `unavailable`. */
export function signIn(
  url: string,
  who: Input<'session.signIn'>,
  stop: AbortSignal,
): Promise<Result<'session.signIn'>> {
  return ask(url, 'session.signIn', who, stop)
}

/** Where sessions are opened, for whoever has a token. */
export function askServers(url: string, token: string, stop: AbortSignal): Promise<Result<'session.servers'>> {
  return ask(url, 'session.servers', {}, stop, { authorization: `Bearer ${token}` })
}

async function ask<V extends 'session.signIn' | 'session.servers'>(
  url: string,
  verb: V,
  input: Input<V>,
  stop: AbortSignal,
  headers: Record<string, string> = {},
): Promise<Result<V>> {
  const answer = await post<V>(`${url}/api/v1/${verb}`, input, stop, headers)
  if (answer.error !== undefined) throw new PchatError(answer.error)
  if (answer.result === undefined) throw unreachable()
  return answer.result
}

type Answer<V extends Verb> = { result?: Result<V>; error?: WireError }

async function post<V extends Verb>(
  url: string,
  body: unknown,
  stop: AbortSignal,
  more: Record<string, string>,
): Promise<Answer<V>> {
  try {
    // One that takes the connection and says nothing must not keep us from the others.
    const signal = AbortSignal.any([stop, AbortSignal.timeout(ANSWER_MS)])
    const headers = { 'content-type': 'application/json', ...more }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal })
    return (await response.json()) as Answer<V>
  } catch {
    throw unreachable()
  }
}

function unreachable(): PchatError {
  return new PchatError({
    code: 'unavailable',
    message: 'The server cannot be reached. Check its address, or try again.',
  })
}
