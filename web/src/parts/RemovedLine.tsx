import { makeStyles, tokens } from '@fluentui/react-components'
import { LineFrame } from './LineFrame.tsx'

const useStyles = makeStyles({
  root: { fontStyle: 'italic', color: tokens.colorNeutralForeground3 },
})

type RemovedLineProps = { seq: number; at: string; isStop: boolean }

export function RemovedLine({ seq, at, isStop }: RemovedLineProps) {
  const styles = useStyles()
  return (
    <article
      data-seq={seq}
      data-stop
      tabIndex={isStop ? 0 : -1}
      className={styles.root}
      aria-label="Message removed by an administrator"
    >
      <LineFrame author="" at={at} startsRun={false} isActive>
        <span>Message removed by an administrator</span>
      </LineFrame>
    </article>
  )
}
