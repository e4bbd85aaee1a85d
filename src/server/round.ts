import { type Running, repeatEvery } from '../base/lifecycle.ts'

/** Visits everybody once in a while. */
export type Round<T> = Running & {
  /** Answers the function that takes it out again. */
  add(one: T): () => void
}

/** A round goes in so many parts: 20,000 pings in one turn would hold up everybody's messages. */
const parts = 60

export function openRound<T>(everyMs: number, visit: (one: T) => void, onError: (error: unknown) => void): Round<T> {
  const places = Array.from({ length: parts }, () => new Set<T>())
  let lastAdded = 0
  let lastVisited = 0

  async function visitPart() {
    lastVisited = (lastVisited + 1) % parts
    for (const one of [...places[lastVisited]!]) visit(one)
  }

  const running = repeatEvery(everyMs / parts, visitPart, onError)
  return {
    add(one) {
      lastAdded = (lastAdded + 1) % parts
      const place = places[lastAdded]!
      place.add(one)
      return () => void place.delete(one)
    },
    stop: running.stop,
  }
}
