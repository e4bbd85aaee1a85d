import type { Duplex } from 'node:stream'
import type { Caller } from '../chat/chat.ts'

/** What a session hears, as far as the session knows of it. */
export type Heard = { room: string; remove(session: Session): void }

/** One open connection of a signed-in user, as the hub sees it: something that takes frames. */
export type Session = {
  id: string
  caller: Caller
  heard: Set<Heard>
  /** Queues a frame; written with others of the same turn in one write. Closes the session where it does not read. */
  push(frame: Uint8Array): void
  close(code: number, reason: string): void
}

export type Outlet = {
  push(frame: Uint8Array): void
  /** Writes what waits, as far as the socket takes it; the rest follows when it has room again. */
  flush(): void
  /** Writes all of it, for a socket that is closed next. */
  finish(): void
  /** Forgets what was not handed to the socket yet. */
  drop(): void
  waitingBytes(): number
}

/** A socket that does not take what it has gets no more: what a slow reader has not begun to get can still be dropped. */
const maxWriteBytes = 256 * 1024

/**
 * Coalesces the frames of one socket into one write a turn: a delivery is a system call, and several in one are 7 to 10 times
 * cheaper (docs/performance.md).
 */
export function openOutlet(socket: Duplex, schedule: (outlet: Outlet) => void): Outlet {
  let queue: Uint8Array[] = []
  let bytes = 0
  let waits = false

  function write(atMost: number) {
    let length = queue[0]!.byteLength
    let count = 1
    while (count < queue.length && length + queue[count]!.byteLength <= atMost) {
      length += queue[count]!.byteLength
      count += 1
    }
    const frames = count === queue.length ? queue : queue.slice(0, count)
    queue = count === queue.length ? [] : queue.slice(count)
    bytes -= length
    if (!socket.destroyed && socket.writable) socket.write(count === 1 ? frames[0]! : Buffer.concat(frames, length))
  }

  const outlet: Outlet = {
    push(frame) {
      if (queue.length === 0) schedule(outlet)
      queue.push(frame)
      bytes += frame.byteLength
    },
    flush() {
      if (waits) return
      while (queue.length > 0 && !socket.writableNeedDrain) write(maxWriteBytes)
      if (queue.length === 0) return
      waits = true
      socket.once('drain', () => {
        waits = false
        outlet.flush()
      })
    },
    finish() {
      if (queue.length > 0) write(Number.POSITIVE_INFINITY)
    },
    drop() {
      queue = []
      bytes = 0
    },
    waitingBytes: () => bytes + socket.writableLength,
  }
  return outlet
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
