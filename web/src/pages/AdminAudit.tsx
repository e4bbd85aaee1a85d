import { makeStyles, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Result } from '../../../src/protocol/request.ts'
import type { AuditFilter } from '../app/audit-filter.ts'
import { faultOf } from '../app/fault.ts'
import { useVerb } from '../app/query.ts'
import { exactTime, shortTime } from '../app/time.ts'
import { AuditSearch } from '../parts/AuditSearch.tsx'
import { type Column, DataTable } from '../parts/DataTable.tsx'
import { EmptyState } from '../parts/EmptyState.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { RecordPager } from '../parts/RecordPager.tsx'

const useStyles = makeStyles({
  detail: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
})

const pageSize = 50

type Entry = Result<'audit.list'>['entries'][number]

// Not to be sorted: what is shown is a page of the record, in its order.
const columns: Column<Entry>[] = [
  {
    name: 'When',
    text: ({ at }) => shortTime(at),
    cell: ({ at }) => (
      <time dateTime={at} title={exactTime(at)}>
        {shortTime(at)}
      </time>
    ),
  },
  { name: 'Who', text: ({ actor }) => actor?.displayName ?? 'The server' },
  { name: 'What', text: ({ action }) => action },
  { name: 'Of', text: ({ subject }) => subject },
  { name: 'Detail', text: ({ detail }) => JSON.stringify(detail), cell: entry => <Detail entry={entry} /> },
]

function Detail({ entry: { detail } }: { entry: Entry }) {
  const styles = useStyles()
  return <span className={styles.detail}>{JSON.stringify(detail)}</span>
}

/** What administrators did, newest first. */
export function AdminAudit() {
  const [filter, setFilter] = useState<AuditFilter>({})
  return (
    <>
      <AuditSearch onSearch={setFilter} />
      <AuditTable key={JSON.stringify(filter)} filter={filter} />
    </>
  )
}

function AuditTable({ filter }: { filter: AuditFilter }) {
  const [before, setBefore] = useState<number>()
  const { data, error } = useVerb(
    'audit.list',
    { ...filter, limit: pageSize, ...(before === undefined ? {} : { before }) },
    { keepOld: true },
  )
  const entries = data?.entries ?? []
  const last = entries.length < pageSize ? undefined : entries.at(-1)?.id
  if (error !== null) return <FaultNote fault={faultOf(error)} />
  if (data !== undefined && entries.length === 0)
    return (
      <EmptyState
        title={Object.keys(filter).length > 0 ? 'Nothing of this is recorded.' : 'Nothing has been recorded here yet.'}
      />
    )
  return (
    <>
      <DataTable
        label="Audit record"
        columns={columns}
        rows={entries}
        keyOf={({ id }) => String(id)}
        minWidth="720px"
      />
      <RecordPager before={before} last={last} onTurn={setBefore} />
    </>
  )
}
