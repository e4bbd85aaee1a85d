import { Spinner } from '@fluentui/react-components'
import type { Addin } from '../../../src/protocol/addin.ts'
import { useChat } from '../app/chat.ts'
import { counted } from '../app/count-words.ts'
import { faultOf } from '../app/fault.ts'
import { forget, useVerb } from '../app/query.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { FaultNote } from './FaultNote.tsx'

const most = 1000

/** Deletes an add-in, and says first how many rooms lose it. */
export function AddinDelete({ addin, onClose }: { addin: Addin; onClose: () => void }) {
  const { client } = useChat()
  const { data, error } = useVerb('room.list', { addin: addin.id, limit: most })
  const rooms = data?.rooms.length ?? 0
  const many = data?.next === undefined ? counted(rooms, 'room') : `more than ${counted(most, 'room')}`
  return (
    <ConfirmDialog
      title={`Delete ${addin.name}?`}
      action={rooms === 0 ? 'Delete it' : `Delete it and take it from ${many}`}
      isOpen
      canConfirm={data !== undefined}
      onClose={onClose}
      onConfirm={async () => {
        // Only who was told of rooms takes it from them: one that got it meanwhile refuses this.
        await client.request('addin.delete', { addin: addin.id, ...(rooms === 0 ? {} : { force: true }) })
        forget('addin.list', 'room.get', 'room.list')
      }}
    >
      {data === undefined ? (
        <Spinner size="tiny" label="Looking which rooms show it" />
      ) : rooms === 0 ? (
        'No room shows it.'
      ) : (
        `It disappears at once from ${many}: ${data.rooms
          .slice(0, 10)
          .map(({ room }) => room.name)
          .join(', ')}${rooms > 10 ? ' and others' : ''}. This cannot be undone.`
      )}
      <FaultNote fault={error === null ? undefined : faultOf(error)} />
    </ConfirmDialog>
  )
}
