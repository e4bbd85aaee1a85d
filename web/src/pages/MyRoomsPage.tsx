import { Button, makeStyles } from '@fluentui/react-components'
import { AddRegular, TextBulletListSquareEditRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useSettled } from '../app/debounce.ts'
import { usePages } from '../app/pages.ts'
import { useVerb } from '../app/query.ts'
import { go, type RoomsOf } from '../app/route.ts'
import { useWindowTitle } from '../app/window-title.ts'
import { CreateRoomLink } from '../parts/CreateRoomLink.tsx'
import { DefaultPoolNote } from '../parts/DefaultPoolNote.tsx'
import { EmptyState } from '../parts/EmptyState.tsx'
import { FoundRooms } from '../parts/FoundRooms.tsx'
import { MyRooms } from '../parts/MyRooms.tsx'
import { PageHeader } from '../parts/PageHeader.tsx'
import { RoomFinderBar } from '../parts/RoomFinderBar.tsx'
import { SectionLinks } from '../parts/SectionLinks.tsx'

const useStyles = makeStyles({
  root: { flexGrow: 1, minWidth: 0, minHeight: 0, display: 'flex', flexDirection: 'column' },
})

/** The rooms that I manage, or am a member of: with what they are and how many are on their lists. */
export function MyRoomsPage({ of }: { of: RoomsOf }) {
  const styles = useStyles()
  const [text, setText] = useState('')
  const [category, setCategory] = useState('')
  const asked = useSettled(text.trim())
  const categories = useVerb('category.list', {}).data?.categories ?? []
  const found = usePages('room.find', {
    ...{ limit: 50, counts: true, mine: of === 'managed' ? 'manager' : 'member' },
    ...(asked === '' ? {} : { text: asked, searchDescription: true }),
    ...(category === '' ? {} : { category }),
  })
  const rooms = (found.data?.pages ?? []).flatMap(({ rooms, counts }) =>
    rooms.map((room, index) => ({ room, counts: counts?.[index] })),
  )
  const mayCreate = categories.some(one => one.mayCreateRooms)
  const isFiltered = asked !== '' || category !== ''
  useWindowTitle('My rooms')
  return (
    <main className={styles.root} data-pane="rooms-page">
      <PageHeader title="My rooms">
        <CreateRoomLink categories={categories} appearance="primary" icon={<AddRegular />} />
      </PageHeader>
      <DefaultPoolNote to={{ page: 'rooms', of }} />
      <SectionLinks
        label="My rooms"
        links={[
          { name: 'I manage', route: { page: 'rooms', of: 'managed' }, isCurrent: of === 'managed' },
          { name: 'I am a member of', route: { page: 'rooms', of: 'joined' }, isCurrent: of === 'joined' },
        ]}
      />
      <RoomFinderBar
        text={text}
        onText={setText}
        categories={categories}
        category={category}
        onCategory={setCategory}
      />
      <FoundRooms
        label="Rooms"
        found={found}
        isEmpty={rooms.length === 0}
        empty={
          <EmptyState
            icon={<TextBulletListSquareEditRegular />}
            title={
              isFiltered
                ? 'None of them fits. Try fewer words or all categories.'
                : of === 'managed'
                  ? 'You manage no room yet.'
                  : 'You are a member of no room yet.'
            }
          >
            {isFiltered ? null : of === 'managed' && mayCreate ? (
              <CreateRoomLink categories={categories} />
            ) : (
              <Button onClick={() => go({ page: 'find' })}>Find rooms</Button>
            )}
          </EmptyState>
        }
      >
        <MyRooms rooms={rooms} isManaged={of === 'managed'} />
      </FoundRooms>
    </main>
  )
}
