/** Who is in which room now. A user is one participant over all devices. */
export type Roster = {
  /** Ids of the users in the room. */
  users(room: string): string[]
  count(room: string): number
}
