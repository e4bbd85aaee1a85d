import { type KeyboardEvent, useState } from 'react'
import type { TimelineRow } from './timeline-rows.ts'

/** Lines that the keyboard stops at. */
export function isStop(row: TimelineRow | undefined): boolean {
  return row?.kind === 'message' || row?.kind === 'removed' || row?.kind === 'waiting'
}

export type Roving = {
  /** The one line that Tab reaches. */
  key: string | undefined
  index: number | undefined
  setKey: (key: string) => void
  onKeyDown: (event: KeyboardEvent<HTMLElement>) => void
}

/** ↑ and ↓, Home and End walk the lines of the stream. `focus` brings the row into view and focuses it. */
export function useRoving(rows: readonly TimelineRow[], focus: (index: number) => void): Roving {
  const [chosen, setKey] = useState<string>()
  const index = findIndex(rows, chosen)

  function step(from: number, by: 1 | -1): number | undefined {
    for (let at = from + by; at >= 0 && at < rows.length; at += by) if (isStop(rows[at])) return at
    return undefined
  }

  function reached(pressed: string): number | undefined {
    switch (pressed) {
      case 'ArrowUp':
        return step(index ?? rows.length, -1)
      case 'ArrowDown':
        return step(index ?? -1, 1)
      case 'Home':
        return step(-1, 1)
      case 'End':
        return step(rows.length, -1)
      default:
        return undefined
    }
  }

  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    const target = event.target as HTMLElement
    if (!('stop' in target.dataset) || event.altKey || event.ctrlKey || event.metaKey) return
    const next = reached(event.key)
    if (next === undefined) return
    event.preventDefault()
    setKey(rows[next]?.key ?? '')
    focus(next)
  }
  return { key: index === undefined ? undefined : rows[index]?.key, index, setKey, onKeyDown }
}

function findIndex(rows: readonly TimelineRow[], key: string | undefined): number | undefined {
  const chosen = key === undefined ? -1 : rows.findIndex(row => row.key === key)
  const index = chosen >= 0 ? chosen : rows.findLastIndex(isStop)
  return index < 0 ? undefined : index
}
