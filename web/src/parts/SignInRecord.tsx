import {
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
} from '@fluentui/react-components'
import { useState } from 'react'
import type { SignInEntry } from '../../../src/protocol/factor.ts'
import { faultOf } from '../app/fault.ts'
import { useVerb } from '../app/query.ts'
import { methodWords, outcomeWords } from '../app/sign-in-words.ts'
import { exactTime, shortTime } from '../app/time.ts'
import { EmptyState } from './EmptyState.tsx'
import { FaultNote } from './FaultNote.tsx'
import { RecordPager } from './RecordPager.tsx'

const useStyles = makeStyles({
  scroll: { overflowX: 'auto' },
  table: { minWidth: '560px' },
  cell: { overflowWrap: 'anywhere', verticalAlign: 'top' },
})

function whoOf({ user, unknown }: SignInEntry): string {
  if (user !== null) return user.displayName
  return unknown === undefined ? 'Unknown' : `Unknown name (${unknown})`
}

type SignInRecordProps = {
  /** One's own; for administrators all, or those of the user with this id. */
  of: 'me' | 'all' | { user: string }
  pageSize: number
}

/** Sign-ins and refused tries, newest first. */
export function SignInRecord({ of, pageSize }: SignInRecordProps) {
  const isAll = of === 'all'
  const styles = useStyles()
  const [before, setBefore] = useState<number>()
  const { data, error } = useVerb(
    'session.record',
    {
      limit: pageSize,
      ...(isAll ? { all: true } : of === 'me' ? {} : of),
      ...(before === undefined ? {} : { before }),
    },
    { keepOld: true },
  )
  const entries = data?.entries ?? []
  const last = entries.length < pageSize ? undefined : entries.at(-1)?.id
  if (error !== null) return <FaultNote fault={faultOf(error)} />
  if (data !== undefined && entries.length === 0 && before === undefined)
    return <EmptyState title="Nothing has been recorded here yet." />
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section className={styles.scroll} tabIndex={0} aria-label="Table of sign-ins">
        <Table aria-label="Sign-ins and refused tries" size="small" className={styles.table}>
          <TableHeader>
            <TableRow>
              <TableHeaderCell>When</TableHeaderCell>
              {isAll ? <TableHeaderCell>Who</TableHeaderCell> : null}
              <TableHeaderCell>How</TableHeaderCell>
              <TableHeaderCell>Outcome</TableHeaderCell>
              <TableHeaderCell>From</TableHeaderCell>
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
                {isAll ? (
                  <TableCell className={styles.cell} title={entry.user?.name}>
                    {whoOf(entry)}
                  </TableCell>
                ) : null}
                <TableCell className={styles.cell}>{methodWords[entry.method] ?? entry.method}</TableCell>
                <TableCell className={styles.cell}>{outcomeWords[entry.outcome] ?? entry.outcome}</TableCell>
                <TableCell className={styles.cell}>{entry.address}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </section>
      <RecordPager before={before} last={last} onTurn={setBefore} />
    </>
  )
}
