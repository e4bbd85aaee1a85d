import { Button, Field, makeStyles, Select, Subtitle2, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Policy } from '../../../src/protocol/policy.ts'
import type { Principal } from '../../../src/protocol/principal.ts'
import type { Input, Result } from '../../../src/protocol/request.ts'
import { useChat } from '../app/chat.ts'
import { faultOf } from '../app/fault.ts'
import { policyKind } from '../app/policy-words.ts'
import { kindWords } from '../app/principal-words.ts'
import { forget, useVerb } from '../app/query.ts'
import { useTask } from '../app/task.ts'
import { type Column, DataTable } from './DataTable.tsx'
import { FaultNote } from './FaultNote.tsx'
import { PrincipalPicker } from './PrincipalPicker.tsx'

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'flex-end' },
  picker: { maxWidth: '480px' },
})

type Grant = Result<'policy.list'>['policies'][number]

function grantName({ principal, scope }: Grant): string {
  return principal?.displayName ?? scope
}

const columns: Column<Grant>[] = [
  { name: 'For', text: grantName, sortBy: grantName },
  {
    name: 'Account',
    text: ({ principal }) =>
      principal === undefined
        ? ''
        : principal.kind === 'user'
          ? principal.name
          : `${kindWords[principal.kind]}, ${principal.name}`,
  },
  { name: 'Persistent Chat is', text: one => (one.enabled ? 'On' : 'Off'), width: '136px' },
  { name: 'By the policy', text: one => one.policy ?? 'of its own' },
]

type PolicyGrantsProps = { policies: readonly Policy[]; mayChange: boolean }

/** What people, groups, units and domains were given. */
export function PolicyGrants({ policies, mayChange }: PolicyGrantsProps) {
  const styles = useStyles()
  const { client } = useChat()
  const { data, error } = useVerb('policy.list', {})
  const [picked, setPicked] = useState<Principal>()
  const [choice, setChoice] = useState('on')
  const { fault, isBusy, run } = useTask()
  const grants = (data?.policies ?? []).filter(one => one.principal !== undefined)
  const named = policies.filter(one => policyKind(one) === 'named')

  async function grant(input: Input<'policy.grant'>): Promise<void> {
    const isDone = await run(() => client.request('policy.grant', input))
    if (isDone) setPicked(undefined)
    forget('policy.list', 'policy.get', 'principal.get')
  }

  function give(principal: Principal): void {
    const policy = named.find(one => one.name === choice)?.name
    void grant({ scope: principal.id, ...(policy === undefined ? { enabled: choice !== 'off' } : { policy }) })
  }

  return (
    <>
      <Subtitle2 as="h3">Given to people and groups</Subtitle2>
      {mayChange ? (
        <div className={styles.picker}>
          <PrincipalPicker
            label="For a person or group"
            onPick={one => {
              setPicked(one)
              setChoice('on')
            }}
          />
        </div>
      ) : null}
      {picked === undefined ? null : (
        <div className={styles.bar}>
          <Field label={`Policy for ${picked.displayName}`}>
            <Select value={choice} onChange={(_, { value }) => setChoice(value)}>
              <option value="on">Of its own: on</option>
              <option value="off">Of its own: off</option>
              {named.map(one => (
                <option key={one.name} value={one.name}>
                  {one.name}: {one.enabled ? 'on' : 'off'}
                </option>
              ))}
            </Select>
          </Field>
          <Button appearance="primary" disabled={isBusy} onClick={() => give(picked)}>
            Give it
          </Button>
          <Button onClick={() => setPicked(undefined)}>Cancel</Button>
        </div>
      )}
      <FaultNote fault={error === null ? fault : faultOf(error)} />
      {grants.length === 0 && data !== undefined ? (
        <Text>Nobody was given a policy: everyone goes by the global one, or that of the site.</Text>
      ) : (
        <DataTable
          label="Grants"
          columns={columns}
          rows={grants}
          keyOf={one => one.scope}
          minWidth="640px"
          {...(mayChange
            ? {
                action: (one: Grant) => (
                  <Button
                    size="small"
                    disabled={isBusy}
                    aria-label={`Take back the grant for ${grantName(one)}`}
                    onClick={() =>
                      void grant({
                        scope: one.scope,
                        ...(one.policy === undefined ? { enabled: null } : { policy: null }),
                      })
                    }
                  >
                    Take back
                  </Button>
                ),
              }
            : {})}
        />
      )}
    </>
  )
}
