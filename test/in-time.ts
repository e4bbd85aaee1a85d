import { setTimeout as sleep } from 'node:timers/promises'

/** The work's outcome; rejects where it does not come in time. */
export async function inTime<T>(patienceMs: number, what: string, work: Promise<T>): Promise<T> {
  const late = new AbortController()
  const timeout = sleep(patienceMs, undefined, { signal: late.signal }).then(
    () => Promise.reject(new Error(`${what} did not come within ${patienceMs} ms`)),
    () => undefined as never,
  )
  return Promise.race([work, timeout]).finally(() => late.abort())
}
