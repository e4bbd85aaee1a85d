import { useState } from 'react'
import type { Principal, PrincipalKind } from '../../../src/protocol/principal.ts'
import { useSettled } from '../app/debounce.ts'
import { faultOf } from '../app/fault.ts'
import { kindWords } from '../app/principal-words.ts'
import { useVerb } from '../app/query.ts'
import { FindBox } from './FindBox.tsx'

type PrincipalPickerProps = {
  label: string
  /** Only who is in the scope of this category. */
  category?: string | undefined
  kind?: PrincipalKind
  onPick: (principal: Principal) => void
}

/** Finds people and groups by name while one types. */
export function PrincipalPicker({ label, category, kind, onPick }: PrincipalPickerProps) {
  const [text, setText] = useState('')
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
  const nobodyWords = category === undefined ? 'is known here' : 'is in the scope of this category'
  const noneWords = found.error === null ? `Nobody of that name ${nobodyWords}` : faultOf(found.error).sentence
  return (
    <FindBox
      label={label}
      placeholder="Name of a person or group"
      text={text}
      onText={setText}
      options={people.map(person => ({
        id: person.id,
        text: person.displayName,
        label: `${person.displayName} (${kindWords[person.kind]}, ${person.name})`,
      }))}
      emptyWords={asked === '' ? 'Type a name' : found.isFetching ? 'Searching' : noneWords}
      onPick={id => {
        const person = people.find(one => one.id === id)
        if (person !== undefined) onPick(person)
      }}
    />
  )
}
