import { Combobox, Field, makeStyles, Option, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Principal } from '../../../src/protocol/principal.ts'
import { useSettled } from '../app/debounce.ts'
import { type Candidate, useCandidates } from '../app/eligible.ts'
import { kindWords } from '../app/principal-words.ts'

const useStyles = makeStyles({
  words: { display: 'flex', flexDirection: 'column', minWidth: 0, overflowWrap: 'anywhere' },
  quiet: { color: tokens.colorNeutralForeground2 },
})

type EligiblePickerProps = {
  label: string
  hint?: string
  category: string
  /** Why somebody of the scope is not to be picked here: on the list already, for one. */
  refusal?: (candidate: Candidate) => string | undefined
  onPick: (principal: Principal) => void
}

/** Finds users, groups, organisational units and domains by name. Only who is eligible can be picked; the others say why not. */
export function EligiblePicker({ label, hint, category, refusal, onPick }: EligiblePickerProps) {
  const styles = useStyles()
  const [text, setText] = useState('')
  const [isOpen, setOpen] = useState(false)
  const asked = useSettled(text.trim())
  const { people, isLooking, fault } = useCandidates(asked, category)
  const reasonOf = (one: Candidate) =>
    one.eligible ? refusal?.(one) : (one.reason ?? 'outside the scope of the category')
  const emptyWords =
    fault?.sentence ??
    (asked === '' ? 'Type the beginning of a name' : isLooking ? 'Searching' : 'Nobody of that name is known here')
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      <Combobox
        freeform
        // Inside a dialog the list must be in the dialog too, and not be cut off by its edge.
        inlinePopup
        positioning={{ strategy: 'fixed' }}
        placeholder="Person, group, unit or domain"
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
          if (person === undefined || reasonOf(person) !== undefined) return
          setText('')
          const { id, kind, name, displayName } = person
          onPick({ id, kind, name, displayName })
        }}
      >
        {people.map(person => {
          const reason = reasonOf(person)
          return (
            <Option
              key={person.id}
              value={person.id}
              text={person.displayName}
              disabled={reason !== undefined}
              checkIcon={null}
            >
              <span className={styles.words}>
                <span className={reason === undefined ? undefined : styles.quiet}>
                  {person.displayName} ({kindWords[person.kind]}, {person.name})
                </span>
                {reason === undefined ? null : (
                  <Text size={200} className={styles.quiet}>
                    Not eligible: {reason}
                  </Text>
                )}
              </span>
            </Option>
          )
        })}
        {people.length === 0 ? (
          <Option key="none" value="" text="" disabled checkIcon={null}>
            {emptyWords}
          </Option>
        ) : null}
      </Combobox>
    </Field>
  )
}
