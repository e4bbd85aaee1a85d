import { makeStyles, tokens } from '@fluentui/react-components'

const useStyles = makeStyles({
  root: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalS },
  figure: { minWidth: '56px', textAlign: 'right', fontVariantNumeric: 'tabular-nums' },
  track: { flexGrow: 1, height: '10px' },
  bar: { fill: tokens.colorBrandBackground },
})

/** A number, and beside it a bar that shows it against the largest of its table. */
export function ShareBar({ value, most }: { value: number; most: number }) {
  const styles = useStyles()
  return (
    <span className={styles.root}>
      <span className={styles.figure}>{value.toLocaleString()}</span>
      <svg aria-hidden className={styles.track} viewBox="0 0 100 10" preserveAspectRatio="none">
        <rect className={styles.bar} width={(value / most) * 100} height="10" rx="1" />
      </svg>
    </span>
  )
}
