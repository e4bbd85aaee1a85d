import { Button, Field, Input, Text } from '@fluentui/react-components'
import { useState } from 'react'
import type { Result } from '../../../src/protocol/request.ts'
import { useChat } from '../app/chat.ts'
import { forget } from '../app/query.ts'
import { FormColumn } from './FormColumn.tsx'

/** How much may wait for the archive before posting and reading stop. */
export function ComplianceBounds({ view }: { view: Result<'compliance.get'> }) {
  const { client } = useChat()
  const [rows, setRows] = useState<string>()
  const [age, setAge] = useState<string>()
  const [isSaved, setSaved] = useState(false)
  async function save(): Promise<void> {
    await client.request('compliance.update', {
      ...(rows === undefined ? {} : { maxRows: Number(rows) }),
      ...(age === undefined ? {} : { maxAgeSeconds: Math.round(Number(age) * 3_600) }),
    })
    setRows(undefined)
    setAge(undefined)
    setSaved(true)
    forget('compliance.get')
  }
  return (
    <FormColumn label="What may wait" onSubmit={save}>
      {isBusy => (
        <>
          <Field
            label="Events that may wait for the archive"
            hint="Beyond it nothing is posted or read, until the archive takes events again."
          >
            <Input type="number" value={rows ?? String(view.maxRows)} onChange={(_, { value }) => setRows(value)} />
          </Field>
          <Field label="Hours that an event may wait">
            <Input
              type="number"
              step="any"
              value={age ?? String(view.maxAgeSeconds / 3_600)}
              onChange={(_, { value }) => setAge(value)}
            />
          </Field>
          {isSaved ? <Text role="status">Saved. It holds on every server of the pool.</Text> : null}
          <div>
            <Button type="submit" disabled={isBusy || (rows === undefined && age === undefined)}>
              Save
            </Button>
          </div>
        </>
      )}
    </FormColumn>
  )
}
