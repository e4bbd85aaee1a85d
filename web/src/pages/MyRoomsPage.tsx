import { Button, Input, makeStyles, Select, Spinner, tokens } from '@fluentui/react-components'
import { AddRegular, SearchRegular, TextBulletListSquareEditRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useSettled } from '../app/debounce.ts'
import { faultOf } from '../app/fault.ts'
import { usePages } from '../app/pages.ts'
import { useVerb } from '../app/query.ts'
import { go, type RoomsOf } from '../app/route.ts'
import { useWindowTitle } from '../app/window-title.ts'
import { EmptyState } from '../parts/EmptyState.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { ManageLink } from '../parts/ManageLink.tsx'
import { MyRooms } from '../parts/MyRooms.tsx'
import { PageHeader } from '../parts/PageHeader.tsx'
import { SectionLinks } from '../parts/SectionLinks.tsx'

const useStyles = makeStyles({
  root: { flexGrow: 1, minWidth: 0, minHeight: 0, display: 'flex', flexDirection: 'column' },
  filters: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: tokens.spacingHorizontalM,
    padding: tokens.spacingHorizontalL,
  },
  text: { flexGrow: 1, minWidth: '200px', maxWidth: '480px' },
  scroll: {
    overflow: 'auto',
    flexGrow: 1,
    minHeight: 0,
    paddingInline: tokens.spacingHorizontalL,
    paddingBlockEnd: tokens.spacingVerticalL,
  },
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
        {mayCreate ? (
          <ManageLink to={{ page: 'create' }} appearance="primary" icon={<AddRegular />}>
            Create a room
          </ManageLink>
        ) : null}
      </PageHeader>
      <SectionLinks
        label="My rooms"
        links={[
          { name: 'I manage', route: { page: 'rooms', of: 'managed' }, isCurrent: of === 'managed' },
          { name: 'I am a member of', route: { page: 'rooms', of: 'joined' }, isCurrent: of === 'joined' },
        ]}
      />
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
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section className={styles.scroll} tabIndex={0} aria-label="Rooms">
        {found.error === null ? null : <FaultNote fault={faultOf(found.error)} />}
        {found.isPending ? <Spinner label="Looking" delay={300} /> : null}
        {found.isSuccess && rooms.length === 0 ? (
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
              <ManageLink to={{ page: 'create' }}>Create a room</ManageLink>
            ) : (
              <Button onClick={() => go({ page: 'find' })}>Find rooms</Button>
            )}
          </EmptyState>
        ) : null}
        {rooms.length === 0 ? null : <MyRooms rooms={rooms} isManaged={of === 'managed'} />}
        {found.hasNextPage ? (
          <Button disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            Show more
          </Button>
        ) : null}
      </section>
    </main>
  )
}
