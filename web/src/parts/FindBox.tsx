import { Combobox, Field, Option } from '@fluentui/react-components'
import { type ReactNode, useState } from 'react'

type FindOption = {
  id: string
  /** What the box would hold if it were picked. */
  text: string
  label: ReactNode
  isDisabled?: boolean
}

type FindBoxProps = {
  label: string
  hint?: string | undefined
  placeholder: string
  text: string
  onText: (text: string) => void
  options: readonly FindOption[]
  /** Stands in the list where there is nothing to pick: what to do, that it is looking, or why it found nothing. */
  emptyWords: string
  onPick: (id: string) => void
}

/** Finds while one types; what is picked goes to the caller and the box is empty again. */
export function FindBox({ label, hint, placeholder, text, onText, options, emptyWords, onPick }: FindBoxProps) {
  const [isOpen, setOpen] = useState(false)
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      <Combobox
        freeform
        // Inside a dialog the list must be in the dialog too, and not be cut off by its edge.
        inlinePopup
        positioning={{ strategy: 'fixed' }}
        placeholder={placeholder}
        value={text}
        selectedOptions={[]}
        open={isOpen}
        onOpenChange={(_, { open }) => setOpen(open)}
        onChange={event => {
          onText(event.target.value)
          // Pasting and speaking open the list too, not only the keys that the component listens to.
          setOpen(true)
        }}
        onOptionSelect={(_, { optionValue }) => {
          const option = options.find(one => one.id === optionValue)
          if (option === undefined || option.isDisabled === true) return
          onText('')
          onPick(option.id)
        }}
      >
        {options.map(({ id, text, label, isDisabled = false }) => (
          <Option key={id} value={id} text={text} disabled={isDisabled} checkIcon={null}>
            <span>{label}</span>
          </Option>
        ))}
        {options.length === 0 ? (
          <Option key="none" value="" text="" disabled checkIcon={null}>
            {emptyWords}
          </Option>
        ) : null}
      </Combobox>
    </Field>
  )
}
