import { Button, Field, Input, makeStyles, Select, Text, tokens } from '@fluentui/react-components'
import { SearchRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { FileUsage } from '../../../src/protocol/file.ts'
import { useSettled } from '../app/debounce.ts'
import { faultOf } from '../app/fault.ts'
import { sizeWords } from '../app/file-words.ts'
import { useVerb } from '../app/query.ts'
import { go } from '../app/route.ts'
import { shortTime } from '../app/time.ts'
import { EmptyState } from './EmptyState.tsx'
import { FaultNote } from './FaultNote.tsx'
import { FileLine } from './FileLine.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  list: {
    listStyle: 'none',
    margin: 0,
    padding: 0,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalM,
  },
  line: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    justifyContent: 'space-between',
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
  },
})

const types: [type: string, words: string][] = [
  ['', 'All types'],
  ['image/', 'Pictures'],
  ['application/pdf', 'PDF'],
  ['text/', 'Text'],
  ['video/', 'Video'],
  ['audio/', 'Sound'],
]
const pageFiles = 50

function usageWords({ files, bytes, maxBytes }: FileUsage): string {
  const limit = maxBytes > 0 ? ` of ${sizeWords(maxBytes)}` : ''
  return `${files} ${files === 1 ? 'file takes' : 'files take'} ${sizeWords(bytes)}${limit}.`
}

/** What was put into this room and stands there, newest first. */
export function FilesPane({ room }: { room: string }) {
  const styles = useStyles()
  const [text, setText] = useState('')
  const [type, setType] = useState('')
  const [limit, setLimit] = useState(pageFiles)
  const settled = useSettled(text.trim())
  const input = { room, limit, ...(settled === '' ? {} : { text: settled }), ...(type === '' ? {} : { type }) }
  const found = useVerb('file.list', input, { keepOld: true })
  const files = found.data?.files
  const isAll = settled === '' && type === ''
  return (
    <div className={styles.root}>
      <Field label="Name">
        <Input
          type="search"
          value={text}
          contentBefore={<SearchRegular aria-hidden />}
          onChange={(_, { value }) => setText(value)}
        />
      </Field>
      <Field label="Type">
        <Select value={type} onChange={(_, { value }) => setType(value)}>
          {types.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </Select>
      </Field>
      {found.data?.usage === undefined ? null : <Text size={200}>{usageWords(found.data.usage)}</Text>}
      <FaultNote
        fault={found.error === null ? undefined : faultOf(found.error)}
        onDismiss={() => void found.refetch()}
      />
      {files?.length === 0 ? (
        <EmptyState title={isAll ? 'No files yet' : 'No such file'}>
          {isAll ? 'Drop one on the messages, or attach it where you write.' : 'Try another name or type.'}
        </EmptyState>
      ) : null}
      <ul className={styles.list} aria-label="Files of this room">
        {files?.map(file => (
          <li key={file.id}>
            <FileLine file={file} />
            <div className={styles.line}>
              <span>
                {file.author.displayName}, {shortTime(file.at)}
              </span>
              <Button size="small" appearance="subtle" onClick={() => go({ page: 'room', room, seq: file.seq })}>
                Show the message
              </Button>
            </div>
          </li>
        ))}
      </ul>
      {found.data?.next === undefined || limit >= 1000 ? null : (
        <Button onClick={() => setLimit(now => Math.min(1000, now + pageFiles))}>Show more</Button>
      )}
    </div>
  )
}
