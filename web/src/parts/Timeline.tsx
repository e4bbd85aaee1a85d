import { makeStyles } from '@fluentui/react-components'
import { useEffect, useRef } from 'react'
import { useRoving } from '../app/roving.ts'
import { gapInView } from '../app/timeline-gap.ts'
import { useTimelinePlace } from '../app/timeline-place.ts'
import type { TimelineRow } from '../app/timeline-rows.ts'
import { useTimelineScroll } from '../app/timeline-scroll.ts'
import { JumpButtons } from './JumpButtons.tsx'
import { TimelineLine } from './TimelineLine.tsx'

const useStyles = makeStyles({
  root: { position: 'relative', flexGrow: 1, minHeight: 0, display: 'flex', flexDirection: 'column' },
  scroll: {
    flexGrow: 1,
    minHeight: 0,
    overflowY: 'auto',
    overflowX: 'hidden',
    display: 'flex',
    flexDirection: 'column',
    // The browser's own anchoring would correct a second time what the virtualizer has corrected.
    overflowAnchor: 'none',
  },
  sizer: { position: 'relative', width: '100%', marginBlockStart: 'auto', flexShrink: 0 },
  row: { position: 'absolute', insetBlockStart: 0, insetInlineStart: 0, width: '100%' },
})

type TimelineProps = {
  room: string
  roomName: string
  rows: readonly TimelineRow[]
  /** The first page is here. */
  isReady: boolean
  /** Messages that came while the end was out of sight. */
  newCount: number
  /** How many unread messages are further up than what is loaded. */
  unreadAbove: number
  /** Raised to bring the newest into view. */
  endSignal: number
  targetSeq: number | undefined
  mayRemove: boolean
  onOlder: () => void
  onGap: (fromSeq: number, throughSeq: number) => void
  onEnd: (isAtEnd: boolean) => void
  onFirstUnread: () => void
}

export function Timeline(props: TimelineProps) {
  const { rows, isReady, targetSeq, onOlder, onGap, onEnd } = props
  const styles = useStyles()
  const focusKey = useRef<string>(undefined)
  const roving = useRoving(rows, index => {
    focusKey.current = rows[index]?.key
    scroll.toRow(index, 'auto')
  })
  const scroll = useTimelineScroll(rows, roving.index)
  const { scrollRef, virtualizer, isAtEnd, onScroll, toEnd } = scroll
  const items = virtualizer.getVirtualItems()

  useTimelinePlace(scroll, props)

  const firstIndex = items[0]?.index
  const hasOlder = rows[0]?.kind === 'older'
  useEffect(() => {
    if (isReady && hasOlder && firstIndex !== undefined && firstIndex < 5) onOlder()
  }, [isReady, hasOlder, firstIndex, onOlder])

  const { fromSeq, throughSeq } = gapInView(rows, items) ?? {}
  useEffect(() => {
    if (fromSeq !== undefined && throughSeq !== undefined) onGap(fromSeq, throughSeq)
  }, [fromSeq, throughSeq, onGap])

  useEffect(() => onEnd(isAtEnd), [isAtEnd, onEnd])

  useEffect(() => {
    if (focusKey.current === undefined) return
    const element = scrollRef.current?.querySelector<HTMLElement>(
      `[data-row="${CSS.escape(focusKey.current)}"] [data-stop]`,
    )
    if (element === null || element === undefined) return
    focusKey.current = undefined
    element.focus({ preventScroll: true })
  })

  return (
    <div className={styles.root}>
      <div
        ref={scrollRef}
        className={styles.scroll}
        role="log"
        aria-live="off"
        aria-label={`Messages in ${props.roomName}`}
        data-pane="messages"
        tabIndex={-1}
        onScroll={onScroll}
        onKeyDown={roving.onKeyDown}
        onFocus={event => {
          const key = event.target.closest<HTMLElement>('[data-row]')?.dataset.row
          if (key !== undefined) roving.setKey(key)
        }}
      >
        <div className={styles.sizer} style={{ height: virtualizer.getTotalSize() }}>
          {items.map(item => {
            const row = rows[item.index]
            if (row === undefined) return null
            return (
              <div
                key={item.key}
                ref={virtualizer.measureElement}
                data-index={item.index}
                data-row={row.key}
                className={styles.row}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <TimelineLine
                  room={props.room}
                  row={row}
                  isStop={roving.key === row.key}
                  isTarget={row.kind === 'message' && row.message.seq === targetSeq}
                  mayRemove={props.mayRemove}
                />
              </div>
            )
          })}
        </div>
      </div>
      <JumpButtons
        isAtEnd={isAtEnd}
        newCount={props.newCount}
        unreadAbove={props.unreadAbove}
        onEnd={toEnd}
        onFirstUnread={props.onFirstUnread}
      />
    </div>
  )
}
