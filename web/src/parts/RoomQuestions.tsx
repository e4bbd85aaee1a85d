import { Field, Input } from '@fluentui/react-components'
import { useState } from 'react'
import { useChat } from '../app/chat.ts'
import { counted } from '../app/count-words.ts'
import { forget } from '../app/query.ts'
import { type ListedRoom, roomVerbsRead } from '../app/room-admin.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import type { RoomQuestion } from './RoomActions.tsx'
import { RoomClear } from './RoomClear.tsx'
import { RoomMove } from './RoomMove.tsx'

type RoomQuestionsProps = { asking: RoomQuestion; onClose: () => void }

/** Asks before a room of the list is changed, and says what will happen. */
export function RoomQuestions({ asking: { kind, listed }, onClose }: RoomQuestionsProps) {
  switch (kind) {
    case 'move':
      return <RoomMove listed={listed} onClose={onClose} />
    case 'clear':
      return <RoomClear listed={listed} onClose={onClose} />
    case 'delete':
      return <DeleteRoom listed={listed} onClose={onClose} />
    default:
      return <SwitchRoom listed={listed} disabled={kind === 'disable'} onClose={onClose} />
  }
}

type SwitchRoomProps = { listed: ListedRoom; disabled: boolean; onClose: () => void }

function SwitchRoom({ listed: { room }, disabled, onClose }: SwitchRoomProps) {
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
        ? 'Everyone in the room is put out at once, and nobody can read, search or post. Members, settings and history are kept. You can re-enable it here.'
        : 'Its members may read and post again, as before. Nothing was lost while it was disabled.'}
    </ConfirmDialog>
  )
}

function DeleteRoom({ listed, onClose }: { listed: ListedRoom; onClose: () => void }) {
  const { client } = useChat()
  const [name, setName] = useState('')
  const { room } = listed
  return (
    <ConfirmDialog
      title={`Delete ${room.name}?`}
      action="Delete it for good"
      isOpen
      canConfirm={name.trim() === room.name}
      onClose={onClose}
      onConfirm={async () => {
        await client.request('room.delete', { room: room.id })
        forget(...roomVerbsRead)
      }}
    >
      The room, its lists and {counted(listed.messages, 'message')} are gone for everyone. This cannot be undone. To
      keep the history, disable the room instead.
      <Field label={`Type its name to confirm: ${room.name}`}>
        <Input value={name} autoComplete="off" onChange={(_, { value }) => setName(value)} />
      </Field>
    </ConfirmDialog>
  )
}
