import { makeStyles, tokens } from '@fluentui/react-components'
import { PresenterRegular, ProhibitedRegular } from '@fluentui/react-icons'
import type { Rights, Room } from '../../../src/protocol/room.ts'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
    padding: tokens.spacingVerticalM,
    paddingInline: tokens.spacingHorizontalL,
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    color: tokens.colorNeutralForeground2,
    backgroundColor: tokens.colorNeutralBackground2,
  },
  icon: { fontSize: '20px', display: 'inline-flex' },
})

function reason(room: Room, rights: Rights | undefined): { words: string; isAuditorium: boolean } {
  if (room.disabled)
    return { words: 'This room is disabled. Ask an administrator to re-enable it.', isAuditorium: false }
  if (room.type === 'auditorium' && rights?.member !== false)
    return {
      words: 'Presenters post here. You read; a manager of the room can make you a presenter.',
      isAuditorium: true,
    }
  return { words: 'You are not a member of this room. Ask one of its managers to add you.', isAuditorium: false }
}

type ComposerReasonProps = { room: Room; rights: Rights | undefined }

/** Stands where the composer would be, and says why I cannot post. */
export function ComposerReason({ room, rights }: ComposerReasonProps) {
  const styles = useStyles()
  const { words, isAuditorium } = reason(room, rights)
  return (
    <div className={styles.root} data-pane="composer" tabIndex={-1}>
      <span aria-hidden className={styles.icon}>
        {isAuditorium ? <PresenterRegular /> : <ProhibitedRegular />}
      </span>
      {words}
    </div>
  )
}
