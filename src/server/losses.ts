/** Rooms that connected users were shut out of: whoever of them follows one is told when he is let in again. */
export type Losses = {
  note(room: string, user: string): void
  /** He is in again, or was told. */
  settle(room: string, user: string): void
  /** His last session is gone: session.sync tells him. */
  forget(user: string): void
  /** By room, for these users; for all where absent. */
  list(users?: Set<string>): Map<string, string[]>
}

export function openLosses(): Losses {
  const byUser = new Map<string, Set<string>>()
  return {
    note(room, user) {
      const rooms = byUser.get(user) ?? new Set()
      byUser.set(user, rooms.add(room))
    },
    settle(room, user) {
      const rooms = byUser.get(user)
      if (rooms?.delete(room) && rooms.size === 0) byUser.delete(user)
    },
    forget: user => void byUser.delete(user),
    list(users) {
      const byRoom = new Map<string, string[]>()
      for (const [user, rooms] of byUser) {
        if (users && !users.has(user)) continue
        for (const room of rooms) byRoom.set(room, [...(byRoom.get(room) ?? []), user])
      }
      return byRoom
    },
  }
}
