import { Button, Checkbox, Field, Input, Select, Text } from '@fluentui/react-components'
import { useState } from 'react'
import type { AdapterType } from '../../../src/protocol/compliance-verbs.ts'
import type { Result, Input as VerbInput } from '../../../src/protocol/request.ts'
import { useChat } from '../app/chat.ts'
import { forget } from '../app/query.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { type Column, DataTable } from './DataTable.tsx'
import { FormColumn } from './FormColumn.tsx'

type View = Result<'compliance.get'>
type Adapters = View['adapters']

const typeWords: Record<AdapterType, string> = {
  xml: 'XML of the original product',
  csv: 'CSV',
  'json-lines': 'JSON Lines',
  actiance: 'Actiance XML',
  mail: 'Mail (EML)',
}
const types = Object.keys(typeWords) as AdapterType[]

const columns: Column<Adapters[number]>[] = [
  { name: 'Name', text: ({ name }) => name, sortBy: ({ name }) => name },
  { name: 'Writes', text: ({ type }) => typeWords[type as AdapterType] ?? type },
  { name: 'Into', text: ({ outputDirectory }) => outputDirectory },
  {
    name: 'Every',
    text: ({ runIntervalSeconds }) => `${Math.round(runIntervalSeconds / 60)} min`,
    sortBy: ({ runIntervalSeconds }) => runIntervalSeconds,
  },
]

/** What the archive is written out as. */
export function ComplianceAdapters({ view: { adapters, adapterBase } }: { view: View }) {
  const { client } = useChat()
  const [removing, setRemoving] = useState<string>()
  async function remove(name: string): Promise<void> {
    await client.request('compliance.removeAdapter', { name })
    forget('compliance.get')
  }
  return (
    <>
      {adapters.length === 0 ? (
        <Text>No adapter is set: what is recorded stays in the archive and is written out nowhere.</Text>
      ) : (
        <DataTable
          label="Adapters"
          columns={columns}
          rows={adapters}
          keyOf={({ name }) => name}
          minWidth="560px"
          action={({ name }) => (
            <Button size="small" aria-label={`Remove the adapter ${name}`} onClick={() => setRemoving(name)}>
              Remove
            </Button>
          )}
        />
      )}
      <AdapterForm base={adapterBase} />
      <ConfirmDialog
        title={`Remove the adapter ${removing ?? ''}?`}
        action="Remove it"
        isOpen={removing !== undefined}
        onClose={() => setRemoving(undefined)}
        onConfirm={() => remove(removing!)}
      >
        It writes no more files; what it wrote stays. One of that name that comes later goes on where it stood.
      </ConfirmDialog>
    </>
  )
}

const flags = {
  oneRoomPerFile: 'A file for each room',
  roomDetails: 'More of each room',
  userDetails: 'More of each person',
  attachmentsManifest: 'A manifest of files that were sent and taken',
} as const
type Flag = keyof typeof flags
const empty = { name: '', outputDirectory: '', minutes: '15', type: 'xml' as AdapterType, on: [] as Flag[] }

function AdapterForm({ base }: { base: string | undefined }) {
  const { client } = useChat()
  const [form, setForm] = useState(empty)
  const { name, outputDirectory, minutes, type, on } = form
  const set = (change: Partial<typeof empty>) => setForm(now => ({ ...now, ...change }))
  async function save(): Promise<void> {
    const input: VerbInput<'compliance.setAdapter'> = {
      ...{ name: name.trim(), type, outputDirectory: outputDirectory.trim() },
      runIntervalSeconds: Math.round(Number(minutes) * 60),
      ...Object.fromEntries(on.map(flag => [flag, true])),
    }
    await client.request('compliance.setAdapter', input)
    setForm(empty)
    forget('compliance.get')
  }
  return (
    <FormColumn label="Set an adapter" onSubmit={save}>
      {isBusy => (
        <>
          <Field label="Adapter" hint="A new name adds one; the name of one that is there sets it anew.">
            <Input value={name} onChange={(_, { value }) => set({ name: value })} />
          </Field>
          <Field label="What it writes">
            <Select value={type} onChange={(_, { value }) => set({ type: types.find(one => one === value) ?? type })}>
              {types.map(one => (
                <option key={one} value={one}>
                  {typeWords[one]}
                </option>
              ))}
            </Select>
          </Field>
          <Field
            label="Output folder"
            hint={`Its whole path on the machines of the compliance service${base === undefined ? '' : `, below ${base}`}; of this one alone.`}
          >
            <Input value={outputDirectory} onChange={(_, { value }) => set({ outputDirectory: value })} />
          </Field>
          <Field label="Minutes from one output to the next">
            <Input type="number" value={minutes} onChange={(_, { value }) => set({ minutes: value })} />
          </Field>
          {(Object.keys(flags) as Flag[]).map(flag => (
            <Checkbox
              key={flag}
              label={flags[flag]}
              checked={on.includes(flag)}
              onChange={() => set({ on: on.includes(flag) ? on.filter(one => one !== flag) : [...on, flag] })}
            />
          ))}
          <div>
            <Button type="submit" disabled={isBusy || name.trim() === '' || outputDirectory.trim() === ''}>
              Set the adapter
            </Button>
          </div>
        </>
      )}
    </FormColumn>
  )
}
