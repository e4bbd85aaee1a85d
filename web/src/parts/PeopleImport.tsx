import { Button, Field, Input, makeStyles, ProgressBar, Text, Textarea, tokens } from '@fluentui/react-components'
import { useEffect, useRef, useState } from 'react'
import { useChat } from '../app/chat.ts'
import { peopleColumns, readPeopleFile } from '../app/people-file.ts'
import { lookUpNames, type PeopleReport, runPlan } from '../app/people-import.ts'
import { namesOf, type PeoplePlan, planPeople } from '../app/people-plan.ts'
import { forget } from '../app/query.ts'
import { useTask } from '../app/task.ts'
import { FaultNote } from './FaultNote.tsx'
import { ImportPlan, ImportReport } from './ImportPlan.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
  text: { fontFamily: tokens.fontFamilyMonospace },
  file: { maxWidth: '100%' },
})

const example = `name,displayName,unit,groups
alice@example.com,Alice Adams,sales@example.com,sellers@example.com;floor1@example.com`

/** People from a CSV file: first what would be done, then it is done, then what was. Repeating it changes nothing. */
export function PeopleImport({ onClose }: { onClose: () => void }) {
  const styles = useStyles()
  const { client } = useChat()
  const [text, setText] = useState('')
  const [password, setPassword] = useState('')
  const [plan, setPlan] = useState<PeoplePlan>()
  const [report, setReport] = useState<PeopleReport>()
  const [share, setShare] = useState(0)
  const { fault, isBusy, run } = useTask()
  const stopper = useRef(new AbortController())
  useEffect(() => () => stopper.current.abort(), [])

  function change(next: string): void {
    setText(next)
    setPlan(undefined)
    setReport(undefined)
  }

  async function preview(): Promise<void> {
    const { signal } = fresh()
    const file = readPeopleFile(text)
    const known = await lookUpNames(client, namesOf(file), setShare, signal)
    if (!signal.aborted) setPlan(planPeople(file, known, password))
  }

  async function importAll(made: PeoplePlan): Promise<void> {
    const { signal } = fresh()
    // However it ends, what was looked up for it holds no longer.
    setPlan(undefined)
    setReport(await runPlan(client, made, setShare, signal))
    forget('principal.find', 'principal.get', 'group.members')
  }

  function fresh(): AbortController {
    stopper.current = new AbortController()
    setShare(0)
    setReport(undefined)
    return stopper.current
  }

  return (
    <div className={styles.root}>
      <Text>
        The first line names the columns, in any order: {peopleColumns.join(', ')}. Only name is needed. Several groups
        stand with ; or | between them. Units and groups that there are not are made. An empty field leaves things as
        they are, and nobody is taken out of a group.
      </Text>
      <Field label="CSV file">
        {field => (
          <input
            {...field}
            className={styles.file}
            type="file"
            accept=".csv,text/csv,text/plain"
            disabled={isBusy}
            onChange={event => {
              const file = event.target.files?.[0]
              if (file !== undefined) void run(async () => change(await file.text()))
            }}
          />
        )}
      </Field>
      <Field label="or its text">
        <Textarea
          className={styles.text}
          rows={6}
          resize="vertical"
          placeholder={example}
          value={text}
          disabled={isBusy}
          onChange={(_, { value }) => change(value)}
        />
      </Field>
      <Field
        label="First password of new people who have none in the file"
        hint="Empty: they sign in elsewhere, or you give each one later."
      >
        <Input
          type="password"
          autoComplete="new-password"
          value={password}
          disabled={isBusy}
          onChange={(_, { value }) => {
            setPassword(value)
            setPlan(undefined)
          }}
        />
      </Field>
      {isBusy ? <ProgressBar aria-label="How far it is" value={share} /> : null}
      <FaultNote fault={fault} />
      {plan === undefined || isBusy ? null : <ImportPlan plan={plan} />}
      {report === undefined ? null : <ImportReport report={report} />}
      <div className={styles.buttons}>
        {plan === undefined || plan.steps.length === 0 ? (
          <Button appearance="primary" disabled={isBusy || text.trim() === ''} onClick={() => void run(preview)}>
            Preview
          </Button>
        ) : (
          <Button appearance="primary" disabled={isBusy} onClick={() => void run(() => importAll(plan))}>
            Import
          </Button>
        )}
        {isBusy ? (
          <Button onClick={() => stopper.current.abort()}>Stop</Button>
        ) : (
          <Button onClick={onClose}>Close</Button>
        )}
      </div>
    </div>
  )
}
