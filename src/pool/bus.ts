import type { Stamp } from '../domain/stamp.ts'
import type { ClosedReason } from '../protocol/event.ts'

/**
 * How servers of a pool tell each other what happened. A hint: whatever it loses is found by sequence numbers and versions.
 * `head` is small and JSON-able, `frame` is the WebSocket frame that clients get, built once for the whole pool.
 */
export type BusMessage = { head: BusHead; frame?: Uint8Array }

export type BusHead =
  /** A post: one room, one position. */
  | { kind: 'message'; room: string; seq: number; stamp: Stamp }
  /** An event of a room without a position, for everyone who hears the room. */
  | { kind: 'room'; room: string; stamp: Stamp; revision?: number }
  | { kind: 'closed'; room: string; reason: ClosedReason }
  /** A category's scope or switches changed. */
  | { kind: 'category'; category: string }
  | { kind: 'directory'; version: number }
  | { kind: 'settings'; version: number }
  /** For the live sessions of one user, except the one it came from. */
  | { kind: 'user'; user: string; except?: string }
  /** Followers who may (again) read the room, of those whom `principals` stand for; all where absent. */
  | { kind: 'opened'; room: string; principals?: string[] }
  | { kind: 'invited'; room: string; principals: string[]; by: string }
  /** Sign-ins that an administrator or their user ended. */
  | { kind: 'ended'; sessions: string[] }

/** `room.<id>` and `user.<id>` are heard where needed, `pool` by every server. */
export type Subject = `room.${string}` | `user.${string}` | 'pool'

export type Bus = {
  publish(subject: Subject, message: BusMessage): void
  /** Answers the function that ends the subscription. */
  subscribe(subject: Subject, hear: (message: BusMessage) => void): () => void
  close(): Promise<void>
}
