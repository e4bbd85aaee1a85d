import { useQuery } from '@tanstack/react-query'
import type { Room } from '../../../src/protocol/room.ts'
import { useChat } from './chat.ts'
import { askNewer, type Purged } from './newer-verbs.ts'

/** Whom a move to another category would take off the lists, once one is chosen. `null`: the server cannot say it beforehand. */
export function useMovePreview(room: Room, category: string) {
  const { client } = useChat()
  return useQuery<Purged | null>({
    queryKey: ['room.previewMove', room.id, room.version, category],
    queryFn: async () => (await askNewer(client, 'room.previewMove', { room: room.id, category })) ?? null,
    enabled: category !== '' && category !== room.category,
    staleTime: 0,
  })
}

export function purgedCount({ counts }: Purged): number {
  return counts.members + counts.managers + counts.presenters
}
