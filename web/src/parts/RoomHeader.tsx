import { Button, makeStyles, Text, ToggleButton, tokens } from '@fluentui/react-components'
import {
  AppsAddInRegular,
  ArrowLeftRegular,
  DocumentMultipleRegular,
  InfoRegular,
  PeopleRegular,
  SearchRegular,
  StarFilled,
  StarRegular,
} from '@fluentui/react-icons'
import type { ReactElement } from 'react'
import type { Room } from '../../../src/protocol/room.ts'
import { useNarrow } from '../app/media.ts'
import { go, type Pane } from '../app/route.ts'
import { RoomMarks } from './RoomMarks.tsx'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalXS,
    minHeight: '56px',
    flexShrink: 0,
    paddingBlock: tokens.spacingVerticalXS,
    boxSizing: 'border-box',
    paddingInline: tokens.spacingHorizontalL,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    '@media (max-width: 719px)': { paddingInline: tokens.spacingHorizontalXS },
  },
  words: { flexGrow: 1, minWidth: 0 },
  name: { margin: 0, fontSize: tokens.fontSizeBase400, lineHeight: tokens.lineHeightBase400 },
  line: {
    display: 'flex',
    columnGap: tokens.spacingHorizontalS,
    flexWrap: 'wrap',
    alignItems: 'center',
    color: tokens.colorNeutralForeground2,
  },
  category: { color: tokens.colorNeutralForeground2 },
})

type PaneButton = { pane: Pane; label: string; icon: ReactElement }
const paneButtons: PaneButton[] = [
  { pane: 'people', label: 'Participants', icon: <PeopleRegular /> },
  { pane: 'search', label: 'Search in this room', icon: <SearchRegular /> },
  { pane: 'files', label: 'Files', icon: <DocumentMultipleRegular /> },
  { pane: 'card', label: 'About this room', icon: <InfoRegular /> },
]

type RoomHeaderProps = {
  room: Room
  participants: number | undefined
  followed: boolean
  pane: Pane | undefined
  onFollow: (follow: boolean) => void
}

export function RoomHeader({ room, participants, followed, pane, onFollow }: RoomHeaderProps) {
  const styles = useStyles()
  const isNarrow = useNarrow()
  const route = { page: 'room', room: room.id } as const
  const buttons: PaneButton[] =
    room.addin === undefined
      ? paneButtons
      : [{ pane: 'addin', label: `Add-in: ${room.addin.name}`, icon: <AppsAddInRegular /> }, ...paneButtons]
  return (
    <header className={styles.root}>
      {isNarrow ? (
        <Button
          appearance="subtle"
          icon={<ArrowLeftRegular />}
          aria-label="Back to the rooms"
          onClick={() => go({ page: 'home' })}
        />
      ) : null}
      <div className={styles.words}>
        <Text as="h1" weight="semibold" truncate wrap={false} block className={styles.name}>
          {room.name}
        </Text>
        <div className={styles.line}>
          <Text size={200} className={styles.category}>
            {room.categoryName}
          </Text>
          <RoomMarks room={room} />
          {participants === undefined ? null : (
            <Text size={200} className={styles.category}>
              {participants} here
            </Text>
          )}
        </div>
      </div>
      <ToggleButton
        appearance="subtle"
        checked={followed}
        icon={followed ? <StarFilled /> : <StarRegular />}
        aria-label={followed ? 'Following. Take it off my list' : 'Follow this room'}
        title={followed ? 'Following. Take it off my list' : 'Follow this room'}
        onClick={() => onFollow(!followed)}
      />
      {buttons.map(one => (
        <ToggleButton
          key={one.pane}
          appearance="subtle"
          checked={pane === one.pane}
          icon={one.icon}
          aria-label={one.label}
          title={one.label}
          onClick={() => go(pane === one.pane ? route : { ...route, pane: one.pane })}
        />
      ))}
    </header>
  )
}
