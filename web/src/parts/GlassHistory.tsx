import { Button, MessageBar, MessageBarBody, makeStyles, Text, tokens } from '@fluentui/react-components'
import { useCallback, useEffect, useState } from 'react'
import type { Message } from '../../../src/protocol/message.ts'
import type { Room } from '../../../src/protocol/room.ts'
import { useChat } from '../app/chat.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import { forget } from '../app/query.ts'
import { clockTime } from '../app/time.ts'
import { FaultNote } from './FaultNote.tsx'
import { MessageLine } from './MessageLine.tsx'
import { RemovedLine } from './RemovedLine.tsx'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalS,
    paddingInline: tokens.spacingHorizontalL,
    paddingBlockEnd: tokens.spacingVerticalXL,
  },
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
  banner: { whiteSpace: 'normal', overflowWrap: 'anywhere' },
})

const pageSize = 50
type GlassHistoryProps = { room: Room; until: string; reason: string }

/** The history page by page, as it stood when it was asked for: nothing comes live, nothing can be said. */
export function GlassHistory({ room, until, reason }: GlassHistoryProps) {
  const styles = useStyles()
  const { client } = useChat()
  const [messages, setMessages] = useState<Message[]>()
  const [firstSeq, setFirstSeq] = useState(1)
  const [fault, setFault] = useState<Fault>()

  const read = useCallback(
    async (before?: number): Promise<void> => {
      setFault(undefined)
      try {
        const page = await client.request('message.list', {
          room: room.id,
          limit: pageSize,
          ...(before === undefined ? {} : { before }),
        })
        setFirstSeq(page.firstSeq)
        setMessages(known => (before === undefined ? page.messages : [...page.messages, ...(known ?? [])]))
      } catch (failure) {
        setFault(faultOf(failure))
      }
    },
    [client, room.id],
  )
  useEffect(() => void read(), [read])

  async function end(): Promise<void> {
    setFault(undefined)
    try {
      await client.request('room.breakGlass', { room: room.id, minutes: 0 })
      forget('room.get')
    } catch (failure) {
      setFault(faultOf(failure))
    }
  }

  const oldest = messages?.[0]?.seq
  return (
    <section className={styles.root} aria-label={`History of ${room.name}, read with a reason`}>
      <MessageBar intent="warning" layout="multiline">
        <MessageBarBody className={styles.banner}>
          You read this room without being a member, until {clockTime(until)}. What you read is recorded, and its
          managers were told your reason: {reason}
        </MessageBarBody>
      </MessageBar>
      <div className={styles.bar}>
        <Button onClick={() => void end()}>Stop reading</Button>
        <Button onClick={() => void read()}>Read the newest</Button>
        {oldest !== undefined && oldest > firstSeq ? (
          <Button onClick={() => void read(oldest)}>Older messages</Button>
        ) : null}
      </div>
      <FaultNote fault={fault} />
      {messages?.length === 0 ? <Text>Nothing was posted here, or nothing is kept.</Text> : null}
      {messages?.map((message, i) =>
        'removed' in message ? (
          <RemovedLine key={message.seq} seq={message.seq} at={message.at} isStop={i === 0} />
        ) : (
          <MessageLine
            key={message.seq}
            room={room.id}
            message={message}
            startsRun
            isStop={i === 0}
            mayRemove={false}
          />
        ),
      )}
    </section>
  )
}
