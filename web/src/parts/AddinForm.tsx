import { Button, Field, Input, Text } from '@fluentui/react-components'
import { useState } from 'react'
import type { Addin } from '../../../src/protocol/addin.ts'
import { useChat } from '../app/chat.ts'
import { forget } from '../app/query.ts'
import { FormColumn } from './FormColumn.tsx'

/** Registers an add-in, renames it or gives it another address. */
export function AddinForm({ addin, onDone }: { addin: Addin | undefined; onDone: () => void }) {
  const { client } = useChat()
  const [name, setName] = useState(addin?.name ?? '')
  const [url, setUrl] = useState(addin?.url ?? '')
  async function save(): Promise<void> {
    const facts = { name: name.trim(), url: url.trim() }
    if (addin === undefined) await client.request('addin.create', facts)
    else await client.request('addin.update', { addin: addin.id, ...facts })
    forget('addin.list', 'room.get', 'room.list')
    onDone()
  }
  return (
    <FormColumn onSubmit={save}>
      {isBusy => (
        <>
          <Field label="Name" hint="1 to 50 characters" required>
            <Input value={name} maxLength={50} onChange={(_, { value }) => setName(value)} />
          </Field>
          <Field label="Address" hint="http or https. Everybody can read it: put no secret into it." required>
            <Input type="url" value={url} maxLength={255} onChange={(_, { value }) => setUrl(value)} />
          </Field>
          {addin === undefined ? null : <Text>Rooms that show it follow within two seconds.</Text>}
          <div>
            <Button type="submit" appearance="primary" disabled={isBusy || name.trim() === '' || url.trim() === ''}>
              Save
            </Button>
          </div>
        </>
      )}
    </FormColumn>
  )
}
