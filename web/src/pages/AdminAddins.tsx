import { Button, makeStyles } from '@fluentui/react-components'
import { AddRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Addin } from '../../../src/protocol/addin.ts'
import { mayChange } from '../app/admin-sections.ts'
import { useChat } from '../app/chat.ts'
import { faultOf } from '../app/fault.ts'
import { useVerb } from '../app/query.ts'
import { routeHash } from '../app/route.ts'
import { AddinDelete } from '../parts/AddinDelete.tsx'
import { AddinForm } from '../parts/AddinForm.tsx'
import { type Column, DataTable } from '../parts/DataTable.tsx'
import { EmptyState } from '../parts/EmptyState.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { ModalFrame } from '../parts/ModalFrame.tsx'

const useStyles = makeStyles({ buttons: { display: 'flex', flexWrap: 'wrap', gap: '4px' } })

const columns: Column<Addin>[] = [
  { name: 'Name', text: one => one.name, sortBy: one => one.name },
  { name: 'Address', text: one => one.url },
]

/** Web pages of others that a room may show beside its conversation. */
export function AdminAddins() {
  const styles = useStyles()
  const { me } = useChat()
  const { data, error } = useVerb('addin.list', {})
  const [editing, setEditing] = useState<Addin | 'new'>()
  const [deleting, setDeleting] = useState<Addin>()
  const changes = mayChange(me, 'addins')
  const addins = data?.addins ?? []
  return (
    <>
      {changes ? (
        <div>
          <Button appearance="primary" icon={<AddRegular />} onClick={() => setEditing('new')}>
            Register an add-in
          </Button>
        </div>
      ) : null}
      <FaultNote fault={error === null ? undefined : faultOf(error)} />
      {data !== undefined && addins.length === 0 ? (
        <EmptyState title="There is no add-in yet. Register a web page, and managers of rooms can show it beside the conversation." />
      ) : (
        <DataTable
          label="Add-ins"
          columns={columns}
          rows={addins}
          keyOf={one => one.id}
          minWidth="560px"
          actionWidth="220px"
          action={one => (
            <span className={styles.buttons}>
              <Button
                size="small"
                as="a"
                aria-label={`Rooms with ${one.name}`}
                href={routeHash({ page: 'admin', section: 'rooms', query: `addin=${one.id}` })}
              >
                Rooms
              </Button>
              {changes ? (
                <>
                  <Button size="small" aria-label={`Change ${one.name}`} onClick={() => setEditing(one)}>
                    Change
                  </Button>
                  <Button size="small" aria-label={`Delete ${one.name}`} onClick={() => setDeleting(one)}>
                    Delete
                  </Button>
                </>
              ) : null}
            </span>
          )}
        />
      )}
      {editing === undefined ? null : (
        <ModalFrame
          title={editing === 'new' ? 'Register an add-in' : `Change ${editing.name}`}
          onClose={() => setEditing(undefined)}
        >
          <AddinForm addin={editing === 'new' ? undefined : editing} onDone={() => setEditing(undefined)} />
        </ModalFrame>
      )}
      {deleting === undefined ? null : <AddinDelete addin={deleting} onClose={() => setDeleting(undefined)} />}
    </>
  )
}
