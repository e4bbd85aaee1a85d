import type { KnownList } from './room-conflict.ts'

/** What is known of a list once it was read again: a reading that ends sooner takes nothing away. */
export function further(known: KnownList, read: KnownList): KnownList {
  if (read.isWhole) return read
  return known.isWhole || known.people.length >= read.people.length ? known : read
}

/**
 * Reads a list on, one reading at a time: who asks for no more than is under way waits for that, who asks for more is read to after
 * it. So no answer overtakes another.
 */
export function createListReading(read: (atLeast: number) => Promise<void>) {
  let running: { atLeast: number; done: Promise<void> } | undefined
  return function readOn(atLeast: number): Promise<void> {
    if (running !== undefined && running.atLeast >= atLeast) return running.done
    const before = running?.done.catch(() => {}) ?? Promise.resolve()
    const mine = {
      atLeast,
      done: before
        .then(() => read(atLeast))
        .finally(() => {
          if (running === mine) running = undefined
        }),
    }
    running = mine
    return mine.done
  }
}
