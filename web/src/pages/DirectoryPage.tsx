import { Button, Checkbox, Input, makeStyles, Select, Spinner, tokens } from '@fluentui/react-components'
import { AddRegular, SearchRegular, TextBulletListSquareSearchRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useChat } from '../app/chat.ts'
import { useSettled } from '../app/debounce.ts'
import { faultOf } from '../app/fault.ts'
import { goCreateRoom } from '../app/management.ts'
import { usePages } from '../app/pages.ts'
import { useVerb } from '../app/query.ts'
import { useWindowTitle } from '../app/window-title.ts'
import { DirectoryRow } from '../parts/DirectoryRow.tsx'
import { EmptyState } from '../parts/EmptyState.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { PageHeader } from '../parts/PageHeader.tsx'

const useStyles = makeStyles({
  root: { flexGrow: 1, minWidth: 0, minHeight: 0, display: 'flex', flexDirection: 'column' },
  filters: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: tokens.spacingHorizontalM,
    alignItems: 'center',
    padding: tokens.spacingHorizontalL,
  },
  text: { flexGrow: 1, minWidth: '200px', maxWidth: '480px' },
  scroll: {
    overflowY: 'auto',
    flexGrow: 1,
    minHeight: 0,
    paddingInline: tokens.spacingHorizontalL,
    paddingBlockEnd: tokens.spacingVerticalL,
  },
  list: { listStyle: 'none', margin: 0, padding: 0 },
})

/** Every room that I may know of. */
export function DirectoryPage() {
  const styles = useStyles()
  const { client } = useChat()
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
  const mayCreate = categories.some(one => one.mayCreateRooms)
  useWindowTitle('Find rooms')
  return (
    <main className={styles.root} data-pane="directory">
      <PageHeader title="Find rooms">
        {mayCreate ? (
          <Button appearance="primary" icon={<AddRegular />} onClick={() => goCreateRoom(client)}>
            Create a room
          </Button>
        ) : null}
      </PageHeader>
      <div className={styles.filters}>
        <Input
          className={styles.text}
          type="search"
          aria-label="Name or words of the description"
          placeholder="Name or words of the description"
          contentBefore={<SearchRegular aria-hidden />}
          value={text}
          onChange={(_, { value }) => setText(value)}
        />
        <Select aria-label="Category" value={category} onChange={(_, { value }) => setCategory(value)}>
          <option value="">All categories</option>
          {categories.map(one => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </Select>
        <Checkbox
          label="Look in descriptions too"
          checked={inDescription}
          onChange={(_, { checked }) => setInDescription(checked === true)}
        />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section className={styles.scroll} tabIndex={0} aria-label="Rooms found">
        {found.error === null ? null : <FaultNote fault={faultOf(found.error)} />}
        {found.isPending ? <Spinner label="Looking" delay={300} /> : null}
        {found.isSuccess && rooms.length === 0 ? (
          <EmptyState
            icon={<TextBulletListSquareSearchRegular />}
            title={
              asked === '' && category === ''
                ? 'There is no room yet that you may know of.'
                : 'No room fits. Try fewer words or all categories.'
            }
          >
            {mayCreate ? <Button onClick={() => goCreateRoom(client)}>Create a room</Button> : null}
          </EmptyState>
        ) : null}
        <ul className={styles.list}>
          {rooms.map(room => (
            <DirectoryRow key={room.id} room={room} />
          ))}
        </ul>
        {found.hasNextPage ? (
          <Button disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            Show more
          </Button>
        ) : null}
      </section>
    </main>
  )
}
