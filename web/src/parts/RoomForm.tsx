import { Button, MessageBar, MessageBarBody, makeStyles, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Room } from '../../../src/protocol/room.ts'
import { useChat } from '../app/chat.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import { forget, useVerb } from '../app/query.ts'
import { draftChanges, draftOf } from '../app/room-draft.ts'
import { FaultNote } from './FaultNote.tsx'
import { RoomFields } from './RoomFields.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  buttons: { display: 'flex', gap: tokens.spacingHorizontalS },
})

type RoomFormProps = { room: Room; onDone: () => void }

/** Renames, describes, moves and re-types a room. */
export function RoomForm({ room, onDone }: RoomFormProps) {
  const styles = useStyles()
  const { client } = useChat()
  const categories = useVerb('category.list', {})
  const [draft, setDraft] = useState(() => draftOf(room))
  const [fault, setFault] = useState<Fault>()
  const choices = (categories.data?.categories ?? []).filter(one => one.mayCreateRooms || one.id === room.category)

  async function save(): Promise<void> {
    setFault(undefined)
    try {
      await client.request('room.update', draftChanges(room, draft))
      forget('room.get', 'room.find')
      onDone()
    } catch (error) {
      setFault(faultOf(error))
    }
  }

  return (
    <form
      className={styles.root}
      onSubmit={event => {
        event.preventDefault()
        void save()
      }}
    >
      <RoomFields draft={draft} categories={choices} onChange={patch => setDraft(now => ({ ...now, ...patch }))} />
      {draft.category === room.category ? null : (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>
            Moving takes everyone off the lists who is not in the scope of the new category. They are not put back when
            you move it again.
          </MessageBarBody>
        </MessageBar>
      )}
      <FaultNote fault={fault} />
      <div className={styles.buttons}>
        <Button type="submit" appearance="primary" disabled={draft.name.trim() === ''}>
          Save
        </Button>
        <Button onClick={onDone}>Cancel</Button>
      </div>
    </form>
  )
}
