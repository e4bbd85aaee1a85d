import {
  Button,
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Text,
  tokens,
} from '@fluentui/react-components'
import { useState } from 'react'
import type { Principal } from '../../../src/protocol/principal.ts'
import { useChat } from '../app/chat.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import { forget, useVerb } from '../app/query.ts'
import { ConfirmDialog } from '../parts/ConfirmDialog.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { PrincipalPicker } from '../parts/PrincipalPicker.tsx'

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, alignItems: 'center' },
  picker: { maxWidth: '480px' },
})

/** Who may use Persistent Chat at all. */
export function AdminPolicy() {
  const styles = useStyles()
  const { client } = useChat()
  const { data, error } = useVerb('policy.list', {})
  const [picked, setPicked] = useState<Principal>()
  const [isAsking, setAsking] = useState(false)
  const [fault, setFault] = useState<Fault>()
  const policies = data?.policies ?? []

  async function grant(scope: string, enabled: boolean | null): Promise<void> {
    setFault(undefined)
    try {
      await client.request('policy.grant', { scope, enabled })
      setPicked(undefined)
      forget('policy.list', 'principal.get')
    } catch (failure) {
      setFault(faultOf(failure))
    }
  }

  return (
    <>
      <Text>
        Nobody uses Persistent Chat until it is switched on for all, or for a group or person. The nearest grant counts:
        person, then group, then all.
      </Text>
      <div className={styles.bar}>
        <Button onClick={() => void grant('global', true)}>Switch on for all</Button>
        <Button onClick={() => setAsking(true)}>Switch off for all</Button>
      </div>
      <ConfirmDialog
        title="Switch Persistent Chat off for all?"
        action="Switch it off"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={() =>
          client.request('policy.grant', { scope: 'global', enabled: false }).then(() => forget('policy.list'))
        }
      >
        Everyone without a grant of their own is out of all rooms at once, you too. Nothing is deleted: switch it on
        again and everything is as before.
      </ConfirmDialog>
      <div className={styles.picker}>
        <PrincipalPicker label="For a person or group" onPick={setPicked} />
      </div>
      {picked === undefined ? null : (
        <div className={styles.bar}>
          <Text weight="semibold">{picked.displayName}</Text>
          <Button appearance="primary" onClick={() => void grant(picked.id, true)}>
            Switch on
          </Button>
          <Button onClick={() => void grant(picked.id, false)}>Switch off</Button>
        </div>
      )}
      <FaultNote fault={error === null ? fault : faultOf(error)} />
      <Table aria-label="Grants" size="small">
        <TableHeader>
          <TableRow>
            <TableHeaderCell>For</TableHeaderCell>
            <TableHeaderCell>Persistent Chat is</TableHeaderCell>
            <TableHeaderCell>Action</TableHeaderCell>
          </TableRow>
        </TableHeader>
        <TableBody>
          {policies.map(policy => {
            const name = policy.principal?.displayName ?? (policy.scope === 'global' ? 'All' : policy.scope)
            return (
              <TableRow key={policy.scope}>
                <TableCell>{name}</TableCell>
                <TableCell>{policy.enabled ? 'On' : 'Off'}</TableCell>
                <TableCell>
                  <Button
                    size="small"
                    aria-label={`Take back the grant for ${name}`}
                    onClick={() => void grant(policy.scope, null)}
                  >
                    Take back
                  </Button>
                </TableCell>
              </TableRow>
            )
          })}
        </TableBody>
      </Table>
    </>
  )
}
