import { Button, MessageBar, MessageBarBody, makeStyles, tokens } from '@fluentui/react-components'
import { ChatMultipleRegular } from '@fluentui/react-icons'
import { useChat } from '../app/chat.ts'
import { useListing } from '../app/listed-rooms.ts'
import { go } from '../app/route.ts'
import { useWindowTitle } from '../app/window-title.ts'
import { EmptyState } from '../parts/EmptyState.tsx'

const useStyles = makeStyles({
  root: {
    flexGrow: 1,
    display: 'flex',
    flexDirection: 'column',
    justifyContent: 'center',
    padding: tokens.spacingHorizontalL,
  },
})

/** No room is open. */
export function HomePage() {
  const styles = useStyles()
  const { me } = useChat()
  const { rooms, isKnown } = useListing()
  useWindowTitle(undefined)
  return (
    <main className={styles.root}>
      {me.enabled ? null : (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>
            Persistent Chat is not switched on for you yet. Ask an administrator to grant it
            {me.administrator ? ' (as one, you find it under Admin, Policy)' : ''}.
          </MessageBarBody>
        </MessageBar>
      )}
      {!isKnown ? null : rooms.length === 0 ? (
        <EmptyState icon={<ChatMultipleRegular />} title={`Welcome, ${me.displayName}. You follow no rooms yet.`}>
          <Button appearance="primary" onClick={() => go({ page: 'find' })}>
            Find rooms
          </Button>
        </EmptyState>
      ) : (
        <EmptyState
          icon={<ChatMultipleRegular />}
          title="Choose a room on the left, or press Ctrl+K to go to one by name."
        />
      )}
    </main>
  )
}
