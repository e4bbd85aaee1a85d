import { makeStyles } from '@fluentui/react-components'
import { emoticonLabel, splitEmoticons } from '../app/emoticon.ts'
import { splitLinks } from '../app/links.ts'
import { ChatLink } from './ChatLink.tsx'
import { Emoticon } from './Emoticon.tsx'

const useStyles = makeStyles({ root: { whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' } })

/** Text as it was typed, with its links and emoticons. */
export function PlainText({ text }: { text: string }) {
  const styles = useStyles()
  let place = 0
  return (
    <span className={styles.root}>
      {splitLinks(text).map(part => {
        place++
        if (typeof part !== 'string') {
          return (
            <ChatLink key={place} href={part.href}>
              {part.href}
            </ChatLink>
          )
        }
        return splitEmoticons(part).map(piece => {
          place++
          return typeof piece === 'string' ? (
            piece
          ) : (
            <Emoticon key={place} picture={piece.picture} label={emoticonLabel(piece)} />
          )
        })
      })}
    </span>
  )
}
