import type { HeardRoom } from './place.ts'

/** The rooms that are heard here, by number: the lowest that are free, since what is known of them stands in columns. */
export type HeardRooms = {
  add(room: string): HeardRoom
  get(room: string): HeardRoom | undefined
  delete(room: string): HeardRoom | undefined
  all(): Iterable<HeardRoom>
}

export function openHeardRooms(): HeardRooms {
  const rooms = new Map<string, HeardRoom>()
  const free: number[] = []
  let count = 0
  return {
    add(room) {
      const heard = { room, number: free.pop() ?? count++ }
      rooms.set(room, heard)
      return heard
    },
    get: room => rooms.get(room),
    delete(room) {
      const heard = rooms.get(room)
      if (!heard) return undefined
      rooms.delete(room)
      free.push(heard.number)
      return heard
    },
    all: () => rooms.values(),
  }
}
