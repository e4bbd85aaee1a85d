import type { Principal } from '../protocol/principal.ts'

/** Who is in which room now. A user is one participant over all devices and servers. */
export type Roster = {
  list(room: string): Principal[]
  count(room: string): number
  /** Above the cut-off, or not yet clearly below it again: nobody is told who comes and goes. */
  isLarge(room: string): boolean
  /** What the sessions of the room were told: with those whose connection was lost a moment ago. Absent: the same as `list`. */
  told?(room: string): Principal[]
  /** Nobody has to be asked who is in the room. Absent where there are no other processes. */
  isKnown?(room: string): boolean
  /** Resolves once the other processes of the pool have said who is in the room; after a moment also where one does not answer. */
  known?(room: string): Promise<void>
  /** How many are in each of the rooms, heard here or not. */
  counts?(rooms: string[]): Promise<Map<string, number>>
}

/** A user's first session of a process entered a room, or the last one left. `lingers`: its connection was lost, so he may be back in a moment. */
export type PresenceMove = { joined: Principal } | { left: string; lingers: boolean }

/** The same in several rooms: in each the process has counted to `n` with it. */
export type RoomsMove = PresenceMove & { rooms: [room: string, n: number][] }

/** Of one room and process: so far counted, how many they are, and those from the given place on. */
export type RosterPart = { room: string; n: number; of: number; from: number; who: number[] }
