import { Field, Input } from '@fluentui/react-components'
import { useState } from 'react'
import type { Room } from '../../../src/protocol/room.ts'
import { useChat } from '../app/chat.ts'
import { counted } from '../app/count-words.ts'
import { forget } from '../app/query.ts'
import { type RoomQuestion, roomVerbsRead } from '../app/room-admin.ts'
import { disableWords } from '../app/room-words.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { RoomClear } from './RoomClear.tsx'
import { RoomMove } from './RoomMove.tsx'

type RoomQuestionsProps = {
  asking: RoomQuestion
  onClose: () => void
  /** When the room is gone: where one is that shows it, one cannot stay. */
  onDeleted?: (() => void) | undefined
}

/** Asks before a room is changed, and says what will happen. */
export function RoomQuestions({ asking, onClose, onDeleted }: RoomQuestionsProps) {
  const { kind, room } = asking
  switch (kind) {
    case 'move':
      return <RoomMove room={room} onClose={onClose} />
    case 'clear':
      return <RoomClear room={room} onClose={onClose} />
    case 'delete':
      return <DeleteRoom asking={asking} onClose={onClose} onDeleted={onDeleted} />
    default:
      return <SwitchRoom room={room} disabled={kind === 'disable'} onClose={onClose} />
  }
}

type SwitchRoomProps = { room: Room; disabled: boolean; onClose: () => void }

function SwitchRoom({ room, disabled, onClose }: SwitchRoomProps) {
  const { client } = useChat()
  return (
    <ConfirmDialog
      title={`${disabled ? 'Disable' : 'Re-enable'} ${room.name}?`}
      action={disabled ? 'Disable it' : 'Re-enable it'}
      isOpen
      onClose={onClose}
      onConfirm={async () => {
        await client.request('room.update', { room: room.id, disabled })
        forget(...roomVerbsRead)
      }}
    >
      {disabled
        ? disableWords
        : 'Its members may read and post again, as before. Nothing was lost while it was disabled.'}
    </ConfirmDialog>
  )
}

function DeleteRoom({ asking: { room, messages }, onClose, onDeleted }: RoomQuestionsProps) {
  const { client } = useChat()
  const [name, setName] = useState('')
  return (
    <ConfirmDialog
      title={`Delete ${room.name}?`}
      action="Delete it for good"
      isOpen
      canConfirm={name.trim() === room.name}
      onClose={onClose}
      onConfirm={async () => {
        await client.request('room.delete', { room: room.id })
        onDeleted?.()
        forget(...roomVerbsRead)
      }}
    >
      The room, its lists and {messages === undefined ? 'all its messages' : counted(messages, 'message')} are gone for
      everyone. This cannot be undone. To keep the history, disable the room instead.
      <Field label={`Type its name to confirm: ${room.name}`}>
        <Input value={name} autoComplete="off" onChange={(_, { value }) => setName(value)} />
      </Field>
    </ConfirmDialog>
  )
}
