import { useSyncExternalStore } from 'react'
import type { RoomState } from '../../../src/client/room-state.ts'
import { useChat } from './chat.ts'

/** What the client knows of a room, at once and whenever it changes. */
export function useRoomState(room: string): RoomState | undefined {
  const { client, roomStates } = useChat()
  return useSyncExternalStore(
    hear => roomStates.subscribe(room, hear),
    () => client.room(room),
  )
}
