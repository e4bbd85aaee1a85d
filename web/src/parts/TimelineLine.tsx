import { Button, makeStyles, tokens } from '@fluentui/react-components'
import { clockTime, dayName } from '../app/time.ts'
import type { TimelineRow } from '../app/timeline-rows.ts'
import { DividerLine } from './DividerLine.tsx'
import { MessageLine } from './MessageLine.tsx'
import { RemovedLine } from './RemovedLine.tsx'
import { WaitingLine } from './WaitingLine.tsx'

const useStyles = makeStyles({
  quiet: { textAlign: 'center', padding: tokens.spacingVerticalS, color: tokens.colorNeutralForeground3 },
  target: { backgroundColor: tokens.colorBrandBackground2 },
})

type TimelineLineProps = {
  room: string
  row: TimelineRow
  isStop: boolean
  isTarget: boolean
  mayRemove: boolean
  onGap: (throughSeq: number) => void
}

export function TimelineLine({ room, row, isStop, isTarget, mayRemove, onGap }: TimelineLineProps) {
  const styles = useStyles()
  switch (row.kind) {
    case 'start':
      return <div className={styles.quiet}>This is the beginning of what the room keeps.</div>
    case 'older':
      return <div className={styles.quiet}>Older messages load as you scroll up.</div>
    case 'day':
      return <DividerLine text={dayName(row.at)} />
    case 'unread':
      return <DividerLine text={`New since ${clockTime(row.at)}`} isUnread />
    case 'gap':
      return (
        <div className={styles.quiet}>
          <Button size="small" onClick={() => onGap(row.throughSeq)}>
            Load the {row.throughSeq - row.fromSeq + 1} messages between
          </Button>
        </div>
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
}
