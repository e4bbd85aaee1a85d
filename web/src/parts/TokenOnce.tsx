import { Button, Field, Input, Text } from '@fluentui/react-components'
import { useState } from 'react'
import { ModalFrame } from './ModalFrame.tsx'

type TokenOnceProps = { name: string; token: string; onClose: () => void }

/** A token, shown this one time: the server keeps no copy of it. */
export function TokenOnce({ name, token, onClose }: TokenOnceProps) {
  const [isCopied, setCopied] = useState(false)
  return (
    <ModalFrame
      title={`Token of ${name}`}
      onClose={onClose}
      actions={
        <>
          <Button
            onClick={() =>
              void navigator.clipboard.writeText(token).then(
                () => setCopied(true),
                () => setCopied(false),
              )
            }
          >
            {isCopied ? 'Copied' : 'Copy'}
          </Button>
          <Button appearance="primary" onClick={onClose}>
            I have kept it
          </Button>
        </>
      }
    >
      <Field label="Token">
        <Input readOnly value={token} onFocus={event => event.target.select()} />
      </Field>
      <Text>It is shown this once. Who has it is the bot: keep it as you keep a password.</Text>
    </ModalFrame>
  )
}
