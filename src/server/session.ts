import type { Duplex } from 'node:stream'
import type { Caller } from '../chat/chat.ts'

/** What a session hears, as far as the session knows of it. */
export type Heard = { room: string; remove(session: Session): void }

/** One open connection of a signed-in user, as the hub sees it: something that takes frames. */
export type Session = {
  id: string
  caller: Caller
  heard: Set<Heard>
  outlet: { push(frame: Uint8Array): void; waitingBytes?(): number }
  close(code: number, reason: string): void
}

/** A socket that does not take what it has gets no more: what a slow reader has not begun to get can still be dropped. */
const maxWriteBytes = 256 * 1024

/** When too much waits for a socket, and what is done about it then. */
export type SlowReader = { limitBytes(): number; close(): void }

/**
 * Coalesces the frames of one socket into one write a turn: a delivery is a system call, and several in one are 7 to 10 times
 * cheaper (docs/performance.md). A class, and few fields: a room of 16,000 walks over 16,000 of them for each message, and what
 * it touches is what it costs.
 */
export class Outlet {
  private readonly socket: Duplex
  private readonly schedule: (outlet: Outlet) => void
  private readonly slow: SlowReader | undefined
  // Nearly always it is one frame that waits: a list is made only for more.
  private first: Uint8Array | undefined = undefined
  private others: Uint8Array[] | undefined = undefined
  private bytes = 0
  private waits = false
  private over = false

  constructor(socket: Duplex, schedule: (outlet: Outlet) => void, slow?: SlowReader) {
    this.socket = socket
    this.schedule = schedule
    this.slow = slow
  }

  /** Written with others of the same turn in one write. Where too much waits already, the slow reader is closed. */
  push(frame: Uint8Array): void {
    if (this.over) return
    if (this.first === undefined) {
      this.first = frame
      this.bytes = frame.byteLength
      this.schedule(this)
    } else this.pushMore(frame)
  }

  private pushMore(frame: Uint8Array) {
    // What waits already counts, not what comes: one answer may be large, and a reader that keeps up gets it.
    if (this.slow && this.waitingBytes() > this.slow.limitBytes()) return this.slow.close()
    this.others ??= []
    this.others.push(frame)
    this.bytes += frame.byteLength
  }

  /** Writes what waits, as far as the socket takes it; the rest follows when it has room again. */
  flush(): void {
    if (this.waits) return
    while (this.first !== undefined && !this.socket.writableNeedDrain) this.write(this.take(maxWriteBytes))
    if (this.first === undefined) return
    this.waits = true
    this.socket.once('drain', () => {
      this.waits = false
      this.flush()
    })
  }

  /** Writes all of it, for a socket that is closed next. Nothing is taken any more. */
  finish(): void {
    this.over = true
    if (this.first !== undefined) this.write(this.take(Number.POSITIVE_INFINITY))
  }

  /** Forgets what was not handed to the socket yet. Nothing is taken any more. */
  drop(): void {
    this.over = true
    this.first = undefined
    this.others = undefined
    this.bytes = 0
  }

  waitingBytes(): number {
    return this.bytes + this.socket.writableLength
  }

  private write(frame: Uint8Array) {
    this.bytes -= frame.byteLength
    if (this.socket.writable) this.socket.write(frame)
  }

  /** As many whole frames as fit, one at least. */
  private take(atMost: number): Uint8Array {
    const only = this.first!
    this.first = undefined
    if (this.others === undefined) return only
    const queue = [only, ...this.others]
    let length = only.byteLength
    let count = 1
    while (count < queue.length && length + queue[count]!.byteLength <= atMost) {
      length += queue[count]!.byteLength
      count += 1
    }
    this.first = queue[count]
    this.others = count + 1 < queue.length ? queue.slice(count + 1) : undefined
    return count === 1 ? only : Buffer.concat(queue.slice(0, count), length)
  }
}

/** Flushes all outlets that were pushed to since the last turn of the event loop. */
export function openFlusher(): (outlet: Outlet) => void {
  let dirty: Outlet[] = []
  const flush = () => {
    const outlets = dirty
    dirty = []
    for (const outlet of outlets) outlet.flush()
  }
  return outlet => {
    if (dirty.length === 0) setImmediate(flush)
    dirty.push(outlet)
  }
}
