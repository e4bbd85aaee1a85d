import type { Input, Result } from '../protocol/request.ts'
import { isPassing } from './error.ts'
import { backOffMs, sleep } from './wait.ts'

export type PostContent = Pick<Input<'message.post'>, 'text' | 'format' | 'alert' | 'title'>
export type Posted = { seq: number; at: string; clientId: string }

type Ask = (verb: 'message.post', input: Input<'message.post'>) => Promise<Result<'message.post'>>

/** The server forgets client ids after 30 days; a later repeat would post twice. */
const REPEATS_KNOWN_MS = 30 * 24 * 3_600_000

/**
 * Posts until answered for good: what is only passing is tried again under the same client id. Posts to one room wait for
 * each other, since a later one may otherwise stand before an earlier one that had to be tried again.
 */
export function createPoster(ask: Ask, random: () => number, stop: AbortSignal) {
  const lastOf = new Map<string, Promise<unknown>>()

  async function deliver(input: Input<'message.post'>): Promise<Posted> {
    const startedAt = Date.now()
    for (let attempt = 0; ; attempt += 1) {
      try {
        const { seq, at } = await ask('message.post', input)
        return { seq, at, clientId: input.clientId }
      } catch (error) {
        const given = stop.aborted || Date.now() - startedAt > REPEATS_KNOWN_MS
        if (given || !isPassing(error)) throw error
        await sleep(error.retryAfterMs ?? backOffMs(attempt, random), stop)
      }
    }
  }

  return function post(room: string, content: PostContent, clientId = crypto.randomUUID() as string): Promise<Posted> {
    const before = lastOf.get(room) ?? Promise.resolve()
    const posted = before.then(() => deliver({ ...content, room, clientId }))
    const settled = posted
      .catch(() => {})
      .then(() => {
        if (lastOf.get(room) === settled) lastOf.delete(room)
      })
    lastOf.set(room, settled)
    return posted
  }
}
