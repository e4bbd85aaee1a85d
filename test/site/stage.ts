import { setTimeout as sleep } from 'node:timers/promises'
import type { HeardPost } from '../pool-check.ts'
import { now } from '../pool-clients.ts'

/** What all who talk share. */
export type Stage = {
  faults: string[]
  fault(text: string): void
  heard(post: HeardPost): void
  all: HeardPost[]
  acknowledged(): void
  count(): number
  /** Until something more was acknowledged: whatever was done is recovered from. Answers how long that took. */
  progress(): Promise<number>
  /** The longest time without an acknowledgement since then. */
  longestSilenceMs(since: number): number
  stopping: AbortSignal
  over: AbortSignal
  stop(): void
  end(): void
}

const patienceMs = 90_000
const maxFaults = 60

export function openStage(say: (text: string) => void): Stage {
  const [stopping, over] = [new AbortController(), new AbortController()]
  const faults: string[] = []
  const all: HeardPost[] = []
  const silences: { endedAt: number; ms: number }[] = []
  let [count, lastAt] = [0, now()]
  return {
    ...{ faults, all, stopping: stopping.signal, over: over.signal },
    fault(text) {
      if (faults.length >= maxFaults) return
      faults.push(text)
      say(`FAULT: ${text}`)
    },
    heard: post => void all.push(post),
    acknowledged() {
      const at = now()
      if (at - lastAt > 200) silences.push({ endedAt: at, ms: at - lastAt })
      lastAt = at
      count += 1
    },
    count: () => count,
    async progress() {
      const since = now()
      while (lastAt <= since) {
        if (now() - since > patienceMs) throw new Error('Nothing is acknowledged any more.')
        await sleep(5)
      }
      return lastAt - since
    },
    longestSilenceMs: since => Math.max(0, ...silences.filter(({ endedAt }) => endedAt > since).map(({ ms }) => ms)),
    stop: () => stopping.abort(),
    end: () => over.abort(),
  }
}
