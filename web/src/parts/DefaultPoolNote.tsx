import { Link, MessageBar, MessageBarBody, makeStyles, tokens } from '@fluentui/react-components'
import { useChat } from '../app/chat.ts'
import { poolHref, usePools } from '../app/hand-over.ts'
import type { ManageRoute } from '../app/manage-place.ts'

const useStyles = makeStyles({
  root: { flexShrink: 0, marginBlock: tokens.spacingVerticalS, marginInline: tokens.spacingHorizontalL, width: 'auto' },
})

/** Says where rooms of this site are made, in a pool that is not the one; the link leads to the same page there. */
export function DefaultPoolNote({ to }: { to: ManageRoute }) {
  const styles = useStyles()
  const { me } = useChat()
  const pools = usePools()
  const there = pools?.all.find(one => one.default)
  if (pools?.own === undefined || there === undefined || there.own) return null
  return (
    <MessageBar layout="multiline" className={styles.root}>
      <MessageBarBody>
        You are in {pools.own.displayName}. Rooms of your site are made and managed in {there.displayName}.{' '}
        <Link href={poolHref(there, pools.own, me, to)} target="_blank" rel="noopener noreferrer">
          Open {there.displayName}
        </Link>
      </MessageBarBody>
    </MessageBar>
  )
}
