import { Field, Input, makeStyles, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Room } from '../../../src/protocol/room.ts'
import { useChat } from '../app/chat.ts'
import { counted } from '../app/count-words.ts'
import { useSettled } from '../app/debounce.ts'
import { faultOf } from '../app/fault.ts'
import { forget, useVerb } from '../app/query.ts'
import { roomVerbsRead } from '../app/room-admin.ts'
import { exactTime } from '../app/time.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { FaultNote } from './FaultNote.tsx'

const useStyles = makeStyles({ root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM } })

/** Clears a room up to a date; first how many messages that is. */
export function RoomClear({ room, onClose }: { room: Room; onClose: () => void }) {
  const styles = useStyles()
  const { client } = useChat()
  const [typed, setTyped] = useState('')
  const at = Date.parse(typed)
  const until = useSettled(Number.isNaN(at) ? '' : new Date(at).toISOString())
  const count = useVerb('room.clear', { room: room.id, until, dryRun: true }, { enabled: until !== '' })
  const denied = count.data?.denied ?? 0
  const messages = until === '' ? undefined : count.data?.messages
  return (
    <ConfirmDialog
      title={`Clear the history of ${room.name}?`}
      action={messages === undefined ? 'Clear it' : `Clear ${counted(messages, 'message')}`}
      isOpen
      canConfirm={messages !== undefined && messages > 0}
      onClose={onClose}
      onConfirm={async () => {
        await client.request('room.clear', { room: room.id, until })
        forget(...roomVerbsRead, 'room.clear')
      }}
    >
      <div className={styles.root}>
        <Field label="Clear everything posted up to" hint="Your local time">
          <Input type="datetime-local" value={typed} onChange={(_, { value }) => setTyped(value)} />
        </Field>
        <Text role="status" weight="semibold">
          {until === ''
            ? 'Choose an instant: how many messages would go is counted before anything happens.'
            : messages === undefined
              ? 'Counting'
              : denied > 0
                ? `Nothing can be cleared: a compliance officer has denied that ${counted(denied, 'message')} up to then are deleted.`
                : messages === 0
                  ? `Nothing was posted up to ${exactTime(until)}.`
                  : `${counted(messages, 'message')} would go, posted up to ${exactTime(until)}.`}
        </Text>
        <FaultNote fault={count.error === null ? undefined : faultOf(count.error)} />
        <Text>These messages are gone for every reader. This cannot be undone. The clearing is recorded.</Text>
      </div>
    </ConfirmDialog>
  )
}
