import { makeStyles, Text, tokens } from '@fluentui/react-components'
import { Fragment } from 'react'
import type { TopologyAsks, TopologyDifference } from '../../../src/protocol/topology-verbs.ts'
import { askWords, effectWords } from '../app/topology-words.ts'
import { type Column, DataTable } from './DataTable.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS, overflowX: 'auto' },
  list: { margin: 0, paddingInlineStart: tokens.spacingHorizontalXL },
})

const columns: Column<TopologyDifference>[] = [
  { name: 'Where', text: one => one.where, cell: one => <Where path={one.where} />, width: '30%' },
  { name: 'Before', text: one => (one.change === 'added' ? '' : (one.before ?? '')) },
  { name: 'After', text: one => (one.change === 'removed' ? 'removed' : (one.after ?? 'removed')) },
  { name: 'Servers', text: effectWords, width: '32%' },
]

/** It may break where one step ends. */
function Where({ path }: { path: string }) {
  return path.split(/(?<=\.(?=[a-z]+(?:[A-Z[.]|$)))|(?=\[)/).map((step, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place
    <Fragment key={i}>
      {step}
      <wbr />
    </Fragment>
  ))
}

type TopologyDifferencesProps = {
  label: string
  /** Null: it could not be compared. */
  differences: readonly TopologyDifference[] | null
  more: number
  /** What it does to processes, above the table. */
  asks?: TopologyAsks | null | undefined
}

/** What differs, part by part, and what that asks of which server. */
export function TopologyDifferences({ label, differences, more, asks }: TopologyDifferencesProps) {
  const styles = useStyles()
  if (differences === null) return <Text>What differs is not known: one of the two cannot be read here.</Text>
  if (differences.length === 0) return <Text>They say the same.</Text>
  return (
    <div className={styles.root}>
      {asks ? <Asks asks={asks} /> : null}
      <DataTable
        label={label}
        columns={columns}
        rows={differences}
        keyOf={one => `${one.where} ${one.change}`}
        minWidth="520px"
      />
      {more > 0 ? <Text>And {more} more.</Text> : null}
    </div>
  )
}

function Asks({ asks }: { asks: TopologyAsks }) {
  const styles = useStyles()
  const servers = askWords(asks)
  return (
    <>
      {servers.length === 0 ? (
        <Text weight="semibold">It asks nothing of servers.</Text>
      ) : (
        <>
          <ul className={styles.list} aria-label="What is asked of servers">
            {servers.map(one => (
              <li key={one}>
                <Text weight="semibold">{one}</Text>
              </li>
            ))}
          </ul>
          {asks.more > 0 ? <Text weight="semibold">And {asks.more.toLocaleString()} more.</Text> : null}
          <Text>
            Publishing alone does none of it: run pchat bootstrap on each of these machines, one after the other. A
            server that is started with --topology follows where it can, and says in /readyz what it cannot.
          </Text>
        </>
      )}
      {asks.verbs.length === 0 ? null : <Text>To be said by a command, once it runs: {asks.verbs.join(', ')}.</Text>}
    </>
  )
}
