import {
  Button,
  Field,
  Input,
  MessageBar,
  MessageBarBody,
  makeStyles,
  Switch,
  Textarea,
  tokens,
} from '@fluentui/react-components'
import { useState } from 'react'
import type { Category } from '../../../src/protocol/category.ts'
import type { Principal } from '../../../src/protocol/principal.ts'
import { useChat } from '../app/chat.ts'
import { forget } from '../app/query.ts'
import { FormColumn } from './FormColumn.tsx'
import { PrincipalPicker } from './PrincipalPicker.tsx'
import { PrincipalTags } from './PrincipalTags.tsx'

const useStyles = makeStyles({
  list: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXS },
})

const lists = [
  { key: 'allowedMembers', label: 'Allowed members: who may ever be in a room of this category' },
  { key: 'deniedMembers', label: 'Denied members: kept out even where allowed' },
  { key: 'creators', label: 'Creators: who may create rooms here' },
] as const
type ListKey = (typeof lists)[number]['key']

const switches = [
  { key: 'invitations', label: 'Invitations: tell people when they are added to a room' },
  { key: 'fileUpload', label: 'File upload' },
  { key: 'chatHistory', label: 'Chat history: messages are kept. Off: seen live only' },
] as const
type SwitchKey = (typeof switches)[number]['key']

function ids(people: readonly Principal[]): string[] {
  return people.map(person => person.id)
}

function added(now: readonly Principal[], before: readonly Principal[]): string[] {
  return ids(now.filter(one => !before.some(other => other.id === one.id)))
}

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
  const before: Record<ListKey, readonly Principal[]> = {
    allowedMembers: category?.allowedMembers ?? [],
    deniedMembers: category?.deniedMembers ?? [],
    creators: category?.creators ?? [],
  }
  const [people, setPeople] = useState(before)
  const narrows =
    added(before.allowedMembers, people.allowedMembers).length > 0 ||
    added(people.deniedMembers, before.deniedMembers).length > 0

  async function save(): Promise<void> {
    const facts = { name: name.trim(), description: description.trim(), ...flags }
    if (category === undefined) {
      const { allowedMembers, deniedMembers, creators } = people
      await client.request('category.create', {
        ...facts,
        allowedMembers: ids(allowedMembers),
        deniedMembers: ids(deniedMembers),
        creators: ids(creators),
      })
    } else {
      const changes = Object.fromEntries(
        lists.map(({ key }) => [
          key,
          { add: added(people[key], before[key]), remove: added(before[key], people[key]) },
        ]),
      )
      await client.request('category.update', {
        category: category.id,
        ifVersion: category.version,
        ...facts,
        ...changes,
      })
    }
    forget('category.list', 'room.find', 'room.get')
    onDone()
  }

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
          {lists.map(({ key, label }) => (
            <div key={key} className={styles.list}>
              <PrincipalPicker
                label={label}
                onPick={person =>
                  setPeople(now => ({ ...now, [key]: [...now[key].filter(one => one.id !== person.id), person] }))
                }
              />
              <PrincipalTags
                label={label}
                principals={people[key]}
                onRemove={person => setPeople(now => ({ ...now, [key]: now[key].filter(one => one.id !== person.id) }))}
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
          {category !== undefined && narrows ? (
            <MessageBar intent="warning" layout="multiline">
              <MessageBarBody>
                This narrows the scope: who falls out of it loses every room of this category at once. Their entries on
                room lists are kept without effect, and count again when the scope is widened.
              </MessageBarBody>
            </MessageBar>
          ) : null}
          <div>
            <Button type="submit" appearance="primary" disabled={isBusy || name.trim() === ''}>
              Save
            </Button>
          </div>
        </>
      )}
    </FormColumn>
  )
}
