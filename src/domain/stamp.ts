/**
 * The access stamp under which something was decided or posted: versions of the room, of its category's scope, of the
 * directory and of the pool's settings. Room and scope versions come from one counter.
 */
export type Stamp = { room: number; scope: number; directory: number; settings: number }

/** True where `stamp` knows of a change that `held` does not. Scopes compare only within one room version: a move changes the category. */
export function isNewer(stamp: Stamp, held: Stamp): boolean {
  if (stamp.directory > held.directory || stamp.settings > held.settings) return true
  if (stamp.room !== held.room) return stamp.room > held.room
  return stamp.scope > held.scope
}

/** The newest of each part, for two stamps of one room. */
export function newest(a: Stamp, b: Stamp): Stamp {
  const access = a.room !== b.room ? (a.room > b.room ? a : b) : a.scope >= b.scope ? a : b
  return {
    room: access.room,
    scope: access.scope,
    directory: Math.max(a.directory, b.directory),
    settings: Math.max(a.settings, b.settings),
  }
}
