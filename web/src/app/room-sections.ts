import type { ListedRoom } from './room-list.ts'

export type RoomSection = { name: string; rooms: readonly ListedRoom[] }

/** Unread rooms first, then the rest by category. */
export function roomSections(rooms: readonly ListedRoom[], filter: string): RoomSection[] {
  const wanted = filter.trim().toLocaleLowerCase()
  const shown = rooms.filter(room => room.info.name.toLocaleLowerCase().includes(wanted))
  const unread = shown.filter(room => room.unread > 0)
  const rest = Map.groupBy(
    shown.filter(room => room.unread === 0),
    room => room.info.categoryName,
  )
  return [
    ...(unread.length === 0 ? [] : [{ name: 'Unread', rooms: unread }]),
    ...[...rest].sort(([a], [b]) => a.localeCompare(b)).map(([name, list]) => ({ name, rooms: list })),
  ]
}
