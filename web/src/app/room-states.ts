import { useSyncExternalStore } from 'react'
import type { Client } from '../../../src/client/client.ts'
import type { RoomState } from '../../../src/client/room-state.ts'
import { useChat } from './chat.ts'

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

/** What the client knows of a room, at once and whenever it changes. */
export function useRoomState(room: string): RoomState | undefined {
  const { client, roomStates } = useChat()
  return useSyncExternalStore(
    hear => roomStates.subscribe(room, hear),
    () => client.room(room),
  )
}
