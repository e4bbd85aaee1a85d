import { Button, makeStyles, tokens } from '@fluentui/react-components'
import { ArrowDownRegular, ArrowUpRegular } from '@fluentui/react-icons'
import { useEffect, useRef } from 'react'
import { useRoving } from '../app/roving.ts'
import type { TimelineRow } from '../app/timeline-rows.ts'
import { useTimelineScroll } from '../app/timeline-scroll.ts'
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
  jump: {
    position: 'absolute',
    insetBlockEnd: tokens.spacingVerticalM,
    insetInline: 0,
    display: 'flex',
    justifyContent: 'center',
    pointerEvents: 'none',
    '& > *': { pointerEvents: 'auto', boxShadow: tokens.shadow8 },
  },
  jumpUp: { insetBlockEnd: 'auto', insetBlockStart: tokens.spacingVerticalS },
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
  onGap: (throughSeq: number) => void
  onEnd: (isAtEnd: boolean) => void
  onFirstUnread: () => void
}

export function Timeline(props: TimelineProps) {
  const { rows, isReady, endSignal, targetSeq, onOlder, onEnd } = props
  const styles = useStyles()
  const focusKey = useRef<string>(undefined)
  const roving = useRoving(rows, index => {
    focusKey.current = rows[index]?.key
    toRow(index, 'auto')
  })
  const { scrollRef, virtualizer, isAtEnd, onScroll, toEnd, toRow } = useTimelineScroll(rows, roving.index)
  const items = virtualizer.getVirtualItems()

  const placedFor = useRef<number | 'end'>(undefined)
  useEffect(() => {
    const wanted = targetSeq ?? 'end'
    if (!isReady || placedFor.current === wanted) return
    const target =
      targetSeq === undefined
        ? rows.findIndex(row => row.kind === 'unread')
        : rows.findIndex(row => (row.kind === 'message' && row.message.seq === targetSeq) || (row.kind === 'removed' && row.seq === targetSeq))
    if (target >= 0) toRow(target, targetSeq === undefined ? 'start' : 'center')
    else if (targetSeq !== undefined || placedFor.current !== undefined) return
    else toEnd()
    placedFor.current = wanted
  })

  const firstIndex = items[0]?.index
  const hasOlder = rows[0]?.kind === 'older'
  useEffect(() => {
    if (isReady && hasOlder && firstIndex !== undefined && firstIndex < 5) onOlder()
  }, [isReady, hasOlder, firstIndex, onOlder])

  const lastSignal = useRef(endSignal)
  useEffect(() => {
    if (lastSignal.current === endSignal) return
    lastSignal.current = endSignal
    toEnd()
  })

  useEffect(() => onEnd(isAtEnd), [isAtEnd, onEnd])

  useEffect(() => {
    if (focusKey.current === undefined) return
    const element = scrollRef.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(focusKey.current)}"] [data-stop]`)
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
                onFocus={() => roving.setKey(row.key)}
              >
                <TimelineLine
                  room={props.room}
                  row={row}
                  isStop={roving.key === row.key}
                  isTarget={row.kind === 'message' && row.message.seq === targetSeq}
                  mayRemove={props.mayRemove}
                  onGap={props.onGap}
                />
              </div>
            )
          })}
        </div>
      </div>
      {props.unreadAbove > 0 ? (
        <div className={`${styles.jump} ${styles.jumpUp}`}>
          <Button size="small" shape="circular" icon={<ArrowUpRegular />} onClick={props.onFirstUnread}>
            Jump to first unread
          </Button>
        </div>
      ) : null}
      {isAtEnd ? null : (
        <div className={styles.jump}>
          <Button size="small" shape="circular" appearance={props.newCount > 0 ? 'primary' : 'secondary'} icon={<ArrowDownRegular />} onClick={toEnd}>
            {props.newCount === 0
              ? 'To the newest'
              : `${props.newCount} new message${props.newCount === 1 ? '' : 's'}`}
          </Button>
        </div>
      )}
    </div>
  )
}
