import { Button, Field, makeStyles, Select, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Principal } from '../../../src/protocol/principal.ts'
import type { Result } from '../../../src/protocol/request.ts'
import type { AdministrationRole } from '../../../src/protocol/role.ts'
import { useChat } from '../app/chat.ts'
import { faultOf } from '../app/fault.ts'
import { kindWords } from '../app/principal-words.ts'
import { forget, useVerb } from '../app/query.ts'
import { allRoles, roleWords } from '../app/role-words.ts'
import { useTask } from '../app/task.ts'
import { exactTime, shortTime } from '../app/time.ts'
import { ConfirmDialog } from '../parts/ConfirmDialog.tsx'
import { type Column, DataTable } from '../parts/DataTable.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { PrincipalPicker } from '../parts/PrincipalPicker.tsx'

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'flex-end' },
  picker: { maxWidth: '480px' },
})

type Given = { principal: Principal; role: AdministrationRole }
type Holder = Result<'role.list'>['holders'][number]

const columns: Column<Holder>[] = [
  {
    name: 'Who',
    text: ({ principal }) =>
      `${principal.displayName} (${principal.kind === 'user' ? principal.name : kindWords[principal.kind]})`,
    sortBy: ({ principal }) => principal.displayName,
  },
  { name: 'Role', text: ({ role }) => roleWords[role].name, sortBy: ({ role }) => roleWords[role].name },
  {
    name: 'Given',
    text: ({ at, by }) =>
      `${at === null ? 'See the audit record' : shortTime(at)}${by === null ? '' : ` by ${by.displayName}`}`,
    cell: ({ at, by }) => (
      <>
        {at === null ? 'See the audit record' : <time title={exactTime(at)}>{shortTime(at)}</time>}
        {by === null ? '' : ` by ${by.displayName}`}
      </>
    ),
    sortBy: ({ at }) => at ?? '',
  },
]

/** Who holds which role of administration. */
export function AdminRoles() {
  const styles = useStyles()
  const { client } = useChat()
  const { data, error } = useVerb('role.list', {})
  const [picked, setPicked] = useState<Principal>()
  const [role, setRole] = useState<AdministrationRole>('chatAdministrator')
  const [taking, setTaking] = useState<Given>()
  const { fault, isBusy, run } = useTask()
  const canGive = allRoles.filter(one => one !== 'administrator' || picked?.kind === 'user')

  async function grant({ principal, role }: Given, granted: boolean): Promise<void> {
    await client.request('role.grant', { principal: principal.id, role, granted })
    forget('role.list', 'principal.get')
  }

  async function give(principal: Principal): Promise<void> {
    if (await run(() => grant({ principal, role }, true))) setPicked(undefined)
  }

  return (
    <>
      <Text>
        A role counts from the next request of its holder on. A group's role is that of everyone who is in it; the full
        administrator's is given to people one by one.
      </Text>
      <div className={styles.picker}>
        <PrincipalPicker
          label="Give a role to a person or group"
          onPick={principal => {
            setPicked(principal)
            setRole('chatAdministrator')
          }}
        />
      </div>
      {picked === undefined ? null : (
        <div className={styles.bar}>
          <Field label={`Role for ${picked.displayName}`}>
            <Select value={role} onChange={(_, { value }) => setRole(allRoles.find(one => one === value) ?? role)}>
              {canGive.map(one => (
                <option key={one} value={one}>
                  {roleWords[one].name}
                </option>
              ))}
            </Select>
          </Field>
          <Button appearance="primary" disabled={isBusy} onClick={() => void give(picked)}>
            Give the role
          </Button>
          <Text>It means: {roleWords[role].meaning}.</Text>
        </div>
      )}
      <FaultNote fault={error === null ? fault : faultOf(error)} />
      <DataTable
        label="Who holds which role"
        columns={columns}
        rows={data?.holders ?? []}
        keyOf={({ principal, role }) => `${principal.id} ${role}`}
        minWidth="560px"
        action={({ principal, role }) => (
          <Button
            size="small"
            aria-label={`Take the role ${roleWords[role].name} from ${principal.displayName}`}
            onClick={() => setTaking({ principal, role })}
          >
            Take
          </Button>
        )}
      />
      <ConfirmDialog
        title={taking === undefined ? '' : `Take the role from ${taking.principal.displayName}?`}
        action="Take it"
        isOpen={taking !== undefined}
        onClose={() => setTaking(undefined)}
        onConfirm={async () => {
          if (taking !== undefined) await grant(taking, false)
        }}
      >
        {taking === undefined
          ? null
          : `${roleWords[taking.role].name}: ${roleWords[taking.role].meaning}. It ends with the next request.`}
      </ConfirmDialog>
    </>
  )
}
