import { Avatar, makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import type { ReactNode } from 'react'
import { useDensity } from '../app/density.ts'
import { clockTime, exactTime } from '../app/time.ts'

const useStyles = makeStyles({
  root: {
    display: 'grid',
    gridTemplateColumns: '56px minmax(0, 1fr)',
    columnGap: tokens.spacingHorizontalS,
    paddingInline: tokens.spacingHorizontalL,
  },
  compact: { gridTemplateColumns: '44px minmax(0, 1fr)' },
  terminal: { gridTemplateColumns: '48px 14ch minmax(0, 1fr)', paddingInline: tokens.spacingHorizontalS },
  runStart: { marginBlockStart: tokens.spacingVerticalS },
  gutter: { display: 'flex', justifyContent: 'center', alignItems: 'flex-start' },
  name: { fontWeight: tokens.fontWeightSemibold, overflowWrap: 'anywhere' },
  time: {
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
    fontVariantNumeric: 'tabular-nums',
    whiteSpace: 'nowrap',
  },
  heading: { display: 'flex', columnGap: tokens.spacingHorizontalS, alignItems: 'baseline', flexWrap: 'wrap' },
  quiet: { visibility: 'hidden' },
})

type LineFrameProps = { author: string; at: string; startsRun: boolean; isActive: boolean; children: ReactNode }

/** Author and time once a run; the time of every line on hover and focus. */
export function LineFrame({ author, at, startsRun, isActive, children }: LineFrameProps) {
  const styles = useStyles()
  const { density, className } = useDensity()
  const time = (isQuiet: boolean) => (
    <time dateTime={at} title={exactTime(at)} className={mergeClasses(styles.time, isQuiet && styles.quiet)}>
      {clockTime(at)}
    </time>
  )
  if (density === 'terminal') {
    return (
      <div className={mergeClasses(styles.root, className, styles.terminal)}>
        {time(false)}
        <span className={styles.name}>{startsRun ? author : ''}</span>
        {children}
      </div>
    )
  }
  const isComfortable = density === 'comfortable'
  return (
    <div
      className={mergeClasses(
        styles.root,
        className,
        !isComfortable && styles.compact,
        startsRun && isComfortable && styles.runStart,
      )}
    >
      <span className={styles.gutter}>
        {startsRun && isComfortable ? <Avatar aria-hidden name={author} size={32} color="colorful" /> : null}
        {startsRun ? null : time(!isActive)}
      </span>
      <div>
        {startsRun ? (
          <div className={styles.heading}>
            <span className={styles.name}>{author}</span>
            {time(false)}
          </div>
        ) : null}
        {children}
      </div>
    </div>
  )
}
