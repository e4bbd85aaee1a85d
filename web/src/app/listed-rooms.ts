import { useMemo } from 'react'
import { useChat } from './chat.ts'
import { readingNow } from './reading-now.ts'
import type { Listing } from './room-list.ts'
import { useStore } from './store.ts'

/** The listing as the window shows it: the room that is being read has nothing unread. */
export function useListing(): Listing {
  const listing = useStore(useChat().listing)
  const reading = useStore(readingNow)
  return useMemo(() => {
    const rooms = listing.rooms.map(room =>
      room.info.id === reading && room.unread > 0 ? { ...room, unread: 0 } : room,
    )
    return { ...listing, rooms }
  }, [listing, reading])
}
