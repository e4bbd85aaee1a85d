import { Link, makeStyles, tokens } from '@fluentui/react-components'
import { useEffect, useState } from 'react'
import { useChat } from '../app/chat.ts'
import { useConnectionState, useIsOutdated } from '../app/connection-state.ts'

const useStyles = makeStyles({
  root: {
    textAlign: 'center',
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    paddingBlock: '2px',
    backgroundColor: tokens.colorStatusWarningBackground1,
    color: tokens.colorNeutralForeground1,
  },
})

const patienceMs = 700

/** A thin line while there is no connection. A moment's interruption is not worth a line. */
export function ConnectionLine() {
  const styles = useStyles()
  const { client } = useChat()
  const isOpen = useConnectionState() === 'open'
  const isOutdated = useIsOutdated(isOpen)
  const [isShown, setShown] = useState(false)
  useEffect(() => {
    if (isOpen) {
      setShown(false)
      return
    }
    const timer = setTimeout(() => setShown(true), patienceMs)
    return () => clearTimeout(timer)
  }, [isOpen])
  return (
    <div role="status">
      {isShown && !isOpen ? (
        <div className={styles.root}>
          {isOutdated ? (
            <>
              New servers were added since this page was loaded.{' '}
              <Link as="button" inline onClick={() => location.reload()}>
                Load it again
              </Link>
              : nothing is lost.
            </>
          ) : client.me === undefined ? (
            'Connecting to the server…'
          ) : (
            'Reconnecting… nothing is lost'
          )}
        </div>
      ) : null}
    </div>
  )
}
