import { useEffect, useRef } from 'react'
import type { TimelineRow } from './timeline-rows.ts'
import type { TimelineScroll } from './timeline-scroll.ts'

type Wanted = {
  rows: readonly TimelineRow[]
  /** The first page is here. */
  isReady: boolean
  targetSeq: number | undefined
  /** Raised to bring the newest into view. */
  endSignal: number
}

function isSeq(row: TimelineRow, seq: number): boolean {
  return (row.kind === 'message' && row.message.seq === seq) || (row.kind === 'removed' && row.seq === seq)
}

/** Goes once to where the room is opened: a linked message, else the unread line, else the newest. */
export function useTimelinePlace(scroll: TimelineScroll, { rows, isReady, targetSeq, endSignal }: Wanted): void {
  const { toEnd, toRow } = scroll
  const placedAt = useRef<number | 'opened'>(undefined)
  useEffect(() => {
    const wanted = targetSeq ?? 'opened'
    if (!isReady || placedAt.current === wanted) return
    if (targetSeq !== undefined) {
      const index = rows.findIndex(row => isSeq(row, targetSeq))
      // It is still loading: the effect runs again with the rows.
      if (index < 0) return
      toRow(index, 'center')
    } else if (placedAt.current === undefined) {
      const unread = rows.findIndex(row => row.kind === 'unread')
      if (unread < 0) toEnd()
      else toRow(unread, 'start')
    }
    placedAt.current = wanted
  }, [rows, isReady, targetSeq, toEnd, toRow])

  const lastSignal = useRef(endSignal)
  useEffect(() => {
    if (lastSignal.current === endSignal) return
    lastSignal.current = endSignal
    toEnd()
  }, [endSignal, toEnd])
}
