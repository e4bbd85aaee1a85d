/** Lets so many in at once; the others wait outside, in order, and not for ever. */
export type Gate = {
  /** False where there was no room within `maxWaitMs`, or too many wait already. Who got in has to leave. */
  enter(maxWaitMs: number, maxWaiting: number): Promise<boolean>
  leave(): void
  /** How many stand outside. */
  waiting(): number
}

export function openGate(size: number): Gate {
  let inside = 0
  // A Set keeps the order and lets go from the middle.
  const waiting = new Set<(entered: boolean) => void>()

  return {
    async enter(maxWaitMs, maxWaiting) {
      if (inside < size) {
        inside += 1
        return true
      }
      if (waiting.size >= maxWaiting) return false
      return new Promise(resolve => {
        const settle = (entered: boolean) => {
          clearTimeout(timer)
          waiting.delete(settle)
          resolve(entered)
        }
        const timer = setTimeout(() => settle(false), maxWaitMs)
        waiting.add(settle)
      })
    },
    leave() {
      const [next] = waiting
      // The place goes from hand to hand: nobody slips in between.
      if (next) next(true)
      else inside -= 1
    },
    waiting: () => waiting.size,
  }
}
