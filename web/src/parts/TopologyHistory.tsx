import { Button, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { PublicationCard } from '../../../src/protocol/topology-verbs.ts'
import { useChat } from '../app/chat.ts'
import { faultOf } from '../app/fault.ts'
import { exactTime, shortTime } from '../app/time.ts'
import type { Base } from '../app/topology-edit.ts'
import { type Column, DataTable } from './DataTable.tsx'
import { EmptyState } from './EmptyState.tsx'
import { FaultNote } from './FaultNote.tsx'
import { TopologyVersion } from './TopologyVersion.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, overflowX: 'auto' },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalXS },
})

const columns: Column<PublicationCard>[] = [
  { name: 'Version', text: one => String(one.version), sortBy: one => one.version, isNumber: true, width: '80px' },
  {
    name: 'Published',
    text: one => one.at,
    sortBy: one => one.at,
    cell: one => <time title={exactTime(one.at)}>{shortTime(one.at)}</time>,
    width: '150px',
  },
  { name: 'By', text: one => one.author, sortBy: one => one.author },
  { name: 'Role of the database', text: one => one.role, width: '150px' },
  {
    name: 'What',
    text: one =>
      [...(one.restores === null ? [] : [`version ${one.restores} again`]), ...(one.note ? [one.note] : [])].join(': '),
  },
]
const page = 20

type TopologyHistoryProps = {
  published: Base
  mayChange: boolean
  /** Shows how a version differs from what is published, or publishes it again. */
  onRollBack: (version: number, text: string) => void
}

/** Who published what and when, newest first. */
export function TopologyHistory({ published, mayChange, onRollBack }: TopologyHistoryProps) {
  const styles = useStyles()
  const { ask } = useChat()
  const [shown, setShown] = useState<PublicationCard>()
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['topology.history', { limit: page }],
    queryFn: ({ pageParam }) =>
      ask('topology.history', { limit: page, ...(pageParam === 0 ? {} : { before: pageParam }) }),
    initialPageParam: 0,
    getNextPageParam: last => {
      const oldest = last.publications.at(-1)?.version ?? 1
      return oldest > 1 && last.publications.length === page ? oldest : undefined
    },
  })
  if (error !== null) return <FaultNote fault={faultOf(error)} />
  if (data === undefined) return <Spinner delay={300} label="Loading" />
  const rows = data.pages.flatMap(({ publications }) => publications)
  const adoptions = data.pages[0]?.adoptions ?? []
  if (rows.length === 0) return <EmptyState title="Nothing was published here yet." />
  return (
    <div className={styles.root}>
      <DataTable
        label="Publications"
        columns={columns}
        rows={rows}
        keyOf={one => String(one.version)}
        action={one => (
          <Button size="small" aria-label={`Look at version ${one.version}`} onClick={() => setShown(one)}>
            Look
          </Button>
        )}
        actionWidth="88px"
        minWidth="760px"
      />
      {hasNextPage ? (
        <div>
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Older ones
          </Button>
        </div>
      ) : null}
      {adoptions.map(one => (
        <Text key={one.mark}>
          {one.author} said on <time title={exactTime(one.at)}>{shortTime(one.at)}</time> that this store counts, at
          version {one.version}
          {one.note === '' ? '' : `: ${one.note}`}.
        </Text>
      ))}
      {shown === undefined ? null : (
        <TopologyVersion
          card={shown}
          published={published}
          mayChange={mayChange}
          onClose={() => setShown(undefined)}
          onRollBack={text => {
            setShown(undefined)
            onRollBack(shown.version, text)
          }}
        />
      )}
    </div>
  )
}
