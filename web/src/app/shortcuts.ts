import { useEffect } from 'react'
import type { ListedRoom } from './room-list.ts'
import { go } from './route.ts'

export type Shortcuts = {
  rooms: readonly ListedRoom[]
  current: string | undefined
  onSwitcher: () => void
  onHelp: () => void
}

export const shortcutWords: readonly (readonly [keys: string, act: string])[] = [
  ['Ctrl+K', 'Go to a room by name'],
  ['Alt+↑ / Alt+↓', 'Previous or next room'],
  ['Alt+Shift+↑ / ↓', 'Previous or next unread room'],
  ['F6 / Shift+F6', 'Next or previous pane'],
  ['↑ / ↓, Home, End', 'Walk the messages (in the stream)'],
  ['Esc', 'Mark the room read; close a pane or dialog'],
  ['Enter', 'Send'],
  ['Shift+Enter', 'New line'],
  ['Ctrl+/', 'This help'],
]

/** The room above or below the open one, in the order of the pane. */
function step(rooms: readonly ListedRoom[], current: string | undefined, by: 1 | -1, unreadOnly: boolean): void {
  const at = rooms.findIndex(room => room.info.id === current)
  const count = rooms.length
  for (let distance = 1; distance <= count; distance++) {
    const start = at < 0 && by < 0 ? 0 : at
    const room = rooms[(((start + by * distance) % count) + count) % count]
    if (room === undefined || (unreadOnly && room.unread === 0)) continue
    go({ page: 'room', room: room.info.id })
    return
  }
}

function focusPane(by: 1 | -1): void {
  const panes = [...document.querySelectorAll<HTMLElement>('[data-pane]')]
  if (panes.length === 0) return
  const at = panes.findIndex(pane => pane.contains(document.activeElement))
  const pane = panes[(at + by + panes.length) % panes.length]
  // The line where the reader was in a stream, the box of a composer, else the first thing that can be used.
  const inside = pane?.querySelector<HTMLElement>(
    '[data-stop][tabindex="0"], textarea, a[href], button, input, [tabindex="0"]',
  )
  ;(inside ?? pane)?.focus()
}

export function useShortcuts({ rooms, current, onSwitcher, onHelp }: Shortcuts): void {
  useEffect(() => {
    function onKeyDown(event: KeyboardEvent): void {
      const isControl = event.ctrlKey || event.metaKey
      if (isControl && event.key.toLowerCase() === 'k') onSwitcher()
      else if (isControl && event.key === '/') onHelp()
      else if (event.altKey && event.key === 'ArrowUp') step(rooms, current, -1, event.shiftKey)
      else if (event.altKey && event.key === 'ArrowDown') step(rooms, current, 1, event.shiftKey)
      else if (event.key === 'F6') focusPane(event.shiftKey ? -1 : 1)
      else return
      event.preventDefault()
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [rooms, current, onSwitcher, onHelp])
}
