/** This page among those of the browser: others can tell whether it lives, and it can wait for the end of others. */
export type PageLife = {
  id: string
  /** Ends with the page's sign-in. */
  signal: AbortSignal
  /** Calls once the other page is gone; at once where it is already, never where nobody can tell. */
  awaitEnd(other: string, bring: () => void): void
  close(): void
}

/** Holds a lock as long as the page lives and nobody closes it: the browser lets go of it, however the page ends. */
export function beginPage(): PageLife {
  const id = crypto.randomUUID()
  const closing = new AbortController()
  const { signal } = closing
  /** Pages whose end is waited for, and what is done then. */
  const awaited = new Map<string, Set<() => void>>()
  const closed = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
  void navigator.locks?.request(lockOf(id), () => closed)
  return {
    id,
    signal,
    awaitEnd(other, bring) {
      if (other === id) return
      const waiting = awaited.get(other)
      if (waiting !== undefined) return void waiting.add(bring)
      awaited.set(other, new Set([bring]))
      const end = () => {
        const all = awaited.get(other) ?? []
        awaited.delete(other)
        if (!signal.aborted) for (const one of all) one()
      }
      void navigator.locks?.request(lockOf(other), { signal }, end).catch(() => {})
    },
    close: () => closing.abort(),
  }
}

function lockOf(page: string): string {
  return `pchat.page.${page}`
}
