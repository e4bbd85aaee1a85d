import { useEffect } from 'react'
import { usePools } from './hand-over.ts'
import { useListing } from './listed-rooms.ts'

const icons = { quiet: '/icon.svg', unread: '/icon-unread.svg' }

/** The page's title and icon carry what is unread. */
export function useWindowTitle(place: string | undefined): void {
  const unread = useListing().rooms.reduce((sum, room) => sum + room.unread, 0)
  // Windows of several pools are told apart.
  const program = usePools()?.own?.displayName ?? 'Persistent Chat'
  useEffect(() => {
    const name = place === undefined ? program : `${place} · ${program}`
    document.title = unread === 0 ? name : `(${unread}) ${name}`
    document.querySelector('link[rel=icon]')?.setAttribute('href', unread === 0 ? icons.quiet : icons.unread)
  }, [unread, place, program])
}
