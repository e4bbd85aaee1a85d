import {
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from '@fluentui/react-components'
import { useState } from 'react'
import { faultOf } from '../app/fault.ts'
import { useVerb } from '../app/query.ts'
import { exactTime, shortTime } from '../app/time.ts'
import { type AuditFilter, AuditSearch } from '../parts/AuditSearch.tsx'
import { EmptyState } from '../parts/EmptyState.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { RecordPager } from '../parts/RecordPager.tsx'

const useStyles = makeStyles({
  table: { minWidth: '720px' },
  cell: { overflowWrap: 'anywhere', verticalAlign: 'top' },
  detail: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
})

const pageSize = 50

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
  const styles = useStyles()
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
      <Table aria-label="Audit record" size="small" className={styles.table}>
        <TableHeader>
          <TableRow>
            <TableHeaderCell>When</TableHeaderCell>
            <TableHeaderCell>Who</TableHeaderCell>
            <TableHeaderCell>What</TableHeaderCell>
            <TableHeaderCell>Of</TableHeaderCell>
            <TableHeaderCell>Detail</TableHeaderCell>
          </TableRow>
        </TableHeader>
        <TableBody>
          {entries.map(entry => (
            <TableRow key={entry.id}>
              <TableCell className={styles.cell}>
                <time dateTime={entry.at} title={exactTime(entry.at)}>
                  {shortTime(entry.at)}
                </time>
              </TableCell>
              <TableCell className={styles.cell}>{entry.actor?.displayName ?? 'The server'}</TableCell>
              <TableCell className={styles.cell}>{entry.action}</TableCell>
              <TableCell className={styles.cell}>{entry.subject}</TableCell>
              <TableCell className={styles.detail}>{JSON.stringify(entry.detail)}</TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
      <RecordPager before={before} last={last} onTurn={setBefore} />
    </>
  )
}
