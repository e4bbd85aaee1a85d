import type { WireError } from '../protocol/error.ts'
import type { Result } from '../protocol/request.ts'
import { PchatError } from './error.ts'

/** Signs in over HTTP. A server that cannot be reached is `unavailable`. */
export async function signIn(url: string, who: { user: string; password: string }): Promise<Result<'session.signIn'>> {
  const answer = await post(`${url.replace(/\/$/, '')}/api/v1/session.signIn`, who)
  if (answer.error !== undefined) throw new PchatError(answer.error)
  if (answer.result === undefined) throw unreachable()
  return answer.result
}

async function post(url: string, body: unknown): Promise<{ result?: Result<'session.signIn'>; error?: WireError }> {
  try {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
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
