import {
  Button,
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from '@fluentui/react-components'
import { AddRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Principal, PrincipalKind } from '../../../src/protocol/principal.ts'
import { faultOf } from '../app/fault.ts'
import { kindWords } from '../app/principal-words.ts'
import { useVerb } from '../app/query.ts'
import { EmptyState } from '../parts/EmptyState.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { GroupMembers } from '../parts/GroupMembers.tsx'
import { ModalFrame } from '../parts/ModalFrame.tsx'
import { PrincipalForm } from '../parts/PrincipalForm.tsx'

const useStyles = makeStyles({
  cell: { overflowWrap: 'anywhere' },
  last: { width: '112px' },
  note: { color: tokens.colorNeutralForeground2, margin: 0, maxWidth: '90ch' },
})

const kinds: PrincipalKind[] = ['group', 'organizationalUnit', 'domain']

/** Groups, organisational units and domains: what scopes and rooms are made of. */
export function AdminGroups() {
  const styles = useStyles()
  const [isAdding, setAdding] = useState(false)
  const [opened, setOpened] = useState<Principal>()
  const groups = useVerb('principal.find', { text: '', kind: 'group', limit: 200 })
  const units = useVerb('principal.find', { text: '', kind: 'organizationalUnit', limit: 200 })
  const domains = useVerb('principal.find', { text: '', kind: 'domain', limit: 200 })
  const all = [groups, units, domains].flatMap(one => one.data?.principals ?? [])
  const error = groups.error ?? units.error ?? domains.error
  return (
    <>
      <p className={styles.note}>
        A user is in the domain after the @ of the account name. Groups may hold users and groups; an organisational
        unit holds who was put into it.
      </p>
      <div>
        <Button appearance="primary" icon={<AddRegular />} onClick={() => setAdding(true)}>
          Add a group, unit or domain
        </Button>
      </div>
      <FaultNote fault={error === null ? undefined : faultOf(error)} />
      {all.length === 0 && groups.isSuccess ? (
        <EmptyState title="There is no group yet. Add one to let many into a category at once." />
      ) : (
        <Table aria-label="Groups" size="small">
          <TableHeader>
            <TableRow>
              <TableHeaderCell>Name</TableHeaderCell>
              <TableHeaderCell>Account</TableHeaderCell>
              <TableHeaderCell>Kind</TableHeaderCell>
              <TableHeaderCell className={styles.last}>Action</TableHeaderCell>
            </TableRow>
          </TableHeader>
          <TableBody>
            {all.map(one => (
              <TableRow key={one.id}>
                <TableCell className={styles.cell}>{one.displayName}</TableCell>
                <TableCell className={styles.cell}>{one.name}</TableCell>
                <TableCell>{kindWords[one.kind]}</TableCell>
                <TableCell className={styles.last}>
                  {one.kind === 'domain' ? null : (
                    <Button size="small" aria-label={`Members of ${one.displayName}`} onClick={() => setOpened(one)}>
                      Members
                    </Button>
                  )}
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      )}
      {isAdding ? (
        <ModalFrame title="Add a group, unit or domain" onClose={() => setAdding(false)}>
          <PrincipalForm kinds={kinds} onDone={() => setAdding(false)} />
        </ModalFrame>
      ) : null}
      {opened === undefined ? null : (
        <ModalFrame title={`Members of ${opened.displayName}`} onClose={() => setOpened(undefined)}>
          <GroupMembers group={opened} />
        </ModalFrame>
      )}
    </>
  )
}
