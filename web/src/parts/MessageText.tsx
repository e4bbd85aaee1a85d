import { makeStyles, tokens } from '@fluentui/react-components'
import { ImportantRegular } from '@fluentui/react-icons'
import type { MessageFormat } from '../../../src/protocol/message.ts'
import { MarkdownText } from './MarkdownText.tsx'
import { PlainText } from './PlainText.tsx'
import { StoryText } from './StoryText.tsx'

const useStyles = makeStyles({
  root: { maxWidth: '90ch', minWidth: 0 },
  alert: {
    borderLeft: `4px solid ${tokens.colorStatusDangerBorder2}`,
    backgroundColor: tokens.colorStatusDangerBackground1,
    paddingInline: tokens.spacingHorizontalS,
    paddingBlock: '2px',
    borderRadius: tokens.borderRadiusSmall,
    color: tokens.colorNeutralForeground1,
  },
  alertWords: {
    display: 'flex',
    alignItems: 'center',
    gap: '4px',
    fontWeight: tokens.fontWeightSemibold,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorStatusDangerForeground1,
  },
  note: { fontSize: tokens.fontSizeBase200, fontStyle: 'italic', color: tokens.colorNeutralForeground3 },
})

type MessageTextProps = {
  storyKey: string
  text: string
  format: MessageFormat
  alert?: boolean | undefined
  title?: string | undefined
  replaced?: boolean | undefined
}

/** What a message says, with its marks. */
export function MessageText({ storyKey, text, format, alert, title, replaced }: MessageTextProps) {
  const styles = useStyles()
  const body = format === 'markdown' ? <MarkdownText text={text} /> : <PlainText text={text} />
  const content =
    title === undefined ? (
      body
    ) : (
      <StoryText storyKey={storyKey} title={title}>
        {body}
      </StoryText>
    )
  return (
    <div className={styles.root}>
      {alert === true ? (
        <div className={styles.alert}>
          <div className={styles.alertWords}>
            <ImportantRegular aria-hidden /> High importance
          </div>
          {content}
        </div>
      ) : (
        content
      )}
      {replaced === true ? <div className={styles.note}>Text replaced by an administrator</div> : null}
    </div>
  )
}
