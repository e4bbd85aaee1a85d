import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import {
  EyeOffRegular,
  GlobeRegular,
  LockClosedRegular,
  PresenterRegular,
  ProhibitedRegular,
} from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import type { Room } from '../../../src/protocol/room.ts'
import { markWords, type RoomMark, roomMarks } from '../app/room-words.ts'

const useStyles = makeStyles({
  root: { display: 'inline-flex', flexWrap: 'wrap', columnGap: tokens.spacingHorizontalS, verticalAlign: 'middle' },
  mark: {
    display: 'inline-flex',
    alignItems: 'center',
    gap: '2px',
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    // The colour of the line that it stands in: a chosen or hovered line turns it round.
    color: 'inherit',
    whiteSpace: 'nowrap',
  },
  disabled: { fontWeight: tokens.fontWeightSemibold },
})

const icons: Record<RoomMark, ReactNode> = {
  open: <GlobeRegular />,
  closed: <LockClosedRegular />,
  secret: <EyeOffRegular />,
  auditorium: <PresenterRegular />,
  disabled: <ProhibitedRegular />,
}

type RoomMarksProps = { room: Pick<Room, 'privacy' | 'type' | 'disabled'> }

/** What kind of room it is: a mark AND a word, never colour alone. */
export function RoomMarks({ room }: RoomMarksProps) {
  const styles = useStyles()
  return (
    <span className={styles.root}>
      {roomMarks(room).map(mark => (
        <span
          key={mark}
          className={mergeClasses(styles.mark, mark === 'disabled' && styles.disabled)}
          title={markWords[mark].meaning}
        >
          <span aria-hidden style={{ display: 'inline-flex' }}>
            {icons[mark]}
          </span>
          {markWords[mark].word}
        </span>
      ))}
    </span>
  )
}
