const SHORTEST_MS = 500
const LONGEST_MS = 15_000
const LONGEST_JITTER_MS = 1_000
const LONGEST_MOVE_MS = 2_000

/** How long to wait before try number `attempt` (from 0): somewhere between 0.5 s and a bound that doubles up to 15 s. */
export function backOffMs(attempt: number, random: () => number): number {
  const longest = Math.min(LONGEST_MS, 2 * SHORTEST_MS * 2 ** attempt)
  return SHORTEST_MS + random() * (longest - SHORTEST_MS)
}

/** As long as the server asks for and a little more, so that those who were told the same do not come as one; else backOffMs. */
export function retryMs(retryAfterMs: number | undefined, attempt: number, random: () => number): number {
  if (retryAfterMs === undefined) return backOffMs(attempt, random)
  return retryAfterMs + random() * Math.min(LONGEST_JITTER_MS, retryAfterMs)
}

/** Before the first try elsewhere: when a server goes, thousands look for another one at the same moment. */
export function movingMs(random: () => number): number {
  return random() * LONGEST_MOVE_MS
}

/** Resolves after `ms`, or at once when the signal says stop. */
export function sleep(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (stop.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      stop.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    stop.addEventListener('abort', done)
  })
}
