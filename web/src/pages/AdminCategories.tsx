import {
  Button,
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
} from '@fluentui/react-components'
import { AddRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Category } from '../../../src/protocol/category.ts'
import { mayChange } from '../app/admin-sections.ts'
import { useChat } from '../app/chat.ts'
import { faultOf } from '../app/fault.ts'
import { forget, useVerb } from '../app/query.ts'
import { CategoryForm } from '../parts/CategoryForm.tsx'
import { ConfirmDialog } from '../parts/ConfirmDialog.tsx'
import { EmptyState } from '../parts/EmptyState.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { ModalFrame } from '../parts/ModalFrame.tsx'

const useStyles = makeStyles({
  table: { minWidth: '560px' },
  cell: { overflowWrap: 'anywhere' },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: '4px' },
})

function switchWords(category: Category): string {
  const words = [
    ...(category.invitations ? ['invitations'] : []),
    ...(category.fileUpload ? ['files'] : []),
    ...(category.chatHistory ? ['history'] : []),
  ]
  return words.length === 0 ? 'none' : words.join(', ')
}

/** Categories: their scopes are the walls between people. */
export function AdminCategories() {
  const styles = useStyles()
  const { client, me } = useChat()
  const changes = mayChange(me, 'categories')
  const { data, error } = useVerb('category.list', {})
  const [editing, setEditing] = useState<Category | 'new'>()
  const [deleting, setDeleting] = useState<Category>()
  const categories = data?.categories ?? []
  return (
    <>
      {changes ? (
        <div>
          <Button appearance="primary" icon={<AddRegular />} onClick={() => setEditing('new')}>
            Add a category
          </Button>
        </div>
      ) : null}
      <FaultNote fault={error === null ? undefined : faultOf(error)} />
      {data !== undefined && categories.length === 0 ? (
        <EmptyState title="There is no category yet. Rooms live in categories: add one, and say who may be in its rooms." />
      ) : (
        <Table aria-label="Categories" size="small" className={styles.table}>
          <TableHeader>
            <TableRow>
              <TableHeaderCell>Name</TableHeaderCell>
              <TableHeaderCell>Allowed</TableHeaderCell>
              <TableHeaderCell>Denied</TableHeaderCell>
              <TableHeaderCell>Switched on</TableHeaderCell>
              {changes ? <TableHeaderCell>Action</TableHeaderCell> : null}
            </TableRow>
          </TableHeader>
          <TableBody>
            {categories.map(one => (
              <TableRow key={one.id}>
                <TableCell className={styles.cell}>{one.name}</TableCell>
                <TableCell className={styles.cell}>
                  {(one.allowedMembers ?? []).map(who => who.displayName).join(', ')}
                </TableCell>
                <TableCell className={styles.cell}>
                  {(one.deniedMembers ?? []).map(who => who.displayName).join(', ')}
                </TableCell>
                <TableCell>{switchWords(one)}</TableCell>
                {changes ? (
                  <TableCell>
                    <span className={styles.buttons}>
                      <Button size="small" aria-label={`Change ${one.name}`} onClick={() => setEditing(one)}>
                        Change
                      </Button>
                      <Button size="small" aria-label={`Delete ${one.name}`} onClick={() => setDeleting(one)}>
                        Delete
                      </Button>
                    </span>
                  </TableCell>
                ) : null}
              </TableRow>
            ))}
          </TableBody>
        </Table>
      )}
      {editing === undefined ? null : (
        <ModalFrame
          title={editing === 'new' ? 'Add a category' : `Change ${editing.name}`}
          onClose={() => setEditing(undefined)}
        >
          <CategoryForm category={editing === 'new' ? undefined : editing} onDone={() => setEditing(undefined)} />
        </ModalFrame>
      )}
      <ConfirmDialog
        title={`Delete ${deleting?.name ?? ''}?`}
        action="Delete it"
        isOpen={deleting !== undefined}
        onClose={() => setDeleting(undefined)}
        onConfirm={async () => {
          if (deleting !== undefined) await client.request('category.delete', { category: deleting.id })
          forget('category.list')
        }}
      >
        The category and its scope are gone. This cannot be undone. It is refused while there are rooms in it.
      </ConfirmDialog>
    </>
  )
}
