import {
  Button,
  Field,
  Input,
  makeStyles,
  Radio,
  RadioGroup,
  Subtitle2,
  Text,
  tokens,
} from '@fluentui/react-components'
import { SearchRegular } from '@fluentui/react-icons'
import { type ReactNode, useEffect, useId, useState } from 'react'
import type { Principal } from '../../../src/protocol/principal.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import type { KnownList } from '../app/room-conflict.ts'
import { type ListEdit, type ListName, listWords, withAdded, withRemoved } from '../app/room-edit.ts'
import { EligiblePicker } from './EligiblePicker.tsx'
import { FaultNote } from './FaultNote.tsx'
import { PersonLine } from './PersonLine.tsx'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalS,
    padding: tokens.spacingHorizontalL,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    minWidth: 0,
  },
  list: { listStyle: 'none', margin: 0, padding: 0, maxHeight: '360px', overflowY: 'auto' },
  quiet: { color: tokens.colorNeutralForeground2 },
})

const addWords: Record<ListName, string> = {
  members: 'Add a member',
  managers: 'Add a manager',
  presenters: 'Add a presenter',
}

/** As many as are drawn at once. */
const step = 100
/** Above so many one looks for a name instead of reading on. */
const searchable = 12

type PeopleEditorProps = {
  name: ListName
  category: string
  /** What is on the list, as far as it is known; nobody for a new room. */
  known: KnownList
  count: number
  edit: ListEdit
  /** Undefined: this list cannot be everyone in scope. */
  everyone?: { is: boolean; onChange: (everyone: boolean) => void }
  /** What an empty list means. */
  none: string
  note?: ReactNode
  onChange: (edit: ListEdit) => void
  /** Reads on; resolves when at least so many are known. */
  onMore?: (atLeast: number) => Promise<void>
}

function fits(person: Principal, text: string): boolean {
  return `${person.displayName} ${person.name}`.toLowerCase().includes(text)
}

function noneOf(known: KnownList, fault: Fault | undefined): string {
  if (known.isWhole) return 'Nobody of that name is on the list.'
  return fault === undefined ? 'Looking…' : 'Not among those that were read.'
}

/** One list of a room: who is on it, who comes, who goes. Nothing happens before the whole is saved. */
export function PeopleEditor(props: PeopleEditorProps) {
  const { name, category, known, count, edit, everyone, none, note, onChange, onMore } = props
  const styles = useStyles()
  const titleId = useId()
  const [shown, setShown] = useState(step)
  const [filter, setFilter] = useState('')
  const [fault, setFault] = useState<Fault>()
  const text = filter.trim().toLowerCase()
  const isAdded = (id: string) => edit.add.some(one => one.id === id)
  const isRemoved = (id: string) => edit.remove.some(one => one.id === id)
  const standing = known.people.filter(one => !isAdded(one.id) && (text === '' || fits(one, text)))
  const coming = edit.add.filter(one => text === '' || fits(one, text))
  const after = count + edit.add.length - edit.remove.length
  const isList = everyone?.is !== true

  // What is looked for may stand anywhere: the rest of a long list is read first.
  const wanted = text === '' ? shown : Number.POSITIVE_INFINITY
  const isShort = isList && !known.isWhole && known.people.length < wanted

  // biome-ignore lint/correctness/useExhaustiveDependencies: a longer list, or another text after a reading that failed
  useEffect(() => {
    setFault(undefined)
    if (!isShort || onMore === undefined) return
    let isHere = true
    onMore(wanted).catch(error => {
      if (isHere) setFault(faultOf(error))
    })
    return () => {
      isHere = false
    }
  }, [isShort, wanted, text, known])

  return (
    <section className={styles.root} aria-labelledby={titleId}>
      <Subtitle2 as="h2" id={titleId}>
        {listWords[name]}
        {isList ? ` (${after})` : ''}
      </Subtitle2>
      {everyone === undefined ? null : (
        <RadioGroup
          aria-label="Who is a member"
          value={everyone.is ? 'everyone' : 'list'}
          onChange={(_, { value }) => everyone.onChange(value === 'everyone')}
        >
          <Radio value="list" label="Those on this list" />
          <Radio value="everyone" label="Everyone in the scope of the category, now and later" />
        </RadioGroup>
      )}
      {note}
      {isList ? (
        <>
          <EligiblePicker
            label={addWords[name]}
            category={category}
            refusal={one =>
              isAdded(one.id) || (known.people.some(other => other.id === one.id) && !isRemoved(one.id))
                ? 'on this list already'
                : undefined
            }
            onPick={person => onChange(withAdded(edit, person))}
          />
          {count > searchable ? (
            <Field label={`Find among the ${count}`}>
              <Input
                type="search"
                size="small"
                contentBefore={<SearchRegular aria-hidden />}
                value={filter}
                onChange={(_, { value }) => setFilter(value)}
              />
            </Field>
          ) : null}
          {after === 0 && edit.remove.length === 0 ? <Text className={styles.quiet}>{none}</Text> : null}
          {coming.length + standing.length === 0 ? (
            text === '' ? null : (
              <Text className={styles.quiet}>{noneOf(known, fault)}</Text>
            )
          ) : (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
            <ul className={styles.list} tabIndex={0} aria-label={listWords[name]}>
              {coming.map(person => (
                <PersonLine
                  key={person.id}
                  person={person}
                  list={listWords[name].toLowerCase()}
                  state="added"
                  onToggle={() => onChange(withRemoved(edit, person))}
                />
              ))}
              {standing.slice(0, shown).map(person => (
                <PersonLine
                  key={person.id}
                  person={person}
                  list={listWords[name].toLowerCase()}
                  state={isRemoved(person.id) ? 'removed' : 'there'}
                  onToggle={() => onChange((isRemoved(person.id) ? withAdded : withRemoved)(edit, person))}
                />
              ))}
            </ul>
          )}
          <FaultNote fault={fault} />
          {text === '' && shown < count ? (
            <div>
              <Button size="small" onClick={() => setShown(shown + step)}>
                Show more ({Math.min(shown, standing.length)} of {count})
              </Button>
            </div>
          ) : null}
        </>
      ) : null}
    </section>
  )
}
