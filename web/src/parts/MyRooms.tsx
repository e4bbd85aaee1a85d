import {
  Link,
  makeStyles,
  mergeClasses,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Text,
  tokens,
} from '@fluentui/react-components'
import { SettingsRegular } from '@fluentui/react-icons'
import type { Room } from '../../../src/protocol/room.ts'
import { useManagePlace } from '../app/manage-place.ts'
import { useNarrow } from '../app/media.ts'
import { routeHash } from '../app/route.ts'
import { ManageLink } from './ManageLink.tsx'
import { OpenRoomLink } from './OpenRoomLink.tsx'
import { RoomMarks } from './RoomMarks.tsx'

const useStyles = makeStyles({
  table: { minWidth: '760px' },
  // A row is no button: a hovered one would only make its link hard to read in the dark.
  row: { ':hover': { backgroundColor: tokens.colorNeutralBackground1 } },
  words: { display: 'flex', flexDirection: 'column', minWidth: 0, paddingBlock: tokens.spacingVerticalS },
  name: { fontWeight: tokens.fontWeightSemibold, overflowWrap: 'anywhere' },
  description: {
    color: tokens.colorNeutralForeground2,
    overflow: 'hidden',
    display: '-webkit-box',
    WebkitLineClamp: 2,
    WebkitBoxOrient: 'vertical',
    overflowWrap: 'anywhere',
  },
  wide: { width: '36%' },
  number: { width: '84px', textAlign: 'end' },
  // Fluent's header cell is a row of its own inside.
  numberHead: { width: '84px', '& > *': { justifyContent: 'flex-end' } },
  members: { width: '132px' },
  buttons: { display: 'flex', gap: tokens.spacingHorizontalXS, justifyContent: 'flex-end' },
  acts: { width: '96px' },
  cards: { listStyle: 'none', margin: 0, padding: 0 },
  card: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalXS,
    paddingBlock: tokens.spacingVerticalM,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  line: { display: 'flex', flexWrap: 'wrap', columnGap: tokens.spacingHorizontalS, alignItems: 'center' },
  quiet: { color: tokens.colorNeutralForeground2 },
})

type Counts = { members: number | null; managers: number; presenters: number }
type MyRoom = { room: Room; counts: Counts | undefined }
type MyRoomsProps = { rooms: readonly MyRoom[]; isManaged: boolean }

/** A table, or on a phone one card a room. */
export function MyRooms({ rooms, isManaged }: MyRoomsProps) {
  const styles = useStyles()
  const isNarrow = useNarrow()
  if (isNarrow)
    return (
      <ul className={styles.cards}>
        {rooms.map(({ room, counts }) => (
          <li key={room.id} className={styles.card}>
            <RoomName room={room} isManaged={isManaged} />
            <span className={styles.line}>
              <Text size={200} className={styles.quiet}>
                {room.categoryName}
              </Text>
              <RoomMarks room={room} />
            </span>
            <Text size={200} className={styles.quiet}>
              {cardWords(room, counts)}
            </Text>
          </li>
        ))}
      </ul>
    )
  return (
    <Table aria-label={isManaged ? 'Rooms I manage' : 'Rooms I am a member of'} className={styles.table}>
      <TableHeader>
        <TableRow>
          <TableHeaderCell className={styles.wide}>Room</TableHeaderCell>
          <TableHeaderCell>Category</TableHeaderCell>
          <TableHeaderCell>Kind</TableHeaderCell>
          <TableHeaderCell className={mergeClasses(styles.numberHead, styles.members)}>Members</TableHeaderCell>
          <TableHeaderCell className={styles.numberHead}>Managers</TableHeaderCell>
          <TableHeaderCell className={styles.numberHead}>Here now</TableHeaderCell>
          <TableHeaderCell className={mergeClasses(styles.numberHead, styles.acts)}>Action</TableHeaderCell>
        </TableRow>
      </TableHeader>
      <TableBody>
        {rooms.map(({ room, counts }) => (
          <TableRow key={room.id} className={styles.row}>
            <TableCell className={styles.wide}>
              <RoomName room={room} isManaged={isManaged} />
            </TableCell>
            <TableCell>{room.categoryName}</TableCell>
            <TableCell>
              <RoomMarks room={room} />
            </TableCell>
            <TableCell className={mergeClasses(styles.number, styles.members)}>{memberWords(room, counts)}</TableCell>
            <TableCell className={styles.number}>{counts?.managers}</TableCell>
            <TableCell className={styles.number}>{room.disabled ? '' : (room.participants ?? 0)}</TableCell>
            <TableCell className={styles.acts}>
              <span className={styles.buttons}>
                <OpenRoomLink room={room} isSmall />
                {isManaged ? (
                  <ManageLink
                    to={{ page: 'manage', room: room.id }}
                    appearance="subtle"
                    icon={<SettingsRegular />}
                    label={`Manage ${room.name}`}
                  />
                ) : null}
              </span>
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}

function RoomName({ room, isManaged }: { room: Room; isManaged: boolean }) {
  const styles = useStyles()
  const place = useManagePlace({ page: 'manage', room: room.id })
  const outside = isManaged && place.isElsewhere ? { target: '_blank', rel: 'noopener noreferrer' } : {}
  return (
    <span className={styles.words}>
      <Link
        className={styles.name}
        href={isManaged ? place.href : routeHash({ page: 'room', room: room.id })}
        {...outside}
      >
        {room.name}
      </Link>
      {room.description === '' ? null : <Text className={styles.description}>{room.description}</Text>}
    </span>
  )
}

/** Where nobody is on a list, a number says nothing: an open room has everyone in scope. */
function memberWords(room: Room, counts: Counts | undefined): string {
  if (room.privacy === 'open' || counts?.members === null) return 'Everyone in scope'
  return counts === undefined ? '' : String(counts.members)
}

function number(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function cardWords(room: Room, counts: Counts | undefined): string {
  const here = room.participants ?? 0
  return [
    Number.isNaN(Number(memberWords(room, counts)))
      ? memberWords(room, counts)
      : number(counts?.members ?? 0, 'member'),
    counts === undefined ? '' : number(counts.managers, 'manager'),
    here === 0 ? '' : `${here} here now`,
  ]
    .filter(word => word !== '')
    .join(' · ')
}
