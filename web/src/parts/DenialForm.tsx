import { Button, Field, Input } from '@fluentui/react-components'
import { useState } from 'react'
import type { Reach } from '../../../src/protocol/compliance-verbs.ts'
import type { Principal } from '../../../src/protocol/principal.ts'
import { useChat } from '../app/chat.ts'
import { forget } from '../app/query.ts'
import { FormColumn } from './FormColumn.tsx'
import { PickedPrincipal } from './PickedPrincipal.tsx'

const empty = { room: '', category: '', from: '', until: '', reason: '' }

function instant(local: string): string | undefined {
  const at = Date.parse(local)
  return Number.isNaN(at) ? undefined : new Date(at).toISOString()
}

/** Denies that something is deleted: all that is filled in must fit. */
export function DenialForm({ onMade }: { onMade: (reach: Reach | undefined) => void }) {
  const { client } = useChat()
  const [person, setPerson] = useState<Principal>()
  const [form, setForm] = useState(empty)
  const { room, category, reason } = form
  const [from, until] = [instant(form.from), instant(form.until)]
  const set = (change: Partial<typeof empty>) => setForm(now => ({ ...now, ...change }))
  const isNamed =
    person !== undefined || [room, category, from, until].some(one => one !== undefined && one.trim() !== '')
  async function save(): Promise<void> {
    const { reach } = await client.request('denial.add', {
      ...(person === undefined ? {} : { person: person.id }),
      ...(room.trim() === '' ? {} : { room: room.trim() }),
      ...(category.trim() === '' ? {} : { category: category.trim() }),
      ...(from === undefined ? {} : { from }),
      ...(until === undefined ? {} : { until }),
      reason: reason.trim(),
    })
    setPerson(undefined)
    setForm(empty)
    onMade(reach)
    forget('denial.list')
  }
  return (
    <FormColumn label="Deny deletion" onSubmit={save}>
      {isBusy => (
        <>
          <PickedPrincipal label="Written by" kind="user" picked={person} onPick={setPerson} />
          <Field label="In the room" hint="Its whole name, or its id. All that is filled in must fit.">
            <Input value={room} onChange={(_, { value }) => set({ room: value })} />
          </Field>
          <Field label="In the category" hint="Its whole name, or its id">
            <Input value={category} onChange={(_, { value }) => set({ category: value })} />
          </Field>
          <Field label="Written from" hint="Your local time">
            <Input type="datetime-local" value={form.from} onChange={(_, { value }) => set({ from: value })} />
          </Field>
          <Field label="Written before" hint="Your local time">
            <Input type="datetime-local" value={form.until} onChange={(_, { value }) => set({ until: value })} />
          </Field>
          <Field label="Why it may not be deleted" hint="Such as the name of the matter" required>
            <Input value={reason} onChange={(_, { value }) => set({ reason: value })} />
          </Field>
          <div>
            <Button type="submit" disabled={isBusy || !isNamed || reason.trim() === ''}>
              Deny deletion
            </Button>
          </div>
        </>
      )}
    </FormColumn>
  )
}
