/** Something that was started and can be stopped once. */
export type Running = { stop(): Promise<void> }

/** Repeats `work` with a pause between two runs until stopped. A failed run is told to `onError` and tried again after the pause. */
export function repeatEvery(pauseMs: number, work: () => Promise<void>, onError: (error: unknown) => void): Running {
  let stopped = false
  let wake: (() => void) | undefined
  const done = (async () => {
    while (!stopped) {
      try {
        await work()
      } catch (error) {
        if (!stopped) onError(error)
      }
      if (stopped) break
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, pauseMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  })()
  return {
    async stop() {
      stopped = true
      wake?.()
      await done
    },
  }
}
