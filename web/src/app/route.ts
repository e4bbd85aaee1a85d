import { useMemo, useSyncExternalStore } from 'react'
import { roomUriPattern } from './room-uri.ts'

export const adminSections = [
  'users',
  'groups',
  'directory',
  'bots',
  'sessions',
  'roles',
  'categories',
  'rooms',
  'messages',
  'addins',
  'policy',
  'options',
  'usage',
  'audit',
  'sign-ins',
  'pool',
  'topology',
  'compliance',
] as const
export type AdminSection = (typeof adminSections)[number]
export const panes = ['people', 'card', 'search', 'files', 'addin'] as const
export type Pane = (typeof panes)[number]
/** Which of my rooms. */
const roomsOf = ['managed', 'joined'] as const
export type RoomsOf = (typeof roomsOf)[number]

/** Where the window is. It lives in the address after #, so that back, reload and links work. */
export type Route =
  | { page: 'home' }
  | { page: 'room'; room: string; seq?: number; pane?: Pane }
  | { page: 'find' }
  | { page: 'rooms'; of: RoomsOf }
  | { page: 'create' }
  | { page: 'manage'; room: string }
  | { page: 'search'; query: string }
  | { page: 'admin'; section: AdminSection; query?: string }
  | { page: 'account' }

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?')
  const [page, first = '', second = ''] = path.split('/')
  const params = new URLSearchParams(query)
  switch (page) {
    case 'room': {
      if (first === '') return { page: 'home' }
      const seq = Number(second)
      const pane = panes.find(one => one === params.get('pane'))
      return {
        page: 'room',
        room: first.toLowerCase(),
        ...(second !== '' && Number.isSafeInteger(seq) && seq > 0 ? { seq } : {}),
        ...(pane === undefined ? {} : { pane }),
      }
    }
    case 'find':
    case 'create':
    case 'account':
      return { page }
    case 'rooms': {
      if (first === 'new') return { page: 'create' }
      const of = first === '' ? 'managed' : roomsOf.find(one => one === first)
      return of === undefined ? { page: 'manage', room: first.toLowerCase() } : { page, of }
    }
    case 'search':
      return { page, query }
    case 'admin':
      return {
        page,
        section: adminSections.find(section => section === first) ?? 'users',
        ...(query === '' ? {} : { query }),
      }
    default:
      return { page: 'home' }
  }
}

export function routeHash(route: Route): string {
  switch (route.page) {
    case 'home':
      return '#/'
    case 'room':
      return `#/room/${route.room}${route.seq === undefined ? '' : `/${route.seq}`}${route.pane === undefined ? '' : `?pane=${route.pane}`}`
    case 'search':
      return `#/search${route.query === '' ? '' : `?${route.query}`}`
    case 'rooms':
      return route.of === 'managed' ? '#/rooms' : `#/rooms/${route.of}`
    case 'create':
      return '#/rooms/new'
    case 'manage':
      return `#/rooms/${route.room}`
    case 'admin':
      return `#/admin/${route.section}${route.query ? `?${route.query}` : ''}`
    default:
      return `#/${route.page}`
  }
}

export function go(route: Route, how: 'push' | 'replace' = 'push'): void {
  const hash = routeHash(route)
  if (hash === location.hash) return
  if (how === 'push') location.hash = hash
  else {
    history.replaceState(history.state, '', hash)
    dispatchEvent(new HashChangeEvent('hashchange'))
  }
}

/** The address in this window of a ma-chan:// link, or undefined where it is none. */
export function roomLink(href: string): string | undefined {
  const room = roomUriPattern.exec(href)?.[2]
  return room === undefined ? undefined : routeHash({ page: 'room', room: room.toLowerCase() })
}

/** A link to one message that works from outside this window. */
export function permalink(room: string, seq: number): string {
  return new URL(routeHash({ page: 'room', room, seq }), `${location.origin}/`).href
}

function subscribe(hear: () => void): () => void {
  addEventListener('hashchange', hear)
  return () => removeEventListener('hashchange', hear)
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash)
  return useMemo(() => parseRoute(hash), [hash])
}
