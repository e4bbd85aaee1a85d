import { Button, makeStyles, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Principal } from '../../../src/protocol/principal.ts'
import type { Result } from '../../../src/protocol/request.ts'
import { useChat } from '../app/chat.ts'
import { counted } from '../app/count-words.ts'
import { faultOf } from '../app/fault.ts'
import { forget, useVerb } from '../app/query.ts'
import { useTask } from '../app/task.ts'
import { exactTime, shortTime } from '../app/time.ts'
import { ConfirmDialog } from '../parts/ConfirmDialog.tsx'
import { type Column, DataTable } from '../parts/DataTable.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { PickedPrincipal } from '../parts/PickedPrincipal.tsx'

const useStyles = makeStyles({
  picker: { maxWidth: '480px' },
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'center' },
  grow: { flexGrow: 1 },
})

/** Where somebody is signed in, and how that is ended. */
export function AdminSessions() {
  const styles = useStyles()
  const [user, setUser] = useState<Principal>()
  return (
    <>
      <div className={styles.picker}>
        <PickedPrincipal label="User or bot" kind="user" picked={user} onPick={setUser} />
      </div>
      {user === undefined ? (
        <Text>Choose somebody to see where they are signed in, and to end a sign-in.</Text>
      ) : (
        <Sessions key={user.id} user={user} />
      )}
    </>
  )
}

type Entry = Result<'session.list'>['sessions'][number]

function When({ at }: { at: string }) {
  return <time title={exactTime(at)}>{shortTime(at)}</time>
}

const columns: Column<Entry>[] = [
  {
    name: 'Signed in',
    text: one => one.createdAt,
    cell: one => <When at={one.createdAt} />,
    sortBy: one => one.createdAt,
  },
  {
    name: 'Last used',
    text: one => one.lastUsedAt,
    cell: one => <When at={one.lastUsedAt} />,
    sortBy: one => one.lastUsedAt,
  },
  {
    name: 'Ends',
    text: one => one.expiresAt ?? 'Never',
    cell: one => (one.expiresAt === null ? 'Never' : <When at={one.expiresAt} />),
  },
  { name: 'Address', text: one => one.address, sortBy: one => one.address },
  { name: 'Kind', text: one => (one.current ? 'This window' : one.kind === 'bot' ? 'Token of a bot' : 'Person') },
]

function Sessions({ user }: { user: Principal }) {
  const styles = useStyles()
  const { client } = useChat()
  const { data, error } = useVerb('session.list', { user: user.id })
  const [isAsking, setAsking] = useState(false)
  const { fault, isBusy, run } = useTask()
  const sessions = data?.sessions ?? []
  async function end(session: Entry): Promise<void> {
    await run(() => client.request('session.end', { session: session.id }))
    forget('session.list')
  }
  return (
    <>
      <div className={styles.bar}>
        <Text role="status" className={styles.grow}>
          {data === undefined ? '' : `${user.displayName} has ${counted(sessions.length, 'sign-in')}.`}
        </Text>
        <Button disabled={sessions.length === 0} onClick={() => setAsking(true)}>
          End all
        </Button>
      </div>
      <FaultNote fault={error === null ? fault : faultOf(error)} />
      {sessions.length === 0 ? null : (
        <DataTable
          label={`Sign-ins of ${user.displayName}`}
          columns={columns}
          rows={sessions}
          keyOf={one => one.id}
          minWidth="720px"
          action={one => (
            <Button
              size="small"
              disabled={isBusy || one.current}
              aria-label={`End the sign-in of ${shortTime(one.createdAt)}`}
              onClick={() => void end(one)}
            >
              End
            </Button>
          )}
        />
      )}
      <ConfirmDialog
        title={`End all sign-ins of ${user.displayName}?`}
        action="End them"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={async () => {
          await client.request('session.end', { user: user.id })
          forget('session.list')
        }}
      >
        {user.displayName} is signed out everywhere at once and may sign in again. To keep somebody out, disable the
        user.
        {sessions.some(one => one.kind === 'bot') ? ' The token of this bot ends: it needs a new one.' : ''}
      </ConfirmDialog>
    </>
  )
}
