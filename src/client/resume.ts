import { ConnectionLost, isPassing, PchatError } from './error.ts'
import type { Link } from './link.ts'
import type { Rooms } from './rooms.ts'
import { retryMs, sleep } from './wait.ts'

/**
 * Brings the rooms up to date by session.sync. `start` may be called at any time: one runs at once, and one more where
 * something turned stale meanwhile. It resolves when nothing is left to ask on this connection.
 */
export function createSync(link: Link, rooms: Rooms, random: () => number) {
  let running: Promise<void> | undefined
  let wanted = false
  let connection: Link['session']
  let pause = new AbortController()

  async function run(): Promise<void> {
    for (let attempt = 0; wanted && link.state === 'open'; attempt += 1) {
      wanted = false
      connection = link.session
      try {
        await syncOnce(link, rooms)
        attempt = -1
      } catch (error) {
        // Where it is lost, the next connection starts anew; where it is refused, asking again does not help.
        if (error instanceof ConnectionLost || !isPassing(error)) continue
        wanted = true
        pause = new AbortController()
        await sleep(retryMs(error.retryAfterMs, attempt, random), AbortSignal.any([link.stopped, pause.signal]))
      }
    }
  }

  function start(): Promise<void> {
    wanted = true
    // What the last connection was told to wait for is no matter of this one: its sync was let in with it.
    if (link.session !== connection) pause.abort()
    running ??= run().then(ended)
    return running
  }

  /** A turn later than run's last look: what was wanted in between is not to be lost. */
  function ended(): Promise<void> | undefined {
    running = undefined
    return wanted && link.state === 'open' ? start() : undefined
  }

  return start
}

async function syncOnce(link: Link, rooms: Rooms): Promise<void> {
  rooms.epoch ??= link.session?.epoch
  const known = rooms.known()
  await link.request('session.sync', known.length === 0 ? {} : { epoch: rooms.epoch, rooms: known })
}

/**
 * After a reconnect: what was missed first, since an answer of room.join would move the end past it. Then opens again what
 * `join` had opened, one after the other: with many rooms all at once would run into the rate limit.
 */
export async function resume(link: Link, rooms: Rooms, sync: () => Promise<void>, random: () => number): Promise<void> {
  const opened = [...rooms.joined]
  const connection = link.session
  await sync()
  for (const room of opened) {
    // A client that was closed keeps its session, refuses what is asked as passing, and no sleep of it lasts.
    for (let attempt = 0; link.session === connection && !link.stopped.aborted; attempt += 1) {
      const error = await link.request('room.join', { room, history: 0 }).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (!isPassing(error) || !(error instanceof PchatError)) break
      await sleep(retryMs(error.retryAfterMs, attempt, random), link.stopped)
    }
  }
}
