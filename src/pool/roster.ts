import type { Principal } from '../protocol/principal.ts'

/** Who is in which room now. A user is one participant over all devices. */
export type Roster = {
  list(room: string): Principal[]
  count(room: string): number
}
