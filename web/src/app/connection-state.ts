import { useSyncExternalStore } from 'react'
import type { ConnectionState } from '../../../src/client/link.ts'
import { useChat } from './chat.ts'

export function useConnectionState(): ConnectionState {
  const { client } = useChat()
  return useSyncExternalStore(
    hear => client.on('state', hear),
    () => client.state,
  )
}
