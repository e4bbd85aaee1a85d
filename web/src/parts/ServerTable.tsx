import { makeStyles, Text, tokens } from '@fluentui/react-components'
import { CheckmarkCircleRegular, DismissCircleRegular } from '@fluentui/react-icons'
import type { PoolServer } from '../../../src/protocol/pool-verbs.ts'
import { counted } from '../app/count-words.ts'
import { exactTime, shortTime } from '../app/time.ts'
import { type Column, DataTable } from './DataTable.tsx'

const useStyles = makeStyles({
  mark: { display: 'inline-flex', alignItems: 'center', gap: '4px' },
  alive: { display: 'inline-flex', color: tokens.colorStatusSuccessForeground1 },
  away: { display: 'inline-flex', color: tokens.colorStatusDangerForeground1 },
  process: { display: 'block', overflowWrap: 'anywhere' },
})

function AliveMark({ server }: { server: PoolServer }) {
  const styles = useStyles()
  return (
    <span className={styles.mark}>
      <span aria-hidden className={server.alive ? styles.alive : styles.away}>
        {server.alive ? <CheckmarkCircleRegular /> : <DismissCircleRegular />}
      </span>
      {server.alive ? 'Alive' : 'Not alive'}
    </span>
  )
}

function Processes({ server }: { server: PoolServer }) {
  const styles = useStyles()
  return server.processes.map(process => (
    <span key={process.id} className={styles.process}>
      {process.url}, version {process.program}, {counted(process.sessions, 'session')}
      {process.draining ? ', leaving: takes no new ones' : ''}
      <Text size={200} block>
        since <time title={exactTime(process.startedAt)}>{shortTime(process.startedAt)}</time>
      </Text>
    </span>
  ))
}

const columns: Column<PoolServer>[] = [
  { name: 'Server', text: one => one.name, sortBy: one => one.name, width: '18%' },
  { name: 'Takes sessions', text: one => (one.active ? 'Active' : 'On stand-by'), width: '128px' },
  {
    name: 'Health',
    text: one => (one.alive ? 'Alive' : 'Not alive'),
    cell: one => <AliveMark server={one} />,
    width: '128px',
  },
  {
    name: 'Sessions',
    text: one => one.sessions.toLocaleString(),
    sortBy: one => one.sessions,
    isNumber: true,
    width: '104px',
  },
  {
    name: 'Processes',
    text: one => String(one.processes.length),
    cell: one => (one.processes.length === 0 ? 'None runs' : <Processes server={one} />),
  },
]

export function ServerTable({ servers }: { servers: readonly PoolServer[] }) {
  return <DataTable label="Servers" columns={columns} rows={servers} keyOf={one => one.name} minWidth="760px" />
}
