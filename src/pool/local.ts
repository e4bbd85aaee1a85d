import type { Bus, BusMessage, Subject } from './bus.ts'

type Hear = (message: BusMessage) => void

/** The bus of a server that is alone: within the process, delivered before publish returns. */
export function openLocalBus(): Bus {
  // Of tens of thousands of subjects nearly all have one hearer, which needs no set.
  const heard = new Map<Subject, Hear | Set<Hear>>()

  function end(subject: Subject, hear: Hear) {
    const hearers = heard.get(subject)
    if (hearers === hear) heard.delete(subject)
    else if (hearers instanceof Set && hearers.delete(hear) && hearers.size === 0) heard.delete(subject)
  }

  return {
    publish(subject, message) {
      const hearers = heard.get(subject)
      if (hearers instanceof Set) for (const hear of hearers) hear(message)
      else hearers?.(message)
    },
    subscribe(subject, hear) {
      const hearers = heard.get(subject)
      if (hearers instanceof Set) hearers.add(hear)
      else heard.set(subject, hearers === undefined ? hear : new Set([hearers, hear]))
      return () => end(subject, hear)
    },
    async close() {
      heard.clear()
    },
  }
}
