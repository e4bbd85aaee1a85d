import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WireError } from '../src/protocol/error.ts'
import type { Input, Result, Verb } from '../src/protocol/request.ts'
import type { PoolTried } from './pool-check.ts'

let requests = 0

/** A post that goes over HTTP: each request is a connection of its own, and has no order among others. */
export function draftPost(by: string, room: string, text: string): PoolTried {
  requests -= 1
  const sentAt = performance.now()
  return { by, room, clientId: randomUUID(), text, sentAt, connection: requests, place: 0, tries: 1, acknowledged: [] }
}

export type HttpAnswer<V extends Verb> = { result: Result<V> } | { error: WireError } | 'gone'

/** One request over HTTP; `gone` where the server went, or did not answer in time. */
export async function tryCall<V extends Verb>(
  url: string | undefined,
  token: string,
  verb: V,
  input: Input<V>,
  timeoutMs = 30_000,
): Promise<HttpAnswer<V>> {
  if (url === undefined) return 'gone'
  try {
    const response = await fetch(`${url}/api/v1/${verb}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify(input),
      signal: AbortSignal.timeout(timeoutMs),
    })
    return (await response.json()) as HttpAnswer<V>
  } catch {
    return 'gone'
  }
}

/** Until it is answered for good; what is refused for good is thrown. */
export async function callUntil<V extends Verb>(
  url: () => string | undefined,
  token: string,
  verb: V,
  input: Input<V>,
): Promise<Result<V>> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const answer = await tryCall(url(), token, verb, input)
    if (answer !== 'gone' && 'result' in answer) return answer.result
    if (answer !== 'gone' && answer.error.code !== 'unavailable')
      throw new Error(`${verb}: ${answer.error.code} ${answer.error.message} ${answer.error.id ?? ''}`)
    if (Date.now() > deadline) throw new Error(`${verb}: ${answer === 'gone' ? 'no answer' : answer.error.message}`)
    await sleep(100)
  }
}
