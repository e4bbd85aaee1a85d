import { makeStyles, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Principal } from '../../../src/protocol/principal.ts'
import { useSettled } from '../app/debounce.ts'
import { type Candidate, useCandidates } from '../app/eligible.ts'
import { kindWords } from '../app/principal-words.ts'
import { FindBox } from './FindBox.tsx'

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
  const [text, setText] = useState('')
  const asked = useSettled(text.trim())
  const { people, isLooking, fault } = useCandidates(asked, category)
  const reasonOf = (one: Candidate) =>
    one.eligible ? refusal?.(one) : (one.reason ?? 'outside the scope of the category')
  const noneWords = fault?.sentence ?? 'Nobody of that name is known here'
  return (
    <FindBox
      label={label}
      hint={hint}
      placeholder="Person, group, unit or domain"
      text={text}
      onText={setText}
      options={people.map(person => {
        const reason = reasonOf(person)
        return {
          ...{ id: person.id, text: person.displayName, isDisabled: reason !== undefined },
          label: <CandidateLabel person={person} reason={reason} />,
        }
      })}
      emptyWords={asked === '' ? 'Type the beginning of a name' : isLooking ? 'Searching' : noneWords}
      onPick={picked => {
        const person = people.find(one => one.id === picked)
        if (person === undefined) return
        const { id, kind, name, displayName } = person
        onPick({ id, kind, name, displayName })
      }}
    />
  )
}

function CandidateLabel({ person, reason }: { person: Candidate; reason: string | undefined }) {
  const styles = useStyles()
  return (
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
  )
}
