import {
  Button,
  Input,
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from '@fluentui/react-components'
import { AddRegular, ArrowUploadRegular, SearchRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useSettled } from '../app/debounce.ts'
import { faultOf } from '../app/fault.ts'
import { useVerb } from '../app/query.ts'
import { EmptyState } from '../parts/EmptyState.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { ModalFrame } from '../parts/ModalFrame.tsx'
import { PeopleImport } from '../parts/PeopleImport.tsx'
import { PrincipalForm } from '../parts/PrincipalForm.tsx'
import { UserForm } from '../parts/UserForm.tsx'

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM },
  text: { flexGrow: 1, maxWidth: '400px', minWidth: '160px' },
  cell: { overflowWrap: 'anywhere' },
  last: { width: '96px' },
})

/** Who may sign in. */
export function AdminUsers() {
  const styles = useStyles()
  const [text, setText] = useState('')
  const [isAdding, setAdding] = useState(false)
  const [isImporting, setImporting] = useState(false)
  const [changing, setChanging] = useState<string>()
  const asked = useSettled(text.trim())
  const { data, error } = useVerb('principal.find', { text: asked, kind: 'user', limit: 200 }, { keepOld: true })
  const users = data?.principals ?? []
  return (
    <>
      <div className={styles.bar}>
        <Input
          className={styles.text}
          type="search"
          aria-label="Name of the user"
          placeholder="Name of the user"
          contentBefore={<SearchRegular aria-hidden />}
          value={text}
          onChange={(_, { value }) => setText(value)}
        />
        <Button appearance="primary" icon={<AddRegular />} onClick={() => setAdding(true)}>
          Add a user
        </Button>
        <Button icon={<ArrowUploadRegular />} onClick={() => setImporting(true)}>
          Import from CSV
        </Button>
      </div>
      <FaultNote fault={error === null ? undefined : faultOf(error)} />
      {data !== undefined && users.length === 0 ? (
        <EmptyState title={asked === '' ? 'There is no user yet. Add one.' : 'No user has this name.'} />
      ) : (
        <Table aria-label="Users" size="small">
          <TableHeader>
            <TableRow>
              <TableHeaderCell>Name</TableHeaderCell>
              <TableHeaderCell>Account</TableHeaderCell>
              <TableHeaderCell className={styles.last}>Action</TableHeaderCell>
            </TableRow>
          </TableHeader>
          <TableBody>
            {users.map(user => (
              <TableRow key={user.id}>
                <TableCell className={styles.cell}>{user.displayName}</TableCell>
                <TableCell className={styles.cell}>{user.name}</TableCell>
                <TableCell className={styles.last}>
                  <Button size="small" aria-label={`Change ${user.displayName}`} onClick={() => setChanging(user.id)}>
                    Change
                  </Button>
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      )}
      {isAdding ? (
        <ModalFrame title="Add a user" onClose={() => setAdding(false)}>
          <PrincipalForm kinds={['user']} onDone={() => setAdding(false)} />
        </ModalFrame>
      ) : null}
      {isImporting ? (
        <ModalFrame title="Import people from CSV" onClose={() => setImporting(false)}>
          <PeopleImport onClose={() => setImporting(false)} />
        </ModalFrame>
      ) : null}
      {changing === undefined ? null : (
        <ModalFrame title="Change a user" onClose={() => setChanging(undefined)}>
          <UserForm user={changing} onDone={() => setChanging(undefined)} />
        </ModalFrame>
      )}
    </>
  )
}
