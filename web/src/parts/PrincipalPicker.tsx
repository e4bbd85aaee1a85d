import { Combobox, Field, Option } from '@fluentui/react-components'
import { useState } from 'react'
import type { Principal, PrincipalKind } from '../../../src/protocol/principal.ts'
import { useSettled } from '../app/debounce.ts'
import { kindWords } from '../app/principal-words.ts'
import { useVerb } from '../app/query.ts'

type PrincipalPickerProps = {
  label: string
  /** Only who is in the scope of this category. */
  category?: string | undefined
  kind?: PrincipalKind
  onPick: (principal: Principal) => void
}

/** Finds people and groups by name while one types; what is picked goes to the caller and the box is empty again. */
export function PrincipalPicker({ label, category, kind, onPick }: PrincipalPickerProps) {
  const [text, setText] = useState('')
  const [isOpen, setOpen] = useState(false)
  const asked = useSettled(text.trim())
  const found = useVerb(
    'principal.find',
    {
      text: asked,
      limit: 20,
      ...(category === undefined ? {} : { category }),
      ...(kind === undefined ? {} : { kind }),
    },
    { enabled: asked !== '', keepOld: true },
  )
  const people = asked === '' ? [] : (found.data?.principals ?? [])
  return (
    <Field label={label}>
      <Combobox
        freeform
        // Inside a dialog the list must be in the dialog too, and not be cut off by its edge.
        inlinePopup
        positioning={{ strategy: 'fixed' }}
        placeholder="Name of a person or group"
        value={text}
        selectedOptions={[]}
        open={isOpen}
        onOpenChange={(_, { open }) => setOpen(open)}
        onChange={event => {
          setText(event.target.value)
          // Pasting and speaking open the list too, not only the keys that the component listens to.
          setOpen(true)
        }}
        onOptionSelect={(_, { optionValue }) => {
          const person = people.find(one => one.id === optionValue)
          if (person === undefined) return
          setText('')
          onPick(person)
        }}
      >
        {people.map(person => (
          <Option key={person.id} value={person.id} text={person.displayName}>
            <span>
              {person.displayName} ({kindWords[person.kind]}, {person.name})
            </span>
          </Option>
        ))}
        {people.length === 0 ? (
          <Option key="none" value="" text="" disabled>
            {asked === ''
              ? 'Type a name'
              : found.isFetching
                ? 'Searching'
                : 'Nobody of that name is in the scope of this category'}
          </Option>
        ) : null}
      </Combobox>
    </Field>
  )
}
