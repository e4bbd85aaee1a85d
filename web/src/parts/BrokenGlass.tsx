import { Button, Field, makeStyles, Select, Text, Textarea, tokens } from '@fluentui/react-components'
import { useEffect, useState } from 'react'
import type { Result } from '../../../src/protocol/request.ts'
import { useChat } from '../app/chat.ts'
import { forget } from '../app/query.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { GlassHistory } from './GlassHistory.tsx'

const useStyles = makeStyles({
  root: { paddingInline: tokens.spacingHorizontalL, paddingBlockEnd: tokens.spacingVerticalL },
  center: { display: 'flex', justifyContent: 'center' },
  form: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
})

const durations = [
  { minutes: 15, words: '15 minutes' },
  { minutes: 60, words: 'One hour' },
  { minutes: 480, words: 'Eight hours' },
  { minutes: 1440, words: 'One day' },
]

/** What an administrator is offered who is no member: to read the history for a while, with a reason that others see. */
export function BrokenGlass({ card }: { card: Result<'room.get'> }) {
  const styles = useStyles()
  const { client, me } = useChat()
  const [isAsking, setAsking] = useState(false)
  const [reason, setReason] = useState('')
  const [minutes, setMinutes] = useState(60)
  const { room, rights } = card
  const own = card.glassBroken?.find(({ by, until }) => by.id === me.id && Date.parse(until) > Date.now())
  const until = own?.until

  useEffect(() => {
    if (until === undefined) return
    const timer = setTimeout(() => forget('room.get'), Date.parse(until) - Date.now() + 500)
    return () => clearTimeout(timer)
  }, [until])

  if (!rights.administer || rights.read || room.disabled) return null
  if (own !== undefined) return <GlassHistory room={room} until={own.until} reason={own.reason} />
  return (
    <div className={styles.root}>
      <div className={styles.center}>
        <Button onClick={() => setAsking(true)}>Read with a reason…</Button>
      </div>
      <ConfirmDialog
        title={`Read ${room.name} without being a member?`}
        action="Read the history"
        isOpen={isAsking}
        canConfirm={[...reason.trim()].length >= 10}
        onClose={() => setAsking(false)}
        onConfirm={async () => {
          await client.request('room.breakGlass', { room: room.id, reason: reason.trim(), minutes })
          forget('room.get')
        }}
      >
        <div className={styles.form}>
          <Text>
            Your name, the reason and everything that you read are recorded and cannot be taken back. The managers of
            the room are told at once, with the reason. You can read messages and files, and nothing else.
          </Text>
          <Field label="Reason" hint="10 to 500 characters; the managers read it" required>
            <Textarea value={reason} maxLength={500} onChange={(_, { value }) => setReason(value)} />
          </Field>
          <Field label="For how long">
            <Select value={`${minutes}`} onChange={(_, { value }) => setMinutes(Number(value))}>
              {durations.map(one => (
                <option key={one.minutes} value={one.minutes}>
                  {one.words}
                </option>
              ))}
            </Select>
          </Field>
        </div>
      </ConfirmDialog>
    </div>
  )
}
