import { Button, makeStyles, ProgressBar, tokens } from '@fluentui/react-components'
import { DismissRegular, ErrorCircleRegular } from '@fluentui/react-icons'
import { useRef } from 'react'
import { useChat } from '../app/chat.ts'
import { sizeWords } from '../app/file-words.ts'
import { useStore } from '../app/store.ts'
import type { UploadItem } from '../app/uploads.ts'

const useStyles = makeStyles({
  list: {
    listStyle: 'none',
    margin: 0,
    padding: 0,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalXS,
    maxHeight: '30vh',
    overflowY: 'auto',
  },
  item: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr) auto', columnGap: tokens.spacingHorizontalS },
  words: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    columnGap: tokens.spacingHorizontalS,
    fontSize: tokens.fontSizeBase200,
  },
  name: { overflowWrap: 'anywhere', fontWeight: tokens.fontWeightSemibold },
  quiet: { color: tokens.colorNeutralForeground3, fontVariantNumeric: 'tabular-nums' },
  fault: { color: tokens.colorStatusDangerForeground1 },
})

function progressWords({ state, sent, size }: UploadItem): string {
  if (state === 'left')
    return sent > 0
      ? `${sizeWords(sent)} of ${sizeWords(size)} are there. Choose it again to go on.`
      : `${sizeWords(size)}. Choose it again to go on.`
  if (state === 'waiting') return `${sizeWords(size)}, waits for its turn`
  if (state === 'posting') return 'Being looked through'
  return `${sizeWords(sent)} of ${sizeWords(size)}`
}

/** Files on their way into this room, or refused with what can be done about it. */
export function UploadList({ room }: { room: string }) {
  const styles = useStyles()
  const { uploads } = useChat()
  const items = useStore(uploads.items).filter(item => item.room === room)
  if (items.length === 0) return null
  return (
    <ul className={styles.list} aria-label="Files on their way">
      {items.map(item => (
        <li key={item.id} className={styles.item}>
          <div>
            <div className={styles.words}>
              <span className={styles.name}>{item.state === 'left' ? `Waiting for ${item.name}` : item.name}</span>
              {item.state === 'failed' ? null : <span className={styles.quiet}>{progressWords(item)}</span>}
              {item.fault === undefined ? null : (
                <span className={styles.fault} role="alert">
                  <ErrorCircleRegular aria-hidden /> {item.state === 'failed' ? 'Not sent. ' : null}
                  {item.fault.sentence}
                  {item.fault.id === undefined ? null : ` Tell support this id: ${item.fault.id}`}
                </span>
              )}
            </div>
            <ItemAction item={item} />
          </div>
          <Button
            size="small"
            appearance="subtle"
            icon={<DismissRegular />}
            aria-label={
              item.state === 'failed' || item.state === 'left'
                ? `Dismiss ${item.name}`
                : `Cancel the upload of ${item.name}`
            }
            onClick={() => uploads.drop(item.id)}
          />
        </li>
      ))}
    </ul>
  )
}

/** What can be done about it, or how far it is. */
function ItemAction({ item }: { item: UploadItem }) {
  const { uploads } = useChat()
  if (item.state === 'left') return <ChooseAgain item={item} onFile={file => uploads.give(item.id, file)} />
  if (item.state === 'failed')
    return (
      <Button size="small" appearance="outline" onClick={() => uploads.retry(item.id)}>
        Try again
      </Button>
    )
  const progress = item.state === 'posting' ? {} : { value: item.sent, max: Math.max(1, item.size) }
  return <ProgressBar aria-label={`Upload of ${item.name}`} {...progress} />
}

/** The browser knows a file only as long as the page lives that it was chosen in. */
function ChooseAgain({ item, onFile }: { item: UploadItem; onFile: (file: File) => void }) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <Button size="small" appearance="outline" onClick={() => input.current?.click()}>
        Choose it again
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={`${item.name} again`}
        onChange={event => {
          const file = event.currentTarget.files?.[0]
          if (file !== undefined) onFile(file)
          event.currentTarget.value = ''
        }}
      />
    </>
  )
}
