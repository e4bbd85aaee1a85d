import { Field, makeStyles, Select, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Room } from '../../../src/protocol/room.ts'
import { useChat } from '../app/chat.ts'
import { useMovePreview } from '../app/move-preview.ts'
import { forget, useVerb } from '../app/query.ts'
import { roomVerbsRead } from '../app/room-admin.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { MoveNote } from './MoveNote.tsx'

const useStyles = makeStyles({ root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM } })

/** Moves a room to another category; first whom that takes off its lists. */
export function RoomMove({ room, onClose }: { room: Room; onClose: () => void }) {
  const styles = useStyles()
  const { client } = useChat()
  const [category, setCategory] = useState('')
  const categories = (useVerb('category.list', {}).data?.categories ?? []).filter(one => one.id !== room.category)
  const preview = useMovePreview(room, category)
  return (
    <ConfirmDialog
      title={`Move ${room.name} to another category?`}
      action="Move it"
      isOpen
      canConfirm={category !== '' && preview.isSuccess}
      onClose={onClose}
      onConfirm={async () => {
        await client.request('room.update', { room: room.id, category, ifVersion: room.version })
        forget(...roomVerbsRead, 'room.previewMove')
      }}
    >
      <div className={styles.root}>
        <Field label="Move to" hint={`It is in ${room.categoryName} now.`}>
          <Select value={category} onChange={(_, { value }) => setCategory(value)}>
            <option value="" disabled>
              Choose a category
            </option>
            {categories.map(one => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </Select>
        </Field>
        <MoveNote room={room} category={category} isWhole />
      </div>
    </ConfirmDialog>
  )
}
