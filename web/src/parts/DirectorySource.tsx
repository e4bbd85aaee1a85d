import { Badge, Button, makeStyles, Spinner, Subtitle2, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Result } from '../../../src/protocol/request.ts'
import { useChat } from '../app/chat.ts'
import { ago, countsInWords } from '../app/directory-words.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import { forget } from '../app/query.ts'
import { exactTime, shortTime } from '../app/time.ts'
import { DirectoryRunResult } from './DirectoryRunResult.tsx'
import { FaultNote } from './FaultNote.tsx'

type Source = Result<'directory.status'>['sources'][number]
type Answer = { title: string; run: Result<'directory.sync'>['runs'][number]; note?: string }

const useStyles = makeStyles({
  root: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalS,
    padding: tokens.spacingHorizontalL,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  head: { display: 'flex', gap: tokens.spacingHorizontalM, alignItems: 'center', flexWrap: 'wrap' },
  facts: {
    display: 'grid',
    gridTemplateColumns: 'max-content 1fr',
    columnGap: tokens.spacingHorizontalL,
    rowGap: tokens.spacingVerticalXXS,
    margin: 0,
  },
  term: { color: tokens.colorNeutralForeground2 },
  value: { margin: 0, overflowWrap: 'anywhere' },
  actions: { display: 'flex', gap: tokens.spacingHorizontalS, flexWrap: 'wrap' },
  runs: { margin: 0, paddingInlineStart: tokens.spacingHorizontalXL, overflowWrap: 'anywhere' },
})

/** One source of people: how it stands, and what can be done about it. */
export function DirectorySource({ source }: { source: Source }) {
  const styles = useStyles()
  const { client } = useChat()
  const [busy, setBusy] = useState<string>()
  const [fault, setFault] = useState<Fault>()
  const [answer, setAnswer] = useState<Answer>()

  async function run(title: string, ask: () => Promise<Omit<Answer, 'title'>>): Promise<void> {
    setBusy(title)
    setFault(undefined)
    setAnswer(undefined)
    try {
      setAnswer({ title, ...(await ask()) })
    } catch (error) {
      setFault(faultOf(error))
    } finally {
      setBusy(undefined)
      forget('directory.status', 'principal.find', 'audit.list')
    }
  }

  const sync = (how: { full?: boolean; dryRun?: boolean }) => async () => {
    const { runs } = await client.request('directory.sync', { source: source.source, ...how })
    return { run: runs[0]! }
  }

  async function check() {
    const { run, sound, flattening } = await client.request('directory.check', { source: source.source })
    const note = sound
      ? `Source and store agree; the memberships of ${flattening.principals.toLocaleString()} principals are flattened right.`
      : `${flattening.missing.toLocaleString()} flattened memberships are missing, ${flattening.vain.toLocaleString()} are in vain.`
    return { run, note }
  }

  const numbers = `${source.users.toLocaleString()} users (${source.disabled.toLocaleString()} disabled), ${source.groups.toLocaleString()} groups, ${source.units.toLocaleString()} units`
  return (
    <section className={styles.root} aria-label={`Source ${source.source}`}>
      <div className={styles.head}>
        <Subtitle2 as="h2">{source.source}</Subtitle2>
        <StateBadge source={source} />
        {busy === undefined ? null : <Spinner size="tiny" label={`${busy} …`} />}
      </div>
      <dl className={styles.facts}>
        <Fact name="Read well" value={ago(source.lagSeconds)} at={source.lastSuccessAt} />
        <Fact
          name="Read whole"
          value={source.lastFullAt === null ? 'never' : shortTime(source.lastFullAt)}
          at={source.lastFullAt}
        />
        <Fact name="Holds here" value={numbers} />
        {source.leftOut > 0 ? (
          <Fact name="Left out" value={`${source.leftOut.toLocaleString()}: compare to see why`} />
        ) : null}
        {source.lastError === null ? null : <Fact name="Last error" value={source.lastError} />}
      </dl>
      <div className={styles.actions}>
        <Button disabled={busy !== undefined} onClick={() => void run('Reading what changed', sync({}))}>
          Read what changed
        </Button>
        <Button disabled={busy !== undefined} onClick={() => void run('Reading everything', sync({ full: true }))}>
          Read everything
        </Button>
        <Button disabled={busy !== undefined} onClick={() => void run('Trying', sync({ full: true, dryRun: true }))}>
          Try without writing
        </Button>
        <Button disabled={busy !== undefined} onClick={() => void run('Comparing', check)}>
          Compare
        </Button>
      </div>
      <FaultNote fault={fault} />
      {answer === undefined ? null : <DirectoryRunResult {...answer} />}
      {source.runs.length === 0 ? null : (
        <details>
          <summary>Runs that changed something or failed</summary>
          <ul className={styles.runs}>
            {source.runs.map(one => (
              <li key={one.startedAt}>
                <time dateTime={one.startedAt} title={exactTime(one.startedAt)}>
                  {shortTime(one.startedAt)}
                </time>
                : {one.error ?? countsInWords(one.counts)}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}

function StateBadge({ source }: { source: Source }) {
  if (source.running !== null) return <Badge color="informative">being read by {source.running}</Badge>
  if (source.failures > 0) return <Badge color="danger">failed {source.failures.toLocaleString()} times in a row</Badge>
  if (!source.configured) return <Badge color="warning">not in this server's configuration</Badge>
  return <Badge color="success">in step</Badge>
}

function Fact({ name, value, at }: { name: string; value: string; at?: string | null }) {
  const styles = useStyles()
  return (
    <>
      <dt className={styles.term}>{name}</dt>
      <dd className={styles.value} title={at ? exactTime(at) : undefined}>
        {value}
      </dd>
    </>
  )
}
