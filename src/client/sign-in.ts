import type { WireError } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { PchatError } from './error.ts'

const ANSWER_MS = 15_000

/** Signs in over HTTP. A server that cannot be reached is `unavailable`. */
export async function signIn(
  url: string,
  who: Input<'session.signIn'>,
  stop: AbortSignal,
): Promise<Result<'session.signIn'>> {
  const answer = await post(`${url}/api/v1/session.signIn`, who, stop)
  if (answer.error !== undefined) throw new PchatError(answer.error)
  if (answer.result === undefined) throw unreachable()
  return answer.result
}

async function post(
  url: string,
  body: unknown,
  stop: AbortSignal,
): Promise<{ result?: Result<'session.signIn'>; error?: WireError }> {
  try {
    // One that takes the connection and says nothing must not keep us from the others.
    const signal = AbortSignal.any([stop, AbortSignal.timeout(ANSWER_MS)])
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal })
    return (await response.json()) as { result?: Result<'session.signIn'>; error?: WireError }
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
