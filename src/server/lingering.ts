/** Things that end a while after they began, unless they are taken back. One timer, however many: a dead server leaves hundreds of thousands. */
export type Lingering<T> = {
  begin(room: string, what: T): void
  /** It is back. */
  end(what: T): void
  stop(): void
}

/** Ended in one turn of the event loop, so that others get their turn. */
const sliceSize = 2_000

export function openLingering<T>(lingerMs: number, over: (room: string, what: T) => void): Lingering<T> {
  // In the order of ending, since all wait equally long.
  const waiting = new Map<T, { room: string; until: number }>()
  let timer: NodeJS.Timeout | undefined

  function arm(ms: number) {
    timer ??= setTimeout(run, ms).unref()
  }

  function run() {
    timer = undefined
    let left = sliceSize
    for (const [what, { room, until }] of waiting) {
      const restMs = until - performance.now()
      // Timers may come a part of a millisecond early.
      if (restMs >= 1) return arm(Math.ceil(restMs))
      if (left === 0) return arm(1)
      left -= 1
      waiting.delete(what)
      over(room, what)
    }
  }

  return {
    begin(room, what) {
      waiting.delete(what)
      waiting.set(what, { room, until: performance.now() + lingerMs })
      arm(lingerMs)
    },
    end: what => void waiting.delete(what),
    stop() {
      clearTimeout(timer)
      waiting.clear()
    },
  }
}
