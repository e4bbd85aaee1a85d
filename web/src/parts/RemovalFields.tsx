import { Checkbox, Field, Input, makeStyles, Select, tokens } from '@fluentui/react-components'
import { type Match, matchWords, type Removal } from '../app/removal.ts'
import { PrincipalPicker } from './PrincipalPicker.tsx'
import { PrincipalTags } from './PrincipalTags.tsx'

const useStyles = makeStyles({
  row: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(220px, 1fr))',
    gap: tokens.spacingHorizontalM,
    alignItems: 'start',
    // Fields are as wide as their place, not as they would like to be.
    '& > * > *': { minWidth: 0 },
    '& input': { minWidth: 0, width: '100%' },
  },
  list: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXS },
})

type RemovalFieldsProps = { removal: Removal; onChange: (patch: Partial<Removal>) => void }

/** Which messages of a room: by whom, when, with which words. */
export function RemovalFields({ removal, onChange }: RemovalFieldsProps) {
  const styles = useStyles()
  const { authors, from, until, text, match, matchCase } = removal
  return (
    <>
      <div className={styles.list}>
        <PrincipalPicker
          label="Posted by"
          kind="user"
          onPick={one => onChange({ authors: [...authors.filter(other => other.id !== one.id), one] })}
        />
        <PrincipalTags
          label="Posted by"
          principals={authors}
          onRemove={one => onChange({ authors: authors.filter(other => other.id !== one.id) })}
        />
      </div>
      <div className={styles.row}>
        <Field label="From" hint="Your local time">
          <Input type="datetime-local" value={from} onChange={(_, { value }) => onChange({ from: value })} />
        </Field>
        <Field label="Until" hint="Your local time">
          <Input type="datetime-local" value={until} onChange={(_, { value }) => onChange({ until: value })} />
        </Field>
      </div>
      <div className={styles.row}>
        <Field label="With the words">
          <Input value={text} onChange={(_, { value }) => onChange({ text: value })} />
        </Field>
        <Field label="How the words count">
          <Select value={match} onChange={(_, { value }) => onChange({ match: value as Match })}>
            {Object.entries(matchWords).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </Select>
        </Field>
      </div>
      <Checkbox
        label="Capital and small letters as written"
        checked={matchCase}
        onChange={(_, { checked }) => onChange({ matchCase: checked === true })}
      />
    </>
  )
}
