import { Button, Field, Input } from '@fluentui/react-components'
import { useState } from 'react'
import { FormColumn } from './FormColumn.tsx'

type CodeFormProps = {
  label: string
  hint: string
  action: string
  /** Letters, too, not digits only. */
  isText?: boolean
  onSubmit: (code: string) => Promise<void>
}

/** One code, typed. A refused one is taken out, so that the next can be typed at once. */
export function CodeForm({ label, hint, action, isText = false, onSubmit }: CodeFormProps) {
  const [code, setCode] = useState('')
  async function submit(): Promise<void> {
    try {
      await onSubmit(code.trim())
    } catch (error) {
      setCode('')
      throw error
    }
  }
  return (
    <FormColumn label={action} onSubmit={submit}>
      {isBusy => (
        <>
          <Field label={label} hint={hint} required>
            <Input
              value={code}
              autoFocus
              autoComplete={isText ? 'off' : 'one-time-code'}
              inputMode={isText ? 'text' : 'numeric'}
              spellCheck={false}
              onChange={(_, { value }) => setCode(value)}
            />
          </Field>
          <div>
            <Button type="submit" appearance="primary" disabled={isBusy || code.trim() === ''}>
              {action}
            </Button>
          </div>
        </>
      )}
    </FormColumn>
  )
}
