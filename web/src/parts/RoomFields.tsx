import { Field, Input, Radio, RadioGroup, Select, Switch, Textarea } from '@fluentui/react-components'
import type { Category } from '../../../src/protocol/category.ts'
import type { Privacy, RoomType } from '../../../src/protocol/room.ts'
import type { RoomDraft } from '../app/room-draft.ts'
import { markWords } from '../app/room-words.ts'

type RoomFieldsProps = {
  draft: RoomDraft
  categories: readonly Category[]
  onChange: (patch: Partial<RoomDraft>) => void
}

const privacies: Privacy[] = ['open', 'closed', 'secret']

export function RoomFields({ draft, categories, onChange }: RoomFieldsProps) {
  const category = categories.find(one => one.id === draft.category)
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
      <Field label="Name" required>
        <Input value={draft.name} maxLength={255} onChange={(_, { value }) => onChange({ name: value })} />
      </Field>
      <Field label="Description">
        <Textarea value={draft.description} rows={2} onChange={(_, { value }) => onChange({ description: value })} />
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
      <Switch
        label="Tell people when they are added (invitations)"
        checked={draft.invitations === 'inherit' && category?.invitations !== false}
        disabled={category?.invitations === false}
        onChange={(_, { checked }) => onChange({ invitations: checked ? 'inherit' : 'off' })}
      />
    </>
  )
}
