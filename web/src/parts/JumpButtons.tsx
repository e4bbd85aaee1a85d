import { Button, makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { ArrowDownRegular, ArrowUpRegular } from '@fluentui/react-icons'

const useStyles = makeStyles({
  root: {
    position: 'absolute',
    insetInline: 0,
    display: 'flex',
    justifyContent: 'center',
    pointerEvents: 'none',
    zIndex: 2,
    '& > *': { pointerEvents: 'auto', boxShadow: tokens.shadow8 },
  },
  down: { insetBlockEnd: tokens.spacingVerticalM },
  up: { insetBlockStart: tokens.spacingVerticalS },
})

type JumpButtonsProps = {
  isAtEnd: boolean
  newCount: number
  unreadAbove: number
  onEnd: () => void
  onFirstUnread: () => void
}

/** Ways back to the newest and to the first unread message, while they are out of sight. */
export function JumpButtons({ isAtEnd, newCount, unreadAbove, onEnd, onFirstUnread }: JumpButtonsProps) {
  const styles = useStyles()
  return (
    <>
      {unreadAbove > 0 ? (
        <div className={mergeClasses(styles.root, styles.up)}>
          <Button size="small" shape="circular" icon={<ArrowUpRegular />} onClick={onFirstUnread}>
            Jump to first unread
          </Button>
        </div>
      ) : null}
      {isAtEnd ? null : (
        <div className={mergeClasses(styles.root, styles.down)}>
          <Button
            size="small"
            shape="circular"
            appearance={newCount > 0 ? 'primary' : 'secondary'}
            icon={<ArrowDownRegular />}
            onClick={onEnd}
          >
            {newCount === 0 ? 'To the newest' : `${newCount} new message${newCount === 1 ? '' : 's'}`}
          </Button>
        </div>
      )}
    </>
  )
}
