import { useQuery } from '@tanstack/react-query'
import type { Addin } from '../../../src/protocol/addin.ts'
import type { Room } from '../../../src/protocol/room.ts'
import { useChat } from './chat.ts'
import { askNewer } from './newer-verbs.ts'

/** The add-ins that a room can have; none where the server knows of none. What the room has is among them in any case. */
export function useAddins(room?: Room): readonly Addin[] {
  const { client } = useChat()
  const { data } = useQuery({
    queryKey: ['addin.list'],
    queryFn: async () => (await askNewer(client, 'addin.list', {}))?.addins ?? [],
  })
  const listed = data ?? []
  const own = room?.addin
  return own === undefined || listed.some(one => one.id === own.id) ? listed : [...listed, own]
}
