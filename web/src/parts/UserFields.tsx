import { Button, Checkbox, Field, Input, Switch, Text } from '@fluentui/react-components'
import { useState } from 'react'
import type { Result, Input as VerbInput } from '../../../src/protocol/request.ts'
import { useChat } from '../app/chat.ts'
import { forget } from '../app/query.ts'
import { FormColumn } from './FormColumn.tsx'

type UserFieldsProps = { user: Result<'principal.get'>; onDone: () => void }

/** What an administrator changes of a user. */
export function UserFields({ user, onDone }: UserFieldsProps) {
  const { client, me } = useChat()
  const { principal } = user
  const [displayName, setDisplayName] = useState(principal.displayName)
  const [email, setEmail] = useState(user.email ?? '')
  const [password, setPassword] = useState('')
  const [isAdministrator, setAdministrator] = useState(user.administrator === true)
  const [isDisabled, setDisabled] = useState(user.disabled === true)
  const isMe = principal.id === me.id

  async function save(): Promise<void> {
    const changes: VerbInput<'principal.update'> = {
      principal: principal.id,
      ...(displayName.trim() === principal.displayName ? {} : { displayName: displayName.trim() }),
      ...(email.trim() === (user.email ?? '') ? {} : { email: email.trim() }),
      ...(password === '' ? {} : { password }),
      ...(isAdministrator === (user.administrator === true) ? {} : { administrator: isAdministrator }),
      ...(isDisabled === (user.disabled === true) ? {} : { disabled: isDisabled }),
    }
    await client.request('principal.update', changes)
    forget('principal.find', 'principal.get')
    onDone()
  }

  return (
    <FormColumn onSubmit={save}>
      {isBusy => (
        <>
          <Text>{principal.name}</Text>
          {user.enabled === false ? (
            <Text>The access policy does not let this user use Persistent Chat (see Policy).</Text>
          ) : null}
          <Field label="Name that others see" required>
            <Input value={displayName} onChange={(_, { value }) => setDisplayName(value)} />
          </Field>
          <Field label="E-mail">
            <Input type="email" value={email} onChange={(_, { value }) => setEmail(value)} />
          </Field>
          <Field
            label="New password"
            hint="Leave it empty to keep the present one. A new one ends all sign-ins of this user."
          >
            <Input
              type="password"
              autoComplete="new-password"
              value={password}
              onChange={(_, { value }) => setPassword(value)}
            />
          </Field>
          <Checkbox
            label="Administrator"
            checked={isAdministrator}
            disabled={isMe}
            onChange={(_, { checked }) => setAdministrator(checked === true)}
          />
          <Switch
            label={isDisabled ? 'Disabled: cannot sign in, and is out of every room' : 'Enabled: may sign in'}
            checked={!isDisabled}
            disabled={isMe}
            onChange={(_, { checked }) => setDisabled(!checked)}
          />
          <div>
            <Button type="submit" appearance="primary" disabled={isBusy || displayName.trim() === ''}>
              Save
            </Button>
          </div>
        </>
      )}
    </FormColumn>
  )
}
