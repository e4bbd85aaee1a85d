import { Button, Field, Input, MessageBar, MessageBarBody, Select, Switch, Textarea } from '@fluentui/react-components'
import { useState } from 'react'
import type { Policy } from '../../../src/protocol/policy.ts'
import { useChat } from '../app/chat.ts'
import { policyKind } from '../app/policy-words.ts'
import { forget } from '../app/query.ts'
import { FormColumn } from './FormColumn.tsx'

/** Makes a policy or changes one. */
export function PolicyForm({ policy, onDone }: { policy: Policy | undefined; onDone: () => void }) {
  const { client } = useChat()
  const kind = policy === undefined ? undefined : policyKind(policy)
  const [isSite, setSite] = useState(false)
  const [name, setName] = useState(policy?.name ?? '')
  const [description, setDescription] = useState(policy?.description ?? '')
  const [enabled, setEnabled] = useState(policy?.enabled ?? true)

  async function save(): Promise<void> {
    const facts = { description: description.trim(), enabled }
    if (policy === undefined)
      await client.request('policy.create', { name: `${isSite ? 'site:' : ''}${name.trim()}`, ...facts })
    else
      await client.request('policy.update', {
        policy: policy.name,
        ...(kind === 'named' && name.trim() !== policy.name ? { name: name.trim() } : {}),
        ...facts,
      })
    forget('policy.get', 'policy.list', 'principal.get')
    onDone()
  }

  return (
    <FormColumn onSubmit={save}>
      {isBusy => (
        <>
          {policy === undefined ? (
            <Field label="Kind">
              <Select value={isSite ? 'site' : 'named'} onChange={(_, { value }) => setSite(value === 'site')}>
                <option value="named">With a name: given to people and groups</option>
                <option value="site">Of a site: counts at its servers (--site)</option>
              </Select>
            </Field>
          ) : null}
          {policy === undefined || kind === 'named' ? (
            <Field label={isSite ? 'Name of the site' : 'Name'} required>
              <Input value={name} maxLength={255} onChange={(_, { value }) => setName(value)} />
            </Field>
          ) : null}
          <Field label="Description">
            <Textarea value={description} onChange={(_, { value }) => setDescription(value)} />
          </Field>
          <Switch
            label={enabled ? 'On: may use Persistent Chat' : 'Off: may not use Persistent Chat'}
            checked={enabled}
            onChange={(_, { checked }) => setEnabled(checked)}
          />
          {policy?.enabled && !enabled ? (
            <MessageBar intent="warning" layout="multiline">
              <MessageBarBody>
                {kind === 'named'
                  ? 'Whoever has it is out of all rooms at once.'
                  : 'Everyone without a grant of their own is out of all rooms at once, you too if you have none.'}{' '}
                Nothing is deleted: switch it on again and everything is as before.
              </MessageBarBody>
            </MessageBar>
          ) : null}
          <div>
            <Button type="submit" appearance="primary" disabled={isBusy || name.trim() === ''}>
              Save
            </Button>
          </div>
        </>
      )}
    </FormColumn>
  )
}
