import { Button, makeStyles, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Me } from '../../../src/protocol/principal.ts'
import { useAddins } from '../app/addin-list.ts'
import { useChat } from '../app/chat.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import { forget, useVerb } from '../app/query.ts'
import { managesAll } from '../app/role-words.ts'
import type { KnownLists } from '../app/room-conflict.ts'
import { emptyDraft } from '../app/room-draft.ts'
import { createInput, noListEdits, type RoomEdit } from '../app/room-edit.ts'
import { go } from '../app/route.ts'
import { isTooLong } from '../app/text-limit.ts'
import { useWindowTitle } from '../app/window-title.ts'
import { DefaultPoolNote } from '../parts/DefaultPoolNote.tsx'
import { EmptyState } from '../parts/EmptyState.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { PageHeader } from '../parts/PageHeader.tsx'
import { RoomFields } from '../parts/RoomFields.tsx'
import { RoomLists } from '../parts/RoomLists.tsx'
import { RoomSheet } from '../parts/RoomSheet.tsx'

const useStyles = makeStyles({
  root: { flexGrow: 1, minWidth: 0, minHeight: 0, display: 'flex', flexDirection: 'column' },
  facts: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, minWidth: 0 },
  foot: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalM,
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    paddingBlockStart: tokens.spacingVerticalL,
  },
})

const nobody = { people: [], isWhole: true }
const noLists: KnownLists = { members: nobody, managers: nobody, presenters: nobody }

/** Its maker manages a room. Administrators do so anyway, and may be outside of the scope. */
function emptyEdit(me: Me): RoomEdit {
  const { id, kind, name, displayName } = me
  const managers = { add: managesAll(me) ? [] : [{ id, kind, name, displayName }], remove: [] }
  return { facts: emptyDraft, everyone: false, lists: { ...noListEdits, managers } }
}

export function CreateRoomPage() {
  const styles = useStyles()
  const { client, me } = useChat()
  const categories = useVerb('category.list', {})
  const addins = useAddins()
  const choices = (categories.data?.categories ?? []).filter(category => category.mayCreateRooms)
  const [edit, setEdit] = useState<RoomEdit>(() => emptyEdit(me))
  const [fault, setFault] = useState<Fault>()
  const [isBusy, setBusy] = useState(false)
  const only = choices.length === 1 ? choices[0]?.id : undefined
  const facts = { ...edit.facts, category: edit.facts.category || only || '' }
  const isUnfit =
    facts.category === '' || facts.name.trim() === '' || isTooLong(facts.name) || isTooLong(facts.description)
  const { add } = edit.lists.members
  const isReader = facts.privacy === 'open' || edit.everyone || add.some(one => one.id === me.id)
  useWindowTitle('Create a room')

  async function create(): Promise<void> {
    setBusy(true)
    setFault(undefined)
    try {
      const { room } = await client.request('room.create', createInput({ ...edit, facts }, !managesAll(me)))
      forget('room.find')
      // Whoever makes a room wants to see what happens there; where the maker is no member, the room says so.
      await client.request('room.follow', { room: room.id }).catch(() => {})
      go({ page: 'room', room: room.id, pane: 'card' })
    } catch (error) {
      setFault(faultOf(error))
      setBusy(false)
    }
  }

  return (
    <main className={styles.root} data-pane="create">
      <PageHeader title="Create a room" back={{ page: 'rooms', of: 'managed' }} />
      <DefaultPoolNote to={{ page: 'create' }} />
      {categories.isSuccess && choices.length === 0 ? (
        <EmptyState title="You may not create rooms in any category. Ask an administrator to make you a creator." />
      ) : (
        <RoomSheet
          label="Create a room"
          facts={
            <form
              id="create-room"
              aria-label="What the room is"
              className={styles.facts}
              onSubmit={event => {
                event.preventDefault()
                if (!isUnfit && !isBusy) void create()
              }}
            >
              <RoomFields
                draft={facts}
                categories={choices}
                addins={addins}
                onChange={patch => setEdit(now => ({ ...now, facts: { ...now.facts, ...patch } }))}
              />
            </form>
          }
          lists={
            facts.category === '' ? (
              <Text>Choose a category first: it decides who can be on the lists.</Text>
            ) : (
              <>
                {isReader ? null : (
                  <Text>
                    You will manage the room, which does not make you a member: add yourself if you want to read and
                    post.
                  </Text>
                )}
                <RoomLists facts={facts} known={noLists} counts={undefined} edit={edit} isNew onChange={setEdit} />
              </>
            )
          }
          foot={
            <div className={styles.foot}>
              <FaultNote fault={fault} />
              <div>
                <Button type="submit" form="create-room" appearance="primary" disabled={isBusy || isUnfit}>
                  Create the room
                </Button>
              </div>
            </div>
          }
        />
      )}
    </main>
  )
}
