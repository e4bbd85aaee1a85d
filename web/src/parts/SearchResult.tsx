import { makeStyles, Text, tokens } from '@fluentui/react-components'
import type { PostedMessage } from '../../../src/protocol/message.ts'
import { useVerb } from '../app/query.ts'
import { useRoomState } from '../app/room-state.ts'
import { type Pane, routeHash } from '../app/route.ts'
import { exactTime, shortTime } from '../app/time.ts'

const useStyles = makeStyles({
  link: {
    display: 'block',
    color: tokens.colorNeutralForeground1,
    textDecoration: 'none',
    paddingBlock: tokens.spacingVerticalS,
    paddingInline: tokens.spacingHorizontalS,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    ':hover': { backgroundColor: tokens.colorNeutralBackground2 },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  head: { display: 'flex', flexWrap: 'wrap', columnGap: tokens.spacingHorizontalS, alignItems: 'baseline' },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  text: {
    display: '-webkit-box',
    WebkitLineClamp: 4,
    WebkitBoxOrient: 'vertical',
    overflow: 'hidden',
    overflowWrap: 'anywhere',
    whiteSpace: 'pre-wrap',
    maxWidth: '90ch',
  },
})

type SearchResultProps = { room: string; message: PostedMessage; pane?: Pane | undefined }

/** A message that was found; it opens at its place in the room. */
export function SearchResult({ room, message, pane }: SearchResultProps) {
  const styles = useStyles()
  const known = useRoomState(room)?.info
  const asked = useVerb('room.get', { room }, { enabled: known === undefined })
  const name = (known ?? asked.data?.room)?.name ?? ''
  const route = { page: 'room', room, seq: message.seq } as const
  return (
    <li>
      <a className={styles.link} href={routeHash(pane === undefined ? route : { ...route, pane })}>
        <span className={styles.head}>
          <Text weight="semibold">{message.author.displayName}</Text>
          <span className={styles.quiet}>{name}</span>
          <time className={styles.quiet} dateTime={message.at} title={exactTime(message.at)}>
            {shortTime(message.at)}
          </time>
          {message.alert === true ? <span className={styles.quiet}>High importance</span> : null}
        </span>
        {message.title === undefined ? null : (
          <Text weight="semibold" block>
            {message.title}
          </Text>
        )}
        <span className={styles.text}>{message.text || message.file?.name}</span>
      </a>
    </li>
  )
}
