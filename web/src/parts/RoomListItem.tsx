import { CounterBadge, makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import type { ListedRoom } from '../app/room-list.ts'
import { routeHash } from '../app/route.ts'
import { RoomMarks } from './RoomMarks.tsx'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
    paddingInline: tokens.spacingHorizontalM,
    paddingBlock: '6px',
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground1,
    textDecoration: 'none',
    ':hover': { backgroundColor: tokens.colorSubtleBackgroundHover, color: tokens.colorNeutralForeground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  current: { backgroundColor: tokens.colorSubtleBackgroundSelected, color: tokens.colorNeutralForeground1Selected },
  words: { flexGrow: 1, minWidth: 0 },
  name: { display: 'block', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  unread: { fontWeight: tokens.fontWeightBold },
})

type RoomListItemProps = { room: ListedRoom; isCurrent: boolean }

export function RoomListItem({ room, isCurrent }: RoomListItemProps) {
  const styles = useStyles()
  const { info, unread } = room
  return (
    <li>
      <a
        href={routeHash({ page: 'room', room: info.id })}
        aria-current={isCurrent ? 'page' : undefined}
        className={mergeClasses(styles.root, isCurrent && styles.current)}
      >
        <span className={styles.words}>
          <span className={mergeClasses(styles.name, unread > 0 && styles.unread)}>{info.name}</span>
          <RoomMarks room={info} />
        </span>
        {unread > 0 ? (
          <CounterBadge count={unread} overflowCount={999} size="medium" aria-label={`${unread} unread`} />
        ) : null}
      </a>
    </li>
  )
}
