import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection, Db } from '../store/db.ts'
import { destroy } from '../store/host.ts'

const firstPauseMs = 500
const longestPauseMs = 15_000

export type Ears = { look(connection: Connection): Promise<void>; lost(error: Error): void }

/** Looks at once, whenever the store gives word, and every `lookMs`: all over one connection, so that a dead one is noticed. */
export async function keepListening(db: Db, signal: AbortSignal, lookMs: number, ears: Ears): Promise<void> {
  for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      await listen(db, signal, lookMs, async connection => {
        await ears.look(connection)
        pauseMs = firstPauseMs
      })
    } catch (error) {
      if (!signal.aborted) ears.lost(error as Error)
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => {})
  }
}

async function listen(
  db: Db,
  signal: AbortSignal,
  lookMs: number,
  look: (connection: Connection) => Promise<void>,
): Promise<void> {
  const connection = await connectUnless(db, signal)
  if (!connection) return
  const bell = openBell()
  let ended: Error | undefined
  const end = (error: Error) => {
    ended ??= error
    bell.ring()
  }
  const onError = (error: Error) => end(error)
  const onEnd = () => end(new Error('the connection ended'))
  // Ends what is under way, however long it would take.
  const onStop = () => {
    end(new Error('stopped'))
    release()
  }
  let isReleased = false
  const release = () => {
    if (isReleased) return
    isReleased = true
    // It listens, so that nobody else can use it; and what is asked over it may never be answered.
    destroy(connection)
    connection.release(true)
  }
  connection.on('notification', bell.ring).on('error', onError).on('end', onEnd)
  signal.addEventListener('abort', onStop)
  try {
    await connection.query('LISTEN publication')
    while (!ended) {
      await look(connection)
      await bell.wait(lookMs)
    }
    throw ended
  } finally {
    signal.removeEventListener('abort', onStop)
    connection.off('notification', bell.ring).off('end', onEnd)
    release()
  }
}

/** A connection that comes after the stop is given back. */
async function connectUnless(db: Db, signal: AbortSignal): Promise<Connection | undefined> {
  const connecting = db.connect()
  const aborted = Promise.withResolvers<undefined>()
  const onAbort = () => aborted.resolve(undefined)
  signal.addEventListener('abort', onAbort)
  try {
    const connection = await Promise.race([connecting, aborted.promise])
    if (!connection) connecting.then(late => late.release(true)).catch(() => {})
    return connection
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Who rings while nobody waits is heard by the next one who does. */
function openBell() {
  let rung = false
  let wake = () => {}
  return {
    ring: () => {
      rung = true
      wake()
    },
    async wait(ms: number): Promise<void> {
      if (!rung) {
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        const timer = setTimeout(resolve, ms)
        await promise
        clearTimeout(timer)
      }
      rung = false
    },
  }
}
