import { Button, Field, Input, makeStyles, Switch, Textarea, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Category } from '../../../src/protocol/category.ts'
import { useChat } from '../app/chat.ts'
import { forget } from '../app/query.ts'
import { differences, ids, listsOf, type ScopeList, scopeDifference, scopeLists } from '../app/scope-change.ts'
import { useSimulation } from '../app/simulation.ts'
import { FormColumn } from './FormColumn.tsx'
import { PrincipalPicker } from './PrincipalPicker.tsx'
import { PrincipalTags } from './PrincipalTags.tsx'
import { ScopePreview } from './ScopePreview.tsx'

const useStyles = makeStyles({
  list: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXS },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
})

const labels: Record<ScopeList, string> = {
  allowedMembers: 'Allowed members: who may ever be in a room of this category',
  deniedMembers: 'Denied members: kept out even where allowed',
  creators: 'Creators: who may create rooms here',
}

const switches = [
  { key: 'invitations', label: 'Invitations: tell people when they are added to a room' },
  { key: 'fileUpload', label: 'File upload' },
  { key: 'chatHistory', label: 'Chat history: messages are kept. Off: seen live only' },
] as const
type SwitchKey = (typeof switches)[number]['key']

type CategoryFormProps = { category: Category | undefined; onDone: () => void }

export function CategoryForm({ category, onDone }: CategoryFormProps) {
  const styles = useStyles()
  const { client } = useChat()
  const [name, setName] = useState(category?.name ?? '')
  const [description, setDescription] = useState(category?.description ?? '')
  const [flags, setFlags] = useState<Record<SwitchKey, boolean>>({
    invitations: category?.invitations ?? true,
    fileUpload: category?.fileUpload ?? true,
    chatHistory: category?.chatHistory ?? true,
  })
  const before = listsOf(category)
  const [people, setPeople] = useState(before)
  const changes = differences(before, people)
  const scope = category === undefined ? undefined : scopeDifference(changes)
  const narrows = scope !== undefined && scope.allowedMembers.remove.length + scope.deniedMembers.add.length > 0
  const { looking, begin, forget: forgetLook } = useSimulation()

  function change(key: ScopeList, now: typeof people.creators): void {
    setPeople(old => ({ ...old, [key]: now }))
    // What was seen was another change.
    if (key !== 'creators') forgetLook()
  }

  function look(): void {
    if (category !== undefined && scope !== undefined) void begin({ category: category.id, ...scope })
  }

  async function save(): Promise<void> {
    // Asked once: who takes people out has begun to see whom before it is done.
    if (narrows && looking === undefined) return look()
    const facts = { name: name.trim(), description: description.trim(), ...flags }
    if (category === undefined) {
      const [allowedMembers, deniedMembers, creators] = scopeLists.map(key => ids(people[key]))
      await client.request('category.create', {
        ...facts,
        ...{ allowedMembers: allowedMembers!, deniedMembers: deniedMembers!, creators: creators! },
      })
    } else
      await client.request('category.update', {
        ...{ category: category.id, ifVersion: category.version },
        ...facts,
        ...changes,
      })
    forget('category.list', 'room.find', 'room.get', 'room.list')
    onDone()
  }

  const mustLook = narrows && looking === undefined
  return (
    <FormColumn onSubmit={save}>
      {isBusy => (
        <>
          <Field label="Name" required>
            <Input value={name} maxLength={255} onChange={(_, { value }) => setName(value)} />
          </Field>
          <Field label="Description">
            <Textarea value={description} onChange={(_, { value }) => setDescription(value)} />
          </Field>
          {scopeLists.map(key => (
            <div key={key} className={styles.list}>
              <PrincipalPicker
                label={labels[key]}
                onPick={person => change(key, [...people[key].filter(one => one.id !== person.id), person])}
              />
              <PrincipalTags
                label={labels[key]}
                principals={people[key]}
                onRemove={person =>
                  change(
                    key,
                    people[key].filter(one => one.id !== person.id),
                  )
                }
              />
            </div>
          ))}
          {switches.map(({ key, label }) => (
            <Switch
              key={key}
              label={label}
              checked={flags[key]}
              onChange={(_, { checked }) => setFlags(now => ({ ...now, [key]: checked }))}
            />
          ))}
          {scope === undefined ? null : <ScopePreview looking={looking} narrows={narrows} onCancel={forgetLook} />}
          <div className={styles.buttons}>
            <Button type="submit" appearance="primary" disabled={isBusy || name.trim() === ''}>
              {mustLook ? 'See who loses, then save' : looking?.state === 'running' ? 'Save without waiting' : 'Save'}
            </Button>
            {scope !== undefined && !mustLook && looking?.state !== 'running' ? (
              <Button onClick={look}>Who gains, who loses?</Button>
            ) : null}
          </div>
        </>
      )}
    </FormColumn>
  )
}
