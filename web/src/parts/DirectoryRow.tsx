import { Button, Link, makeStyles, Text, tokens } from '@fluentui/react-components'
import { StarFilled, StarRegular } from '@fluentui/react-icons'
import type { Room } from '../../../src/protocol/room.ts'
import { useFollowing } from '../app/follow.ts'
import { useListing } from '../app/listed-rooms.ts'
import { go, routeHash } from '../app/route.ts'
import { FaultNote } from './FaultNote.tsx'
import { RoomMarks } from './RoomMarks.tsx'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: tokens.spacingHorizontalM,
    paddingBlock: tokens.spacingVerticalM,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  words: { flexGrow: 1, flexBasis: '240px', minWidth: 0, display: 'flex', flexDirection: 'column', gap: '2px' },
  line: { display: 'flex', flexWrap: 'wrap', columnGap: tokens.spacingHorizontalS, alignItems: 'center' },
  quiet: { color: tokens.colorNeutralForeground2 },
  buttons: { display: 'flex', gap: tokens.spacingHorizontalS },
  name: { fontWeight: tokens.fontWeightSemibold, overflowWrap: 'anywhere' },
})

export function DirectoryRow({ room }: { room: Room }) {
  const styles = useStyles()
  const followed = useListing().rooms.some(one => one.info.id === room.id)
  const { fault, follow } = useFollowing(room.id)
  return (
    <li className={styles.root}>
      <div className={styles.words}>
        <Link href={routeHash({ page: 'room', room: room.id })} className={styles.name}>
          {room.name}
        </Link>
        {room.description === '' ? null : <Text>{room.description}</Text>}
        <span className={styles.line}>
          <Text size={200} className={styles.quiet}>
            {room.categoryName}
          </Text>
          <RoomMarks room={room} />
          {room.participants === undefined || room.participants === 0 ? null : (
            <Text size={200} className={styles.quiet}>
              {room.participants} here now
            </Text>
          )}
        </span>
        <FaultNote fault={fault} />
      </div>
      <div className={styles.buttons}>
        <Button
          icon={followed ? <StarFilled /> : <StarRegular />}
          aria-label={followed ? `Stop following ${room.name}` : `Follow ${room.name}`}
          disabled={room.disabled}
          onClick={() => void follow(!followed)}
        >
          {followed ? 'Following' : 'Follow'}
        </Button>
        <Button aria-label={`Open ${room.name}`} onClick={() => go({ page: 'room', room: room.id })}>
          Open
        </Button>
      </div>
    </li>
  )
}
