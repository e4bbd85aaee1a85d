import { makeStyles, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { PostedMessage } from '../../../src/protocol/message.ts'
import { storyKey } from '../app/stories.ts'
import { exactTime } from '../app/time.ts'
import { FileLine } from './FileLine.tsx'
import { LineFrame } from './LineFrame.tsx'
import { MessageActions } from './MessageActions.tsx'
import { MessageText } from './MessageText.tsx'

const useStyles = makeStyles({
  root: {
    position: 'relative',
    borderRadius: tokens.borderRadiusMedium,
    ':hover': { backgroundColor: tokens.colorNeutralBackground2 },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
})

type MessageLineProps = {
  room: string
  message: PostedMessage
  startsRun: boolean
  isStop: boolean
  mayRemove: boolean
}

/** One message: one stop of the keyboard, read as author, time, marks, text. */
export function MessageLine({ room, message, startsRun, isStop, mayRemove }: MessageLineProps) {
  const styles = useStyles()
  const [isActive, setActive] = useState(false)
  const label = [
    message.author.displayName,
    exactTime(message.at).split(' · ')[0],
    ...(message.alert === true ? ['High importance'] : []),
    ...(message.title === undefined ? [] : [`Story: ${message.title}`]),
    ...(message.file === undefined ? [] : [`File: ${message.file.name}`]),
    ...(message.text === '' ? [] : [message.text]),
  ].join(', ')
  return (
    <article
      className={styles.root}
      aria-label={label}
      data-seq={message.seq}
      data-stop
      tabIndex={isStop ? 0 : -1}
      onPointerEnter={() => setActive(true)}
      onPointerLeave={() => setActive(false)}
      onFocus={() => setActive(true)}
      onBlur={event => {
        if (!event.currentTarget.contains(event.relatedTarget)) setActive(false)
      }}
    >
      <LineFrame author={message.author.displayName} at={message.at} startsRun={startsRun} isActive={isActive}>
        <MessageText
          storyKey={storyKey(room, message.seq)}
          text={message.text}
          format={message.format}
          alert={message.alert}
          title={message.title}
          replaced={message.replaced}
        />
        {message.file === undefined ? null : <FileLine file={message.file} />}
      </LineFrame>
      {isActive ? <MessageActions room={room} message={message} mayRemove={mayRemove} /> : null}
    </article>
  )
}
