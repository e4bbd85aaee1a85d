import { Button, Field, Input, makeStyles, Textarea, ToggleButton, Tooltip, tokens } from '@fluentui/react-components'
import { DocumentTextRegular, ImportantRegular, MarkdownRegular, SendRegular } from '@fluentui/react-icons'
import { type ClipboardEvent, type KeyboardEvent, type ReactElement, useEffect, useRef, useState } from 'react'
import { useChat } from '../app/chat.ts'
import { type Draft, emptyDraft, keepDraft, readDraft } from '../app/drafts.ts'
import { AttachButton } from './AttachButton.tsx'
import { UploadList } from './UploadList.tsx'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalXS,
    paddingInline: tokens.spacingHorizontalL,
    paddingBlock: tokens.spacingVerticalS,
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    '@media (max-width: 719px)': { paddingInline: tokens.spacingHorizontalS },
  },
  text: { width: '100%' },
  area: { maxHeight: '40vh', minHeight: '34px' },
  bar: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalXS },
  hint: { flexGrow: 1, fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground3, textAlign: 'end' },
  narrowHint: { '@media (max-width: 719px)': { visibility: 'hidden' } },
})

type Option = { key: 'isMarkdown' | 'isAlert' | 'isStory'; label: string; icon: ReactElement }
const options: Option[] = [
  { key: 'isMarkdown', label: 'Markdown: bold, italic, code, links, lists', icon: <MarkdownRegular /> },
  { key: 'isStory', label: 'Story: a title and a long text that folds', icon: <DocumentTextRegular /> },
  { key: 'isAlert', label: 'High importance', icon: <ImportantRegular /> },
]

type ComposerProps = {
  room: string
  roomName: string
  /** Undefined where the category allows no files. */
  onFiles: ((files: File[]) => void) | undefined
  /** Who opens a room wants to write in it; a keyboard on the screen would cover what he came to read. */
  takesFocus: boolean
  onPost: () => void
}

export function Composer({ room, roomName, onFiles, takesFocus, onPost }: ComposerProps) {
  const styles = useStyles()
  const { me, outbox } = useChat()
  const [draft, setDraft] = useState<Draft>(() => readDraft(me.id, room))
  const area = useRef<HTMLTextAreaElement>(null)
  const canSend = draft.text.trim() !== '' && (!draft.isStory || draft.title.trim() !== '')

  function change(patch: Partial<Draft>): void {
    const next = { ...draft, ...patch }
    setDraft(next)
    keepDraft(me.id, room, next)
  }

  function send(): void {
    if (!canSend) return
    outbox.post({
      room,
      text: draft.text.trim(),
      format: draft.isMarkdown ? 'markdown' : 'plain',
      alert: draft.isAlert,
      ...(draft.isStory ? { title: draft.title.trim() } : {}),
    })
    // Markdown is a habit and stays; importance and story are about one message.
    change({ ...emptyDraft, isMarkdown: draft.isMarkdown })
    onPost()
    area.current?.focus()
  }

  function onKeyDown(event: KeyboardEvent): void {
    // Enter that ends an input method's word is no send.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }

  function onPaste(event: ClipboardEvent): void {
    const files = [...event.clipboardData.files]
    // Cells of a spreadsheet come as a picture beside their text: then the text is meant.
    if (files.length === 0 || onFiles === undefined || event.clipboardData.types.includes('text/plain')) return
    event.preventDefault()
    onFiles(files)
  }

  const mayTakeFocus = useRef(takesFocus)
  useEffect(() => {
    if (mayTakeFocus.current) area.current?.focus()
  }, [])

  useEffect(() => {
    const element = area.current
    if (element === null) return
    element.style.height = 'auto'
    element.style.height = draft.text === '' ? '' : `${element.scrollHeight}px`
  }, [draft.text])

  return (
    <form
      className={styles.root}
      data-pane="composer"
      onSubmit={event => {
        event.preventDefault()
        send()
      }}
    >
      <UploadList room={room} />
      {draft.isStory ? (
        <Field label="Title of the story" required>
          <Input value={draft.title} maxLength={255} onChange={(_, { value }) => change({ title: value })} />
        </Field>
      ) : null}
      <Textarea
        className={styles.text}
        textarea={{ ref: area, className: styles.area, rows: draft.isStory ? 6 : 1 }}
        aria-label={draft.isStory ? 'Text of the story' : `Message to ${roomName}`}
        placeholder={draft.isStory ? 'Text of the story' : `Message to ${roomName}`}
        value={draft.text}
        onChange={(_, { value }) => change({ text: value })}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
      />
      <div className={styles.bar}>
        {onFiles === undefined ? null : <AttachButton onFiles={onFiles} />}
        {options.map(({ key, label, icon }) => (
          <Tooltip key={key} content={label} relationship="label">
            <ToggleButton
              size="small"
              appearance="subtle"
              icon={icon}
              checked={draft[key]}
              onClick={() => change({ [key]: !draft[key] })}
            />
          </Tooltip>
        ))}
        {draft.isAlert ? <span>High importance</span> : null}
        <span className={`${styles.hint} ${styles.narrowHint}`}>Enter sends, Shift+Enter begins a new line</span>
        <Button type="submit" appearance="primary" icon={<SendRegular />} disabled={!canSend}>
          Send
        </Button>
      </div>
    </form>
  )
}
