import { Button, makeStyles, Spinner, tokens } from '@fluentui/react-components'
import type { ReactNode } from 'react'
import { faultOf } from '../app/fault.ts'
import type { usePages } from '../app/pages.ts'
import { FaultNote } from './FaultNote.tsx'

const useStyles = makeStyles({
  root: {
    overflow: 'auto',
    flexGrow: 1,
    minHeight: 0,
    paddingInline: tokens.spacingHorizontalL,
    paddingBlockEnd: tokens.spacingVerticalL,
  },
})

type FoundRoomsProps = {
  label: string
  found: ReturnType<typeof usePages<'room.find'>>
  isEmpty: boolean
  /** What stands there when it found nothing. */
  empty: ReactNode
  children: ReactNode
}

/** What was found, page after page. */
export function FoundRooms({ label, found, isEmpty, empty, children }: FoundRoomsProps) {
  const styles = useStyles()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section className={styles.root} tabIndex={0} aria-label={label}>
      {found.error === null ? null : <FaultNote fault={faultOf(found.error)} />}
      {found.isPending ? <Spinner label="Looking" delay={300} /> : null}
      {found.isSuccess && isEmpty ? empty : null}
      {isEmpty ? null : children}
      {found.hasNextPage ? (
        <Button disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          Show more
        </Button>
      ) : null}
    </section>
  )
}
