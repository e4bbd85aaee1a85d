import { makeStyles, tokens } from '@fluentui/react-components'
import type { ReactNode } from 'react'

const useStyles = makeStyles({
  root: { flexGrow: 1, minHeight: 0, overflowY: 'auto', padding: tokens.spacingHorizontalL },
  stack: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, maxWidth: '1120px' },
  columns: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)',
    gap: tokens.spacingHorizontalXXL,
    alignItems: 'start',
    '@media (max-width: 1099px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  lists: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, minWidth: 0 },
})

type RoomSheetProps = {
  label: string
  head?: ReactNode
  facts?: ReactNode
  lists?: ReactNode
  foot?: ReactNode
  children?: ReactNode
}

/** What a room is on the left, its lists on the right; one below the other where there is no room for both. */
export function RoomSheet({ label, head, facts, lists, foot, children }: RoomSheetProps) {
  const styles = useStyles()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section className={styles.root} tabIndex={0} aria-label={label}>
      <div className={styles.stack}>
        {head}
        {children}
        {facts === undefined ? null : (
          <div className={styles.columns}>
            {facts}
            <div className={styles.lists}>{lists}</div>
          </div>
        )}
        {foot}
      </div>
    </section>
  )
}
