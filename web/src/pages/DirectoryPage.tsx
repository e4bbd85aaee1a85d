import { Checkbox, makeStyles } from '@fluentui/react-components'
import { AddRegular, TextBulletListSquareSearchRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useSettled } from '../app/debounce.ts'
import { usePages } from '../app/pages.ts'
import { useVerb } from '../app/query.ts'
import { useWindowTitle } from '../app/window-title.ts'
import { CreateRoomLink } from '../parts/CreateRoomLink.tsx'
import { DirectoryRow } from '../parts/DirectoryRow.tsx'
import { EmptyState } from '../parts/EmptyState.tsx'
import { FoundRooms } from '../parts/FoundRooms.tsx'
import { PageHeader } from '../parts/PageHeader.tsx'
import { RoomFinderBar } from '../parts/RoomFinderBar.tsx'

const useStyles = makeStyles({
  root: { flexGrow: 1, minWidth: 0, minHeight: 0, display: 'flex', flexDirection: 'column' },
  list: { listStyle: 'none', margin: 0, padding: 0 },
})

/** Every room that I may know of. */
export function DirectoryPage() {
  const styles = useStyles()
  const [text, setText] = useState('')
  const [inDescription, setInDescription] = useState(true)
  const [category, setCategory] = useState('')
  const asked = useSettled(text.trim())
  const categories = useVerb('category.list', {}).data?.categories ?? []
  const found = usePages('room.find', {
    limit: 50,
    ...(asked === '' ? {} : { text: asked, searchDescription: inDescription }),
    ...(category === '' ? {} : { category }),
  })
  const rooms = found.data?.pages.flatMap(page => page.rooms) ?? []
  useWindowTitle('Find rooms')
  return (
    <main className={styles.root} data-pane="directory">
      <PageHeader title="Find rooms">
        <CreateRoomLink categories={categories} appearance="primary" icon={<AddRegular />} />
      </PageHeader>
      <RoomFinderBar text={text} onText={setText} categories={categories} category={category} onCategory={setCategory}>
        <Checkbox
          label="Look in descriptions too"
          checked={inDescription}
          onChange={(_, { checked }) => setInDescription(checked === true)}
        />
      </RoomFinderBar>
      <FoundRooms
        label="Rooms found"
        found={found}
        isEmpty={rooms.length === 0}
        empty={
          <EmptyState
            icon={<TextBulletListSquareSearchRegular />}
            title={
              asked === '' && category === ''
                ? 'There is no room yet that you may know of.'
                : 'No room fits. Try fewer words or all categories.'
            }
          >
            <CreateRoomLink categories={categories} />
          </EmptyState>
        }
      >
        <ul className={styles.list}>
          {rooms.map(room => (
            <DirectoryRow key={room.id} room={room} />
          ))}
        </ul>
      </FoundRooms>
    </main>
  )
}
