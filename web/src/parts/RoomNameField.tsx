import { Field, type FieldProps, Input } from '@fluentui/react-components'
import type { RefObject } from 'react'
import { type NameCheck, type NameOf, useNameCheck } from '../app/name-check.ts'
import { countWords, isTooLong } from '../app/text-limit.ts'

type RoomNameFieldProps = {
  name: string
  /** The name that it has; nothing to ask about. */
  own?: string
  of: NameOf | undefined
  input?: RefObject<HTMLInputElement | null>
  onChange: (name: string) => void
}

const words: Record<NameCheck['state'], Pick<FieldProps, 'validationState' | 'validationMessage'>> = {
  none: {},
  checking: { validationState: 'none', validationMessage: 'Looking whether it is free…' },
  free: { validationState: 'success', validationMessage: 'This name is free.' },
  unknown: { validationState: 'none', validationMessage: 'Whether it is free is seen when you save.' },
  refused: { validationState: 'error' },
}

export function RoomNameField({ name, own, of, input, onChange }: RoomNameFieldProps) {
  const { check, ask, forgetCheck } = useNameCheck(of ?? { category: '' })
  const trimmed = name.trim()
  const shown: Pick<FieldProps, 'validationState' | 'validationMessage'> = isTooLong(trimmed)
    ? { validationState: 'error', validationMessage: countWords(trimmed) }
    : check.state === 'refused'
      ? { validationState: 'error', validationMessage: check.sentence }
      : words[check.state]
  return (
    // One line under the box, whatever it says: what is below must not move away from under a click that leaves the box.
    <Field
      label="Name"
      required
      {...(shown.validationMessage === undefined ? { hint: countWords(trimmed) } : {})}
      {...shown}
    >
      <Input
        {...(input === undefined ? {} : { ref: input })}
        value={name}
        onChange={(_, { value }) => {
          forgetCheck()
          onChange(value)
        }}
        onBlur={() => {
          if (of === undefined || trimmed === '' || trimmed === own || isTooLong(trimmed)) return
          void ask(trimmed)
        }}
      />
    </Field>
  )
}
