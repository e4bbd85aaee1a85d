import { ConnectionLost, isPassing, PchatError } from './error.ts'
import type { Link } from './link.ts'
import type { Rooms } from './rooms.ts'
import { backOffMs, sleep } from './wait.ts'

/**
 * Brings the rooms up to date by session.sync. `start` may be called at any time: one runs at once, and one more where
 * something turned stale meanwhile.
 */
export function createSync(link: Link, rooms: Rooms, random: () => number) {
  let running = false
  let wanted = false

  async function run(): Promise<void> {
    for (let attempt = 0; wanted && link.state === 'open'; attempt += 1) {
      wanted = false
      try {
        await syncOnce(link, rooms)
        attempt = -1
      } catch (error) {
        // Where it is lost, the next connection starts anew; where it is refused, asking again does not help.
        if (error instanceof ConnectionLost || !isPassing(error)) continue
        wanted = true
        await sleep(error.retryAfterMs ?? backOffMs(attempt, random), link.stopped)
      }
    }
    running = false
  }

  return function start(): void {
    wanted = true
    if (running) return
    running = true
    void run()
  }
}

async function syncOnce(link: Link, rooms: Rooms): Promise<void> {
  rooms.epoch ??= link.session?.epoch
  const known = rooms.known()
  await link.request('session.sync', known.length === 0 ? {} : { epoch: rooms.epoch, rooms: known })
}

/** Opens again what `join` had opened, one after the other: with many rooms all at once would run into the rate limit. */
export async function joinAgain(link: Link, opened: readonly string[], random: () => number): Promise<void> {
  const connection = link.session
  for (const room of opened) {
    for (let attempt = 0; link.session === connection; attempt += 1) {
      const error = await link.request('room.join', { room, history: 0 }).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (!isPassing(error) || !(error instanceof PchatError)) break
      await sleep(error.retryAfterMs ?? backOffMs(attempt, random), link.stopped)
    }
  }
}
