import type { Bus, BusMessage, Subject } from './bus.ts'

/** The bus of a server that is alone: within the process, delivered before publish returns. */
export function openLocalBus(): Bus {
  const heard = new Map<Subject, Set<(message: BusMessage) => void>>()
  return {
    publish(subject, message) {
      for (const hear of heard.get(subject) ?? []) hear(message)
    },
    subscribe(subject, hear) {
      const hearers = heard.get(subject) ?? new Set()
      heard.set(subject, hearers)
      hearers.add(hear)
      return () => {
        hearers.delete(hear)
        if (hearers.size === 0 && heard.get(subject) === hearers) heard.delete(subject)
      }
    },
    async close() {
      heard.clear()
    },
  }
}
