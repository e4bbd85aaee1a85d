import { Refusal } from '../protocol/error.ts'

/** Who would wait longer gives up before his turn. */
const maxWaitMs = 5_000
const weightOfLast = 0.1
const spread = 0.2

/** Passwords are looked at so many a time, in order, as long as the line is short enough. `usualMs`: until one has been measured. */
export type PasswordLine = {
  inTurn<T>(work: () => Promise<T>): Promise<T>
  /** Refusal unavailable where who comes now would wait too long. */
  refuseCrowd(): void
  waiting(): number
}

export function openPasswordLine({ atOnce, usualMs }: { atOnce: number; usualMs: number }): PasswordLine {
  let running = 0
  let eachMs = usualMs
  const waiting: (() => void)[] = []
  const waitMs = () => ((waiting.length + 1) * eachMs) / atOnce

  function refuseCrowd() {
    if (running < atOnce || waitMs() <= maxWaitMs) return
    // Spread, so that they do not come back as the crowd that they are.
    throw new Refusal('unavailable', 'Too many people sign in at once. Try again after retryAfterMs.', {
      retryAfterMs: Math.ceil(maxWaitMs * (1 + spread * Math.random())),
    })
  }

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    refuseCrowd()
    if (running >= atOnce) await new Promise<void>(resolve => waiting.push(resolve))
    else running += 1
    const beganAt = performance.now()
    try {
      return await work()
    } finally {
      eachMs += weightOfLast * (performance.now() - beganAt - eachMs)
      // The place goes to the next one as it is, so that nobody slips in between.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
  return { inTurn, refuseCrowd, waiting: () => waiting.length }
}
