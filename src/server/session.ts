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

export type Outlet = { push(frame: Uint8Array): void; flush(): void; waitingBytes(): number }

/**
 * Coalesces the frames of one socket into one write a turn: a delivery is a system call, and several in one are 7 to 10 times
 * cheaper (docs/performance.md).
 */
export function openOutlet(socket: Duplex, schedule: (outlet: Outlet) => void): Outlet {
  let queue: Uint8Array[] = []
  let bytes = 0
  const outlet: Outlet = {
    push(frame) {
      if (queue.length === 0) schedule(outlet)
      queue.push(frame)
      bytes += frame.byteLength
    },
    flush() {
      if (queue.length === 0) return
      const chunk = queue.length === 1 ? queue[0]! : Buffer.concat(queue, bytes)
      queue = []
      bytes = 0
      if (!socket.destroyed && socket.writable) socket.write(chunk)
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
