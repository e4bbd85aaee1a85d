import { Button, Field, Input, Text } from '@fluentui/react-components'
import { KeyRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Input as VerbInput } from '../../../src/protocol/request.ts'
import { useChat } from '../app/chat.ts'
import { canUsePasskeys, signWithPasskey } from '../app/passkey.ts'
import { useVerb } from '../app/query.ts'
import { CodeForm } from './CodeForm.tsx'
import { FormColumn } from './FormColumn.tsx'
import { ModalFrame } from './ModalFrame.tsx'

/** "Is it you?": by password, code or passkey. */
export function ProofDialog({ onProven, onClose }: { onProven: () => void; onClose: () => void }) {
  const { client } = useChat()
  const { data } = useVerb('factor.list', {})
  const [password, setPassword] = useState('')
  const [isCode, setCode] = useState(false)
  async function prove(proof: VerbInput<'factor.prove'>): Promise<void> {
    await client.request('factor.prove', proof)
    onProven()
  }
  async function provePasskey(): Promise<void> {
    const { options } = await client.request('factor.challenge', {})
    await prove({ passkey: await signWithPasskey(options) })
  }
  const hasPasskey = (data?.passkeys.length ?? 0) > 0 && canUsePasskeys()
  return (
    <ModalFrame title="Is it you?" onClose={onClose}>
      <FormColumn label="Password" onSubmit={() => prove({ password })}>
        {isBusy => (
          <>
            <Text>This changes how you sign in, and your last sign-in was a while ago.</Text>
            <Field label="Your password" required>
              <Input
                type="password"
                autoComplete="current-password"
                value={password}
                onChange={(_, { value }) => setPassword(value)}
              />
            </Field>
            <div>
              <Button type="submit" appearance="primary" disabled={isBusy || password === ''}>
                Confirm
              </Button>
            </div>
          </>
        )}
      </FormColumn>
      {data?.totpSince == null ? null : isCode ? (
        <CodeForm
          label="Code"
          hint="Six digits of your authenticator app"
          action="Confirm with the code"
          onSubmit={code => prove({ code })}
        />
      ) : (
        <Button appearance="subtle" onClick={() => setCode(true)}>
          Use a code of the authenticator app
        </Button>
      )}
      {hasPasskey ? (
        <FormColumn label="Passkey" onSubmit={provePasskey}>
          {isBusy => (
            <div>
              <Button type="submit" appearance="subtle" icon={<KeyRegular />} disabled={isBusy}>
                Use a passkey
              </Button>
            </div>
          )}
        </FormColumn>
      ) : null}
    </ModalFrame>
  )
}
