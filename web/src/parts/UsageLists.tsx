import { makeStyles, Subtitle2, Text, tokens } from '@fluentui/react-components'
import { counted } from '../app/count-words.ts'
import { shortTime } from '../app/time.ts'
import type { IdleRoom, IdleUser, UsageReport, UsedRoom, UsedUser } from '../app/usage.ts'
import { type Column, DataTable } from './DataTable.tsx'
import { ShareBar } from './ShareBar.tsx'

const useStyles = makeStyles({
  pair: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 400px), 1fr))',
    gap: `${tokens.spacingVerticalXXL} ${tokens.spacingHorizontalXXL}`,
    alignItems: 'start',
  },
  list: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS, breakInside: 'avoid', minWidth: 0 },
})

function messages<Row extends { messages: number }>(rows: readonly Row[]): Column<Row> {
  const most = Math.max(1, ...rows.map(row => row.messages))
  return {
    name: 'Messages',
    text: row => row.messages.toLocaleString(),
    cell: row => <ShareBar value={row.messages} most={most} />,
    sortBy: row => row.messages,
    width: '45%',
  }
}

function roomColumns(rows: readonly UsedRoom[]): Column<UsedRoom>[] {
  const name = ({ room, disabled }: UsedRoom) => `${room.name}${disabled ? ' (disabled)' : ''}`
  return [{ name: 'Room', text: name, sortBy: name }, messages(rows)]
}

function userColumns(rows: readonly UsedUser[]): Column<UsedUser>[] {
  const name = ({ principal }: UsedUser) => principal.displayName
  return [{ name: 'User', text: name, sortBy: name }, messages(rows)]
}

const idleRooms: Column<IdleRoom>[] = [
  { name: 'Room', text: ({ room }) => room.name },
  { name: 'Category', text: ({ room }) => room.categoryName },
  { name: 'Last post', text: one => (one.lastPostAt === null ? 'Never' : shortTime(one.lastPostAt)) },
]
const idleUsers: Column<IdleUser>[] = [
  { name: 'User', text: ({ principal }) => principal.displayName },
  { name: 'Last post', text: one => one.lastPostDay ?? 'None known' },
  { name: 'Last sign-in', text: one => (one.lastSignInAt === null ? 'None known' : shortTime(one.lastSignInAt)) },
]

/** Who and what was most and least active, and what was not active at all. */
export function UsageLists({ report: { rooms, users, inactiveSince } }: { report: UsageReport }) {
  const styles = useStyles()
  return (
    <div className={styles.pair}>
      <List title="Most active rooms" rows={rooms.mostActive} columns={roomColumns(rooms.mostActive)} keyOf={roomKey} />
      <List title="Most active users" rows={users.mostActive} columns={userColumns(users.mostActive)} keyOf={userKey} />
      <List
        title="Least active rooms"
        rows={rooms.leastActive}
        columns={roomColumns(rooms.leastActive)}
        keyOf={roomKey}
      />
      <List
        title="Least active users"
        rows={users.leastActive}
        columns={userColumns(users.leastActive)}
        keyOf={userKey}
      />
      <List
        title={`Rooms inactive since ${inactiveSince}`}
        note={`${counted(rooms.inactive.count, 'room')} without a post since.`}
        rows={rooms.inactive.longest}
        columns={idleRooms}
        keyOf={roomKey}
      />
      <List
        title={`Users inactive since ${inactiveSince}`}
        note={`${counted(users.inactive.count, 'user')} who neither posted nor signed in since.`}
        rows={users.inactive.longest}
        columns={idleUsers}
        keyOf={userKey}
      />
    </div>
  )
}

const roomKey = ({ room }: { room: { id: string } }) => room.id
const userKey = ({ principal }: { principal: { id: string } }) => principal.id

type ListProps<Row> = {
  title: string
  note?: string
  rows: readonly Row[]
  columns: readonly Column<Row>[]
  keyOf: (row: Row) => string
}

function List<Row>({ title, note, rows, columns, keyOf }: ListProps<Row>) {
  const styles = useStyles()
  return (
    <section className={styles.list} aria-label={title}>
      <Subtitle2 as="h3">{title}</Subtitle2>
      {note === undefined ? null : <Text>{note}</Text>}
      {rows.length === 0 ? (
        note === undefined ? (
          <Text>None.</Text>
        ) : null
      ) : (
        <DataTable label={title} columns={columns} rows={rows} keyOf={keyOf} />
      )}
    </section>
  )
}
