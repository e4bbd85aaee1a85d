import type { Bus, BusHead, BusMessage, Subject } from './bus.ts'
import { openLocalBus } from './local.ts'

/** What workers and their parent process send each other over the inherited channel (structured clone keeps the bytes). */
export type BusSignal =
  | { bus: 'publish'; subject: Subject; head: BusHead; frame: Uint8Array | undefined }
  | { bus: 'subscribe' | 'unsubscribe'; subject: Subject }

export type Channel = {
  send(signal: BusSignal): void
  onSignal(hear: (signal: BusSignal) => void): void
}

/** Beyond so much that the other process has not read, news are dropped: the store finds them, and memory has an end. */
const maxBehindBytes = 32 * 1024 * 1024
/** What a message takes beside its frame, generously. */
const headBytes = 4 * 1024

export type Pipe = {
  /** `written` is called once it has left this process, or never will. */
  write(signal: BusSignal, written: () => void): void
  onSignal(hear: (signal: BusSignal) => void): void
  /** Something was dropped; told once until the other process has read everything. */
  onLoss(): void
}

/** One end of the inherited channel, whose own queue has no end. */
export function openChannel({ write, onSignal, onLoss }: Pipe): Channel {
  let behindBytes = 0
  let losing = false
  return {
    send(signal) {
      // What is asked for must arrive: a lost one would be missed for as long as the room is heard.
      if (signal.bus !== 'publish') return write(signal, () => {})
      const bytes = headBytes + (signal.frame?.byteLength ?? 0)
      if (behindBytes + bytes > maxBehindBytes) {
        if (!losing) onLoss()
        losing = true
        return
      }
      behindBytes += bytes
      write(signal, () => {
        behindBytes -= bytes
        if (behindBytes === 0) losing = false
      })
    },
    onSignal,
  }
}

/** The bus of one worker of a server: within the process as the local bus, to the other workers through the parent. */
export function openParentBus(channel: Channel): Bus {
  const local = openLocalBus()
  const hearers = new Map<Subject, number>()
  channel.onSignal(signal => {
    if (signal.bus === 'publish') local.publish(signal.subject, messageOf(signal))
  })
  return {
    publish(subject, message) {
      local.publish(subject, message)
      channel.send({ bus: 'publish', subject, head: message.head, frame: message.frame })
    },
    subscribe(subject, hear) {
      const end = local.subscribe(subject, hear)
      const before = hearers.get(subject) ?? 0
      hearers.set(subject, before + 1)
      if (before === 0) channel.send({ bus: 'subscribe', subject })
      let ended = false
      return () => {
        if (ended) return
        ended = true
        end()
        const left = (hearers.get(subject) ?? 1) - 1
        if (left > 0) return void hearers.set(subject, left)
        hearers.delete(subject)
        channel.send({ bus: 'unsubscribe', subject })
      }
    },
    close: () => local.close(),
  }
}

function messageOf({ head, frame }: { head: BusHead; frame: Uint8Array | undefined }): BusMessage {
  return frame ? { head, frame } : { head }
}

/** The parent's half: passes what one worker publishes to the others that asked for the subject. */
export function openRelay(): { join(channel: Channel): () => void } {
  const heard = new Map<Subject, Set<Channel>>()
  const forget = (channel: Channel, subject: Subject) => {
    const channels = heard.get(subject)
    channels?.delete(channel)
    if (channels?.size === 0) heard.delete(subject)
  }
  return {
    join(channel) {
      const subjects = new Set<Subject>()
      channel.onSignal(signal => {
        if (signal.bus === 'publish') {
          for (const other of heard.get(signal.subject) ?? []) if (other !== channel) other.send(signal)
        } else if (signal.bus === 'subscribe') {
          subjects.add(signal.subject)
          const channels = heard.get(signal.subject) ?? new Set()
          heard.set(signal.subject, channels.add(channel))
        } else {
          subjects.delete(signal.subject)
          forget(channel, signal.subject)
        }
      })
      return () => {
        for (const subject of subjects) forget(channel, subject)
      }
    },
  }
}
