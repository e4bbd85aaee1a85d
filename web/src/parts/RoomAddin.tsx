import { Button, makeStyles, Text, tokens } from '@fluentui/react-components'
import { ArrowClockwiseRegular } from '@fluentui/react-icons'
import { useEffect, useRef, useState } from 'react'
import type { Room } from '../../../src/protocol/room.ts'
import { type AddinBridge, type AddinPort, openBridge } from '../app/addin-bridge.ts'
import { useChat } from '../app/chat.ts'
import { EmptyState } from './EmptyState.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXS, height: '100%' },
  frame: { flexGrow: 1, minHeight: '240px', width: '100%', border: 'none', backgroundColor: '#fff' },
  line: {
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'space-between',
    color: tokens.colorNeutralForeground2,
  },
})

/** Of the page that was connected. */
type PageState = 'there' | 'doubtful' | 'gone'
const stateWords: Partial<Record<PageState, string>> = {
  gone: 'It went to another page, which is told nothing of this room.',
  doubtful: 'It loaded once more. If it went to another page, that one is told nothing of this room.',
}

/** The page of the room's add-in. It is somebody else's: it runs as of no origin, and what it is told goes over a port. */
export function RoomAddin({ room }: { room: Room }) {
  const styles = useStyles()
  const [loads, setLoads] = useState(0)
  const [state, setState] = useState<PageState>('there')
  const { addin } = room
  const key = `${loads} ${addin?.id} ${addin?.url}`
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page is a new beginning
  useEffect(() => setState('there'), [key])
  if (addin === undefined) return <EmptyState title="This room has no add-in any more." />
  return (
    <div className={styles.root}>
      <AddinFrame key={key} room={room} name={addin.name} url={addin.url} onState={setState} />
      <div className={styles.line}>
        <Text size={200} role="status">
          {stateWords[state] ?? `From ${URL.parse(addin.url)?.host}`}
        </Text>
        <Button
          size="small"
          appearance="subtle"
          icon={<ArrowClockwiseRegular />}
          onClick={() => setLoads(now => now + 1)}
        >
          Load again
        </Button>
      </div>
    </div>
  )
}

type AddinFrameProps = { room: Room; name: string; url: string; onState: (state: PageState) => void }

/** Mounted anew for each page: the first one that says hello is connected, and a page that it leads to is not. */
function AddinFrame({ room, name, url, onState }: AddinFrameProps) {
  const styles = useStyles()
  const { client, me, addins } = useChat()
  const frame = useRef<HTMLIFrameElement>(null)
  const [bridge, setBridge] = useState<AddinBridge>()
  const { id } = room
  const tell = useRef(onState)
  const loads = useRef(0)
  /** It said hello before it was loaded: that is still to come, and is no other page. */
  const isLoading = useRef(false)

  useEffect(() => {
    let close = () => {}
    function hear(event: MessageEvent): void {
      const page = frame.current?.contentWindow
      if (page == null || event.source !== page || event.data?.pchat !== 'hello' || event.data.version !== 1) return
      removeEventListener('message', hear)
      const channel = new MessageChannel()
      const opened = openBridge(
        channel.port1 as AddinPort,
        {
          history: range => client.request('message.list', { room: id, ...range }),
          post: content => client.post(id, content),
        },
        {
          judges: event.data.filter === true,
          onLost() {
            close()
            setBridge(undefined)
            tell.current('gone')
          },
          onDoubt: isDoubtful => tell.current(isDoubtful ? 'doubtful' : 'there'),
        },
      )
      isLoading.current = loads.current === 0
      close = addins.open(id, opened)
      // Of no origin, so there is none to name; the port is of this page alone.
      page.postMessage({ pchat: 'open', version: 1 }, '*', [channel.port2])
      setBridge(opened)
    }
    addEventListener('message', hear)
    return () => {
      removeEventListener('message', hear)
      close()
    }
  }, [client, addins, id])

  useEffect(() => {
    bridge?.tell({ type: 'room', room, me: { id: me.id, kind: me.kind, name: me.name, displayName: me.displayName } })
  }, [bridge, room, me])

  useEffect(() => {
    if (bridge === undefined) return
    const ends = [
      client.on('message.posted', event => {
        if (event.room === id) bridge.tell({ type: 'message', message: event.message })
      }),
      client.on('message.removed', ({ room: of, seq, text }) => {
        if (of === id) bridge.tell({ type: 'removed', seq, ...(text === undefined ? {} : { text }) })
      }),
      client.on('history.changed', ({ room: of, fromSeq, throughSeq }) => {
        if (of === id) bridge.tell({ type: 'historyChanged', fromSeq, throughSeq })
      }),
    ]
    return () => {
      for (const end of ends) end()
    }
  }, [bridge, client, id])

  return (
    <iframe
      ref={frame}
      className={styles.frame}
      title={name}
      src={url}
      onLoad={() => {
        loads.current += 1
        if (isLoading.current) isLoading.current = false
        else bridge?.suspect()
      }}
      sandbox="allow-scripts allow-forms allow-popups"
      referrerPolicy="no-referrer"
    />
  )
}
