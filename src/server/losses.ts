/** Rooms that connected users were shut out of: whoever of them follows one is told when he is let in again. */
export type Losses = {
  note(room: string, user: string): void
  /** He is in again, or was told. */
  settle(room: string, user: string): void
  /** His last session is gone: session.sync tells him. */
  forget(user: string): void
  /** Neither settled since it was listed, nor another one by now. */
  stands(loss: Loss): boolean
  /** Of these users; of all where absent. */
  list(users?: Set<string>): Loss[]
}
export type Loss = { user: string; room: string }

/** So many are looked at together: a scope that was narrowed and widened again concerns everybody. */
const sliceLosses = 500

export function* inSlices(losses: Loss[]): Generator<Loss[]> {
  for (let from = 0; from < losses.length; from += sliceLosses) yield losses.slice(from, from + sliceLosses)
}

export function openLosses(): Losses {
  const byUser = new Map<string, Map<string, Loss>>()
  return {
    note(room, user) {
      const rooms = byUser.get(user) ?? new Map<string, Loss>()
      byUser.set(user, rooms.set(room, { user, room }))
    },
    settle(room, user) {
      const rooms = byUser.get(user)
      if (rooms?.delete(room) && rooms.size === 0) byUser.delete(user)
    },
    forget: user => void byUser.delete(user),
    stands: loss => byUser.get(loss.user)?.get(loss.room) === loss,
    list: users => [...byUser].flatMap(([user, rooms]) => (users && !users.has(user) ? [] : [...rooms.values()])),
  }
}
