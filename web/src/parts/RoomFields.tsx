import { Field, Radio, RadioGroup, Select, Switch, Textarea } from '@fluentui/react-components'
import type { ReactNode, RefObject } from 'react'
import type { Addin } from '../../../src/protocol/addin.ts'
import type { Category } from '../../../src/protocol/category.ts'
import type { Privacy, Room, RoomType } from '../../../src/protocol/room.ts'
import type { RoomDraft } from '../app/room-draft.ts'
import { markWords } from '../app/room-words.ts'
import { countWords, isTooLong } from '../app/text-limit.ts'
import { RoomNameField } from './RoomNameField.tsx'

type RoomFieldsProps = {
  draft: RoomDraft
  /** Undefined: it is not made yet. */
  room?: Room
  categories: readonly Category[]
  /** Those that administrators have registered. */
  addins: readonly Addin[]
  nameInput?: RefObject<HTMLInputElement | null>
  /** Stands under the category: what moving there means. */
  underCategory?: ReactNode
  onChange: (patch: Partial<RoomDraft>) => void
}

const privacies: Privacy[] = ['open', 'closed', 'secret']

function nameOf(room: Room | undefined, category: string): { room: string } | { category: string } | undefined {
  if (room !== undefined) return { room: room.id }
  return category === '' ? undefined : { category }
}

/** What a room is: the same fields when it is made and when it is changed. */
export function RoomFields(props: RoomFieldsProps) {
  const { draft, room, categories, addins, nameInput, underCategory, onChange } = props
  const category = categories.find(one => one.id === draft.category)
  const of = nameOf(room, draft.category)
  return (
    <>
      <Field label="Category" hint="The category decides who may ever be in the room." required>
        <Select value={draft.category} onChange={(_, { value }) => onChange({ category: value })}>
          <option value="" disabled>
            Choose a category
          </option>
          {categories.map(one => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </Select>
      </Field>
      {underCategory}
      <RoomNameField
        name={draft.name}
        {...(room === undefined ? {} : { own: room.name })}
        {...(nameInput === undefined ? {} : { input: nameInput })}
        of={of}
        onChange={name => onChange({ name })}
      />
      <Field
        label="Description"
        {...(isTooLong(draft.description)
          ? { validationState: 'error', validationMessage: countWords(draft.description) }
          : { hint: countWords(draft.description) })}
      >
        <Textarea
          value={draft.description}
          rows={3}
          resize="vertical"
          onChange={(_, { value }) => onChange({ description: value })}
        />
      </Field>
      <Field label="Who finds it and joins">
        <RadioGroup
          value={draft.privacy}
          onChange={(_, { value }) => onChange({ privacy: privacies.find(one => one === value) ?? 'closed' })}
        >
          {privacies.map(one => (
            <Radio key={one} value={one} label={`${markWords[one].word}: ${markWords[one].meaning}`} />
          ))}
        </RadioGroup>
      </Field>
      <Field label="Who posts">
        <RadioGroup
          value={draft.type}
          onChange={(_, { value }) =>
            onChange({ type: (value === 'auditorium' ? 'auditorium' : 'normal') satisfies RoomType })
          }
        >
          <Radio value="normal" label="Normal: every member posts." />
          <Radio value="auditorium" label={`${markWords.auditorium.word}: ${markWords.auditorium.meaning}`} />
        </RadioGroup>
      </Field>
      {addins.length === 0 && draft.addin === '' ? null : (
        <Field label="Add-in" hint="A page that stands beside the conversation. Administrators register them.">
          <Select value={draft.addin} onChange={(_, { value }) => onChange({ addin: value })}>
            <option value="">None</option>
            {addins.map(one => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </Select>
        </Field>
      )}
      <Field {...(category?.invitations === false ? { hint: 'Switched off for the whole category.' } : {})}>
        <Switch
          label="Tell people when they are added (invitations)"
          checked={draft.invitations === 'inherit' && category?.invitations !== false}
          disabled={category?.invitations === false}
          onChange={(_, { checked }) => onChange({ invitations: checked ? 'inherit' : 'off' })}
        />
      </Field>
    </>
  )
}
