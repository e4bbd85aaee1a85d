import type { Client } from '../../../src/client/client.ts'

/** Hears of changes of single rooms. */
export type RoomStates = { subscribe(room: string, hear: () => void): () => void }

export function createRoomStates(client: Client): RoomStates {
  const hearers = new Map<string, Set<() => void>>()
  client.on('changed', room => {
    for (const hear of hearers.get(room) ?? []) hear()
  })
  return {
    subscribe(room, hear) {
      const hearing = hearers.get(room) ?? new Set()
      hearers.set(room, hearing.add(hear))
      return () => {
        hearing.delete(hear)
        if (hearing.size === 0) hearers.delete(room)
      }
    },
  }
}
