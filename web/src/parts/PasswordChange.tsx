import { Button, Field, Input } from '@fluentui/react-components'
import { useState } from 'react'
import { useChat } from '../app/chat.ts'
import { forget } from '../app/query.ts'
import { FormColumn } from './FormColumn.tsx'
import { PasswordFields } from './PasswordFields.tsx'

export function PasswordChange({ onDone }: { onDone: () => void }) {
  const { client } = useChat()
  const [password, setPassword] = useState('')
  const [secret, setSecret] = useState({ password: '', again: '' })
  async function change(): Promise<void> {
    await client.request('password.change', { password, newPassword: secret.password })
    forget('session.list')
    onDone()
  }
  return (
    <FormColumn label="Change the password" onSubmit={change}>
      {isBusy => (
        <>
          <Field label="Present password" required>
            <Input
              type="password"
              autoComplete="current-password"
              value={password}
              onChange={(_, { value }) => setPassword(value)}
            />
          </Field>
          <PasswordFields label="New password" value={secret} onChange={setSecret} />
          <div>
            <Button
              type="submit"
              disabled={isBusy || password === '' || secret.password === '' || secret.password !== secret.again}
            >
              Change the password
            </Button>
          </div>
        </>
      )}
    </FormColumn>
  )
}
