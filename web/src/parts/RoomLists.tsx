import { Text } from '@fluentui/react-components'
import type { KnownLists } from '../app/room-conflict.ts'
import type { RoomDraft } from '../app/room-draft.ts'
import type { ListEdit, ListName, RoomEdit } from '../app/room-edit.ts'
import { PeopleEditor } from './PeopleEditor.tsx'

type RoomListsProps = {
  facts: RoomDraft
  known: KnownLists
  counts: Record<ListName, number> | undefined
  edit: RoomEdit
  onChange: (change: (now: RoomEdit) => RoomEdit) => void
  /** It is not made yet: its maker will manage it. */
  isNew?: boolean
  onMore?: (list: ListName, atLeast: number) => Promise<void>
}

const noneWords: Record<ListName, string> = {
  members: 'No members yet: nobody can read or post.',
  managers: 'No managers: only administrators can change the room.',
  presenters: 'No presenters yet: nobody can post in this auditorium.',
}

/** Members, managers and presenters. */
export function RoomLists({ facts, known, counts, edit, isNew = false, onChange, onMore }: RoomListsProps) {
  const isOpen = facts.privacy === 'open'
  const list = (name: ListName) => ({
    name,
    category: facts.category,
    known: known[name],
    count: counts?.[name] ?? 0,
    edit: edit.lists[name],
    none: isNew && name === 'managers' ? 'Nobody yet: administrators can change it anyway.' : noneWords[name],
    onChange: (change: ListEdit) => onChange(now => ({ ...now, lists: { ...now.lists, [name]: change } })),
    ...(onMore === undefined ? {} : { onMore: (atLeast: number) => onMore(name, atLeast) }),
  })
  const presenters = (counts?.presenters ?? 0) + edit.lists.presenters.add.length
  return (
    <>
      <PeopleEditor
        {...list('members')}
        everyone={{ is: edit.everyone, onChange: everyone => onChange(now => ({ ...now, everyone })) }}
        note={
          isOpen ? (
            <Text size={200}>
              An open room lets in everyone in the scope of its category. The list is kept, and counts when the room is
              made Closed or Secret.
            </Text>
          ) : undefined
        }
      />
      <PeopleEditor
        {...list('managers')}
        note={<Text size={200}>Managers change the room. That makes them no members: to read, be on both lists.</Text>}
      />
      {facts.type === 'auditorium' || presenters > 0 ? (
        <PeopleEditor
          {...list('presenters')}
          note={
            <Text size={200}>
              {facts.type === 'auditorium'
                ? 'Presenters post, the other members read. A presenter must be a member too.'
                : 'Only an auditorium has presenters. These are kept without effect.'}
            </Text>
          }
        />
      ) : null}
    </>
  )
}
