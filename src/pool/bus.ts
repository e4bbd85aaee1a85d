import type { Stamp } from '../domain/stamp.ts'
import type { ClosedReason } from '../protocol/event.ts'
import type { Principal } from '../protocol/principal.ts'
import type { PresenceMove, RoomsMove, RosterPart } from './roster.ts'

/**
 * How servers of a pool tell each other what happened. A hint: whatever it loses is found by sequence numbers and versions.
 * `head` is small and JSON-able, `frame` is the WebSocket frame that clients get, built once for the whole pool.
 */
export type BusMessage = { head: BusHead; frame?: Uint8Array }

export type BusHead =
  /** A post: one room, one position. */
  | { kind: 'message'; room: string; seq: number; stamp: Stamp }
  /** An event of a room without a position, for everyone who hears the room. `shown`: versions of the room and its category that it shows. */
  | { kind: 'room'; room: string; stamp: Stamp; revision?: number; shown?: { room: number; category: number } }
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
  /** For managers of the room, and full administrators. */
  | { kind: 'glass'; room: string }
  /** Sign-ins that an administrator or their user ended. */
  | { kind: 'ended'; sessions: string[] }
  /** A process of the pool lives. `hello`: it begins to listen, and wants to know who else does. `at`: when it said so, in ms since 1970. */
  | { kind: 'alive'; member: string; hello?: boolean; at?: number }
  /** It stops by itself. */
  | { kind: 'gone'; member: string }
  /** A user's first session of that process entered rooms, or his last one left; a count rises by one in a room and a process. */
  | { kind: 'moves'; member: string; moves: RoomsMove[] }
  /** The same of one room, as earlier programs tell it. */
  | ({ kind: 'presence'; room: string; member: string; n: number } & PresenceMove)
  /** `member` wants to know who is in these rooms at whoever hears this. */
  | { kind: 'rosterAsk'; member: string; rooms: string[] }
  /** The answer, or a slice of it; `who` of a part points into `people`. */
  | { kind: 'roster'; member: string; people: Principal[]; rooms: RosterPart[] }
  /** How far the process has counted in rooms, so that a lost last change is found. */
  | { kind: 'digest'; member: string; rooms: [room: string, n: number][] }
  /** How many are in these rooms, of whoever hears them; and the answer. */
  | { kind: 'countAsk'; member: string; ask: number; rooms: string[] }
  /** `own`: those of the rooms in which the process knows of its own users only. */
  | { kind: 'counts'; member: string; ask: number; rooms: [room: string, participants: number][]; own?: string[] }

/** `room.<id>` and `user.<id>` are heard where needed, `member.<id>` by one process, `pool` by every server. */
export type Subject = `room.${string}` | `user.${string}` | `member.${string}` | 'pool'

export type Bus = {
  publish(subject: Subject, message: BusMessage): void
  /** Answers the function that ends the subscription. */
  subscribe(subject: Subject, hear: (message: BusMessage) => void): () => void
  close(): Promise<void>
  /** False while the other servers are not heard; absent where nothing can come between. */
  isConnected?(): boolean
  /** How often they were not heard for a while, however short; absent where nothing can come between. */
  gaps?(): number
}
