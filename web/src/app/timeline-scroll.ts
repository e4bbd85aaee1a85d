import { defaultRangeExtractor, type ReactVirtualizer, useVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { TimelineRow } from './timeline-rows.ts'

const endThresholdPx = 48
const linePx = 20
const charactersALine = 95

/** Close enough that the scroll bar does not jump when a line comes into view and is measured. */
function estimatedPx(row: TimelineRow | undefined): number {
  switch (row?.kind) {
    case 'message':
    case 'waiting': {
      const { title, text, alert } = row.kind === 'message' ? row.message : row.post
      const lines =
        title === undefined
          ? text.split('\n').reduce((sum, line) => sum + 1 + Math.floor(line.length / charactersALine), 0)
          : 2
      return 6 + lines * linePx + (row.startsRun ? 28 : 0) + (alert === true ? 24 : 0)
    }
    case 'start':
    case 'older':
      return 36
    case 'gap':
      return 40
    default:
      return 28
  }
}

export type TimelineScroll = {
  scrollRef: RefObject<HTMLDivElement | null>
  virtualizer: ReactVirtualizer<HTMLDivElement, HTMLDivElement>
  isAtEnd: boolean
  toEnd: () => void
  toRow: (index: number, align: 'start' | 'center' | 'auto') => void
  onScroll: () => void
}

type Anchor = { key: string; offset: number }

/**
 * Where the stream stands. At the end it stays at the end; elsewhere the line under the eye stays where it is, whatever
 * loads above it. `keep` is the index of the row that has the keyboard: it stays mounted, or focus would be lost.
 */
export function useTimelineScroll(rows: readonly TimelineRow[], keep: number | undefined): TimelineScroll {
  const scrollRef = useRef<HTMLDivElement>(null)
  const anchor = useRef<Anchor | undefined>(undefined)
  const [isAtEnd, setAtEnd] = useState(true)

  const virtualizer = useVirtualizer<HTMLDivElement, HTMLDivElement>({
    count: rows.length,
    getScrollElement: () => scrollRef.current,
    estimateSize: index => estimatedPx(rows[index]),
    getItemKey: useCallback((index: number) => rows[index]?.key ?? index, [rows]),
    overscan: 12,
    paddingEnd: 12,
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: endThresholdPx,
    rangeExtractor: range => {
      const indexes = defaultRangeExtractor(range)
      if (keep === undefined || indexes.includes(keep)) return indexes
      return [...indexes, keep].sort((a, b) => a - b)
    },
  })

  const capture = useCallback(() => {
    const element = scrollRef.current
    if (element === null) return
    // Only messages: day lines and the loading line move when history comes in above them.
    const top = virtualizer.getVirtualItemForOffset(element.scrollTop)?.index ?? 0
    const index = rows.findIndex((row, at) => at >= top && (row.kind === 'message' || row.kind === 'removed'))
    const start = virtualizer.measurementsCache[index]?.start
    anchor.current =
      start === undefined ? undefined : { key: rows[index]?.key ?? '', offset: start - element.scrollTop }
  }, [rows, virtualizer])

  const latest = useRef(rows)
  latest.current = rows
  const startOf = useCallback(
    (key: string) => virtualizer.measurementsCache[latest.current.findIndex(row => row.key === key)]?.start,
    [virtualizer],
  )
  const hold = useRef<(() => void) | undefined>(undefined)
  const sentAt = useRef(Number.NEGATIVE_INFINITY)
  /** Somebody wants to be elsewhere: nothing is held meanwhile. */
  const send = useCallback((go: () => void) => {
    hold.current?.()
    sentAt.current = performance.now()
    go()
  }, [])
  const firstSeq = firstMessageSeq(rows)
  const lastFirstSeq = useRef(firstSeq)
  // After the virtualizer's own layout effect, which may have anchored on a line that moved.
  useLayoutEffect(() => {
    const hadFirst = lastFirstSeq.current
    lastFirstSeq.current = firstSeq
    const element = scrollRef.current
    const held = anchor.current
    if (element === null || held === undefined || hadFirst === undefined || hadFirst === firstSeq) return
    const index = rows.findIndex(row => row.key === held.key)
    const start = virtualizer.measurementsCache[index]?.start
    if (start !== undefined && Math.abs(start - held.offset - element.scrollTop) > 1)
      virtualizer.scrollToOffset(start - held.offset)
    hold.current?.()
    if (performance.now() - sentAt.current < sentMs) return
    hold.current = holdStill(element, () => {
      const start = startOf(held.key)
      return start === undefined ? undefined : start - held.offset
    })
  }, [rows, firstSeq, virtualizer, startOf])
  useEffect(() => () => hold.current?.(), [])

  const onScroll = useCallback(() => {
    const element = scrollRef.current
    // Asked of the element: this runs before the virtualizer has heard of the scrolling.
    if (element !== null) setAtEnd(element.scrollHeight - element.clientHeight - element.scrollTop <= endThresholdPx)
    capture()
  }, [capture])

  useEffect(() => {
    onScroll()
  }, [onScroll])

  return {
    scrollRef,
    virtualizer,
    isAtEnd,
    onScroll,
    toEnd: useCallback(() => send(() => virtualizer.scrollToEnd()), [virtualizer, send]),
    toRow: useCallback((index, align) => send(() => virtualizer.scrollToIndex(index, { align })), [virtualizer, send]),
  }
}

const holdFrames = 24
/** A row that was asked for is measured and put in its place for about so long. */
const sentMs = 1_000
const gestures = ['wheel', 'touchmove', 'pointerdown', 'keydown']

/**
 * Lines that came in above are drawn and measured in the frames that follow, some of them in view: until that is over what is held
 * is put back to its place. Whoever scrolls meanwhile has his way. Answers what ends it.
 */
function holdStill(element: HTMLElement, target: () => number | undefined): () => void {
  let left = holdFrames
  let frame = requestAnimationFrame(putBack)
  function putBack() {
    const top = target()
    if (top !== undefined && Math.abs(top - element.scrollTop) > 1) element.scrollTop = top
    left -= 1
    if (left > 0) frame = requestAnimationFrame(putBack)
    else end()
  }
  function end() {
    cancelAnimationFrame(frame)
    for (const gesture of gestures) element.removeEventListener(gesture, end)
  }
  for (const gesture of gestures) element.addEventListener(gesture, end, { passive: true })
  return end
}

function firstMessageSeq(rows: readonly TimelineRow[]): number | undefined {
  for (const row of rows) {
    if (row.kind === 'message') return row.message.seq
    if (row.kind === 'removed') return row.seq
  }
  return undefined
}
