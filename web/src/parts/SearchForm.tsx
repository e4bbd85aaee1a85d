import { Button, Checkbox, Field, Input, makeStyles, Select, tokens } from '@fluentui/react-components'
import { SearchRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { matches, matchWords, type SearchQuery } from '../app/search-query.ts'
import { PrincipalPicker } from './PrincipalPicker.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS },
  row: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: tokens.spacingHorizontalM,
    alignItems: 'flex-end',
    '& > *': { flexGrow: 1, minWidth: '140px' },
  },
})

type SearchFormProps = { room?: string; initial: SearchQuery; onSearch: (query: SearchQuery) => void }

export function SearchForm({ room, initial, onSearch }: SearchFormProps) {
  const styles = useStyles()
  const [query, setQuery] = useState(initial)
  const change = (patch: Partial<SearchQuery>) => setQuery(now => ({ ...now, ...patch }))
  return (
    // biome-ignore lint/a11y/useSemanticElements: <search> is not known to every screen reader yet
    <form
      role="search"
      className={styles.root}
      onSubmit={event => {
        event.preventDefault()
        onSearch(query)
      }}
    >
      <Field label="Words">
        <Input
          type="search"
          value={query.text}
          contentBefore={<SearchRegular aria-hidden />}
          onChange={(_, { value }) => change({ text: value })}
        />
      </Field>
      <div className={styles.row}>
        <Field label="Match">
          <Select
            value={query.match}
            onChange={(_, { value }) => change({ match: matches.find(one => one === value) ?? 'all' })}
          >
            {matches.map(one => (
              <option key={one} value={one}>
                {matchWords[one]}
              </option>
            ))}
          </Select>
        </Field>
        <Field label="From day">
          <Input type="date" value={query.from} onChange={(_, { value }) => change({ from: value })} />
        </Field>
        <Field label="Until day">
          <Input type="date" value={query.until} onChange={(_, { value }) => change({ until: value })} />
        </Field>
      </div>
      {query.author === '' ? (
        <PrincipalPicker label="Author" kind="user" onPick={person => change({ author: person.name })} />
      ) : (
        <Field label="Author">
          <Input
            readOnly
            value={query.author}
            contentAfter={
              <Button size="small" appearance="transparent" onClick={() => change({ author: '' })}>
                Clear
              </Button>
            }
          />
        </Field>
      )}
      {room === undefined ? null : (
        <Checkbox
          label="Only in this room"
          checked={query.room === room}
          onChange={(_, { checked }) => change({ room: checked === true ? room : '' })}
        />
      )}
      <div>
        <Button type="submit" appearance="primary">
          Search
        </Button>
      </div>
    </form>
  )
}
