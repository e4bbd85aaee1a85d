import { Button, makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { ClockRegular, ErrorCircleRegular } from '@fluentui/react-icons'
import { useChat } from '../app/chat.ts'
import type { WaitingPost } from '../app/outbox.ts'
import { LineFrame } from './LineFrame.tsx'
import { MessageText } from './MessageText.tsx'

const useStyles = makeStyles({
  root: {
    position: 'relative',
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  status: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '4px',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
  },
  // Beside the text, not below it: the line keeps its height when it is sent.
  waiting: { position: 'absolute', insetBlockEnd: '3px', insetInlineEnd: tokens.spacingHorizontalM },
  refused: { color: tokens.colorStatusDangerForeground1 },
  text: { color: tokens.colorNeutralForeground2 },
})

type WaitingLineProps = { post: WaitingPost; startsRun: boolean; isStop: boolean }

/** A line that the server has not confirmed: waiting, or refused with what can be done about it. */
export function WaitingLine({ post, startsRun, isStop }: WaitingLineProps) {
  const styles = useStyles()
  const { me, outbox } = useChat()
  const isRefused = post.state === 'refused'
  return (
    <article
      className={styles.root}
      data-stop
      data-client-id={post.clientId}
      tabIndex={isStop ? 0 : -1}
      aria-label={`${me.displayName}, ${isRefused ? 'not sent' : 'waiting to be sent'}, ${post.text}`}
    >
      <LineFrame author={me.displayName} at={post.createdAt} startsRun={startsRun} isActive={false}>
        <div className={styles.text}>
          <MessageText
            storyKey={post.clientId}
            text={post.text}
            format={post.format}
            alert={post.alert}
            title={post.title}
          />
        </div>
        {isRefused ? (
          <div className={styles.status} role="alert">
            <ErrorCircleRegular className={styles.refused} aria-hidden />
            <span className={styles.refused}>
              Not sent. {post.fault?.sentence}
              {post.fault?.id === undefined ? null : ` Tell support this id: ${post.fault.id}`}
            </span>
            <Button size="small" appearance="outline" onClick={() => outbox.retry(post.clientId)}>
              Try again
            </Button>
            <Button size="small" appearance="subtle" onClick={() => void navigator.clipboard.writeText(post.text)}>
              Copy text
            </Button>
            <Button size="small" appearance="subtle" onClick={() => outbox.drop(post.clientId)}>
              Dismiss
            </Button>
          </div>
        ) : (
          <div className={mergeClasses(styles.status, styles.waiting)}>
            <ClockRegular aria-hidden />
            {post.state === 'sent' ? 'Sent' : 'Waiting to be sent'}
          </div>
        )}
      </LineFrame>
    </article>
  )
}
