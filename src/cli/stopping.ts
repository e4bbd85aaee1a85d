/** What the operator asked for by signals. */
export type Stopping = {
  /** Aborted by the first SIGINT or SIGTERM. */
  asked: AbortSignal
  /** Aborted by the second: leave the rest of the drain. */
  hurried: AbortSignal
}

/** Ctrl-C in `npm start` arrives two or three times: from the terminal, from npm and from the launcher. */
const sameMs = 500

export function listenForStop(): Stopping {
  const asked = new AbortController()
  const hurried = new AbortController()
  let firstAt = 0
  const hear = () => {
    if (!asked.signal.aborted) {
      firstAt = Date.now()
      asked.abort(new Error('Stopped.'))
    } else if (Date.now() - firstAt > sameMs) hurried.abort(new Error('Stopped in a hurry.'))
  }
  process.on('SIGINT', hear)
  process.on('SIGTERM', hear)
  return { asked: asked.signal, hurried: hurried.signal }
}

/** Waits for the work, but no longer than until the signal. */
export async function unless(signal: AbortSignal, work: Promise<unknown>): Promise<void> {
  await Promise.race([work, aborted(signal)])
}

export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}
