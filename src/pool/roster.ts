import type { Principal } from '../protocol/principal.ts'

/** Who is in which room now. A user is one participant over all devices. */
export type Roster = {
  list(room: string): Principal[]
  count(room: string): number
  /** Above the cut-off, or not yet clearly below it again: nobody is told who comes and goes. */
  isLarge(room: string): boolean
}
