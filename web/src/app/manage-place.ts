import { useSyncExternalStore } from 'react'
import { useChat } from './chat.ts'
import { type Route, routeHash } from './route.ts'

/** Where rooms are created and managed. */
export type ManageRoute = Extract<Route, { page: 'rooms' | 'create' | 'manage' }>
type ManagePlace = { href: string; isElsewhere: boolean }

/** Address of a page of room management: the one here, or the custom one of the pool, which is told the room. */
export function managePlace(custom: string | undefined, route: ManageRoute): ManagePlace {
  const hash = routeHash(route)
  const url = custom === undefined ? null : URL.parse(custom)
  // The server lets nothing else be set; here it becomes a link.
  if (url === null || !/^https?:$/.test(url.protocol)) return { href: hash, isElsewhere: false }
  if (route.page === 'manage') url.searchParams.set('room', route.room)
  return { href: url.href, isElsewhere: true }
}

/** The same for this window, anew when the server says another address. */
export function useManagePlace(route: ManageRoute): ManagePlace {
  const { client } = useChat()
  const custom = useSyncExternalStore(
    hear => client.on('state', hear),
    () => client.roomManagementUrl,
  )
  return managePlace(custom, route)
}
