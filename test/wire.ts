import type { Bus, BusMessage, Subject } from '../src/pool/bus.ts'
import { openLocalBus } from '../src/pool/local.ts'
import { decodeMessage, encodeMessage } from '../src/pool/wire.ts'
import { openRandom, type Random } from './random.ts'

/** Shares of the messages between servers. */
export type Faults = { lost: number; twice: number; late: number }

export type WireBus = Bus & {
  /** As if its process had stopped: it is heard by nobody any more, and hears nobody. */
  silence(): void
  /** As if the network had gone, which it notices. */
  connect(connected: boolean): void
}

/** The bus of several servers in one process, each heard by the others a turn later, which can lose, double and delay. */
export type Wire = {
  open(): WireBus
  /** From now on; without an argument all is well again. */
  disturb(faults?: Partial<Faults>): void
  /** Loses what this says, whatever it is. */
  lose(which: ((subject: Subject, message: BusMessage) => boolean) | undefined): void
  /** What was sent between servers. */
  sent: { subject: Subject; message: BusMessage }[]
}

const well: Faults = { lost: 0, twice: 0, late: 0 }
const lateMs = 30

export function openWire(random: Random = openRandom(1)): Wire {
  type End = { local: Bus; hears: boolean }
  const ends = new Set<End>()
  const sent: Wire['sent'] = []
  let faults = well
  let loses: ((subject: Subject, message: BusMessage) => boolean) | undefined

  function carry(to: End, subject: Subject, bytes: Uint8Array) {
    const deliver = () => {
      if (to.hears) to.local.publish(subject, decodeMessage(bytes)!)
    }
    if (random.chance(faults.late)) setTimeout(deliver, random.between(1, lateMs))
    else setImmediate(deliver)
  }

  return {
    sent,
    disturb(more = {}) {
      faults = { ...well, ...more }
    },
    lose(which) {
      loses = which
    },
    open() {
      const end: End = { local: openLocalBus(), hears: true }
      let silent = false
      let gaps = 0
      ends.add(end)
      return {
        isConnected: () => end.hears || silent,
        gaps: () => gaps,
        silence() {
          silent = true
          end.hears = false
        },
        connect(connected) {
          if (!connected) gaps += 1
          end.hears = connected
        },
        publish(subject, message) {
          end.local.publish(subject, message)
          if (!end.hears) return
          sent.push({ subject, message })
          const bytes = encodeMessage(message)
          if (loses?.(subject, message)) return
          for (const other of ends) {
            if (other === end || random.chance(faults.lost)) continue
            carry(other, subject, bytes)
            if (random.chance(faults.twice)) carry(other, subject, bytes)
          }
        },
        subscribe: end.local.subscribe,
        async close() {
          ends.delete(end)
          await end.local.close()
        },
      }
    },
  }
}
