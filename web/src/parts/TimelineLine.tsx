import { makeStyles, tokens } from '@fluentui/react-components'
import { memo } from 'react'
import { clockTime, dayName } from '../app/time.ts'
import type { TimelineRow } from '../app/timeline-rows.ts'
import { DividerLine } from './DividerLine.tsx'
import { MessageLine } from './MessageLine.tsx'
import { RemovedLine } from './RemovedLine.tsx'
import { WaitingLine } from './WaitingLine.tsx'

const useStyles = makeStyles({
  quiet: { textAlign: 'center', padding: tokens.spacingVerticalS, color: tokens.colorNeutralForeground3 },
  target: {
    backgroundColor: tokens.colorBrandBackground2,
    boxShadow: `inset 3px 0 ${tokens.colorBrandStroke1}`,
  },
})

type TimelineLineProps = {
  room: string
  row: TimelineRow
  isStop: boolean
  isTarget: boolean
  mayRemove: boolean
}

/** Only what changed is drawn again: scrolling draws forty of these in every frame. */
export const TimelineLine = memo(function TimelineLine({ room, row, isStop, isTarget, mayRemove }: TimelineLineProps) {
  const styles = useStyles()
  switch (row.kind) {
    case 'start':
      return (
        <div className={styles.quiet}>
          {row.keepsHistory
            ? 'This is the beginning of what the room keeps.'
            : 'This room keeps no history: you see what is said while you are here.'}
        </div>
      )
    case 'older':
      return <div className={styles.quiet}>Older messages load as you scroll up.</div>
    case 'day':
      return <DividerLine text={dayName(row.at)} />
    case 'unread':
      return <DividerLine text={`New since ${clockTime(row.at)}`} isUnread />
    case 'gap':
      return (
        <div className={styles.quiet}>{row.throughSeq - row.fromSeq + 1} messages between load as you come near.</div>
      )
    case 'removed':
      return <RemovedLine seq={row.seq} at={row.at} isStop={isStop} />
    case 'waiting':
      return <WaitingLine post={row.post} startsRun={row.startsRun} isStop={isStop} />
    case 'message':
      return (
        <div className={isTarget ? styles.target : undefined}>
          <MessageLine
            room={room}
            message={row.message}
            startsRun={row.startsRun}
            isStop={isStop}
            mayRemove={mayRemove}
          />
        </div>
      )
  }
})
