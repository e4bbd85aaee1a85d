import { type Running, repeatEvery } from '../base/lifecycle.ts'
import type { Chat } from '../chat/chat.ts'
import { listFrontEnds, type SeenFrontEnd } from '../store/front-end.ts'
import { deadAfterMs } from '../store/server.ts'

/** The Front End Servers of the pool, as the store knows them. */
export type FrontEnds = Running & {
  /** Addresses of those that live, each once. */
  urls(): string[]
  /** One of those that take files, any: so that uploads spread over them. */
  forFiles(): string | undefined
}

const lookMs = 1_000
/** A look that comes so late says that the store was away, or this process stood still: nobody could tell that he lives. */
const awayMs = 3_000

export async function watchFrontEnds(chat: Chat): Promise<FrontEnds> {
  let seen: SeenFrontEnd[] = await listFrontEnds(chat.db)
  let lookedAt = performance.now()
  let mildUntil = Number.NEGATIVE_INFINITY

  async function look() {
    const found = await listFrontEnds(chat.db)
    const now = performance.now()
    if (now - lookedAt > awayMs) mildUntil = now + deadAfterMs
    lookedAt = now
    const missing = seen.filter(one => !found.some(({ id }) => id === one.id))
    seen = now < mildUntil ? [...found, ...missing] : found
  }

  const looking = repeatEvery(lookMs, look, error =>
    chat.log.warn({ err: error }, 'the look at the Front End Servers waits for the store'),
  )
  return {
    urls: () => [...new Set(seen.map(one => one.url))],
    forFiles() {
      const taking = [...new Set(seen.filter(one => one.takesFiles).map(one => one.url))]
      return taking[Math.floor(Math.random() * taking.length)]
    },
    stop: () => looking.stop(),
  }
}
