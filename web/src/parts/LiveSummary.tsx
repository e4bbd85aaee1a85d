import { makeStyles } from '@fluentui/react-components'
import { useEffect, useRef, useState } from 'react'
import { useChat } from '../app/chat.ts'

const useStyles = makeStyles({
  root: {
    position: 'absolute',
    width: '1px',
    height: '1px',
    overflow: 'hidden',
    clipPath: 'inset(50%)',
    whiteSpace: 'nowrap',
  },
})

const gatherMs = 1500

type LiveSummaryProps = { room: string; roomName: string }

/** What a screen reader is told: one message as it is, a burst summed up. */
export function LiveSummary({ room, roomName }: LiveSummaryProps) {
  const styles = useStyles()
  const { client, me } = useChat()
  const [words, setWords] = useState('')
  const gathered = useRef<string[]>([])
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = client.on('message.posted', ({ room: where, message }) => {
      if (where !== room || message.author.id === me.id) return
      const alert = message.alert === true ? 'High importance, ' : ''
      gathered.current.push(
        `${message.author.displayName}: ${alert}${message.title ?? (message.text || `File ${message.file?.name ?? ''}`)}`,
      )
      timer ??= setTimeout(() => {
        timer = undefined
        const [first = '', ...more] = gathered.current.splice(0)
        setWords(more.length === 0 ? first : `${more.length + 1} new messages in ${roomName}`)
      }, gatherMs)
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [client, me, room, roomName])
  return (
    <div className={styles.root} aria-live="polite">
      {words}
    </div>
  )
}
