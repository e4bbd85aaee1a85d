import { Caption1Strong, Input, Link, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, ChatMultipleRegular, FilterRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useListing } from '../app/listed-rooms.ts'
import { useVerb } from '../app/query.ts'
import { roomSections } from '../app/room-sections.ts'
import { routeHash } from '../app/route.ts'
import { CreateRoomLink } from './CreateRoomLink.tsx'
import { EmptyState } from './EmptyState.tsx'
import { InvitationItem } from './InvitationItem.tsx'
import { RoomListItem } from './RoomListItem.tsx'

const useStyles = makeStyles({
  root: {
    width: '280px',
    flexShrink: 0,
    display: 'flex',
    flexDirection: 'column',
    minHeight: 0,
    backgroundColor: tokens.colorNeutralBackground2,
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
    '@media (max-width: 719px)': { width: '100%', borderRight: 'none', flexGrow: 1, flexShrink: 1 },
  },
  head: { display: 'flex', gap: tokens.spacingHorizontalXS, padding: tokens.spacingHorizontalS },
  filter: { flexGrow: 1, minWidth: 0 },
  scroll: { overflowY: 'auto', flexGrow: 1, minHeight: 0, paddingBlockEnd: tokens.spacingVerticalL },
  section: {
    margin: 0,
    paddingInline: tokens.spacingHorizontalM,
    paddingBlock: tokens.spacingVerticalS,
    color: tokens.colorNeutralForeground2,
  },
  list: { listStyle: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: '2px' },
})

type RoomListProps = { current: string | undefined }

export function RoomList({ current }: RoomListProps) {
  const styles = useStyles()
  const { rooms, invitations, isKnown } = useListing()
  const [filter, setFilter] = useState('')
  const categories = useVerb('category.list', {}).data?.categories ?? []
  const sections = roomSections(rooms, filter)
  return (
    <nav aria-label="Rooms" className={styles.root} data-pane="rooms">
      <div className={styles.head}>
        <Input
          className={styles.filter}
          type="search"
          aria-label="Filter my rooms"
          placeholder="Filter my rooms"
          contentBefore={<FilterRegular aria-hidden />}
          value={filter}
          onChange={(_, { value }) => setFilter(value)}
        />
        <CreateRoomLink categories={categories} appearance="subtle" icon={<AddRegular />} label="Create a room" />
      </div>
      <div className={styles.scroll}>
        {invitations.length === 0 ? null : (
          <section aria-label="Invitations">
            <Caption1Strong as="h2" block className={styles.section}>
              Invitations
            </Caption1Strong>
            <ul className={styles.list}>
              {invitations.map(invitation => (
                <InvitationItem key={invitation.room} invitation={invitation} />
              ))}
            </ul>
          </section>
        )}
        {sections.map(section => (
          <section key={section.name} aria-label={section.name}>
            <Caption1Strong as="h2" block className={styles.section}>
              {section.name}
            </Caption1Strong>
            <ul className={styles.list}>
              {section.rooms.map(room => (
                <RoomListItem key={room.info.id} room={room} isCurrent={room.info.id === current} />
              ))}
            </ul>
          </section>
        ))}
        {isKnown && rooms.length === 0 ? (
          <EmptyState icon={<ChatMultipleRegular />} title="You follow no rooms yet.">
            <Link href={routeHash({ page: 'find' })}>Find rooms</Link>
          </EmptyState>
        ) : null}
        {rooms.length > 0 && sections.length === 0 ? (
          <EmptyState title="No room of yours has this name.">
            <Link href={routeHash({ page: 'find' })}>Look in all rooms</Link>
          </EmptyState>
        ) : null}
      </div>
    </nav>
  )
}
