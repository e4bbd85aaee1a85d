import { Button, Checkbox, Field, Input, makeStyles, Select, tokens } from '@fluentui/react-components'
import { SearchRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNarrow } from '../app/media.ts'
import { useVerb } from '../app/query.ts'
import { noRoomQuery, type RoomQuery } from '../app/room-query.ts'
import { NamedPrincipal } from './NamedPrincipal.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  fields: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(180px, 1fr))',
    gap: tokens.spacingHorizontalM,
    marginBlock: tokens.spacingVerticalS,
    alignItems: 'start',
    // Fields are as wide as their place, not as they would like to be.
    '& > * > *': { minWidth: 0 },
    '& input': { minWidth: 0, width: '100%' },
  },
  summary: { cursor: 'pointer' },
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
})

type Choice = { key: keyof RoomQuery; label: string; options: readonly (readonly [string, string])[] }

const choices: readonly Choice[] = [
  {
    key: 'privacy',
    label: 'Privacy',
    options: [
      ['open', 'Open'],
      ['closed', 'Closed'],
      ['secret', 'Secret'],
    ],
  },
  {
    key: 'type',
    label: 'Type',
    options: [
      ['normal', 'Normal'],
      ['auditorium', 'Auditorium'],
    ],
  },
  {
    key: 'disabled',
    label: 'Disabled',
    options: [
      ['yes', 'Disabled'],
      ['no', 'In use'],
    ],
  },
  {
    key: 'invitations',
    label: 'Invitations',
    options: [
      ['inherit', 'As the category'],
      ['off', 'Off'],
    ],
  },
]

type RoomFilterProps = { query: RoomQuery; onSearch: (query: RoomQuery) => void }

/** Which rooms: what Get-CsPersistentChatRoom asks. */
export function RoomFilter({ query, onSearch }: RoomFilterProps) {
  const styles = useStyles()
  const [now, setNow] = useState(query)
  const categories = useVerb('category.list', {}).data?.categories ?? []
  const addins = useVerb('addin.list', {}).data?.addins ?? []
  const isNarrow = useNarrow()
  // Where there is little room the table comes first, unless more was asked for.
  const [isOpen] = useState(
    () => !isNarrow || Object.entries(query).some(([key, value]) => key !== 'filter' && value !== ''),
  )
  const change = (patch: Partial<RoomQuery>) => setNow(old => ({ ...old, ...patch }))
  const all: Choice[] = [
    { key: 'category', label: 'Category', options: categories.map(one => [one.id, one.name] as const) },
    ...choices,
    { key: 'addin', label: 'Add-in', options: addins.map(one => [one.id, one.name] as const) },
  ]
  return (
    // biome-ignore lint/a11y/useSemanticElements: <search> is not known to every screen reader yet
    <form
      role="search"
      aria-label="Filter the rooms"
      className={styles.root}
      onSubmit={event => {
        event.preventDefault()
        onSearch(now)
      }}
    >
      <Field label="Name" hint="* stands for anything, ? for one character">
        <Input
          type="search"
          value={now.filter}
          contentBefore={<SearchRegular aria-hidden />}
          onChange={(_, { value }) => change({ filter: value })}
        />
      </Field>
      <details open={isOpen}>
        <summary className={styles.summary}>More filters</summary>
        <div className={styles.fields}>
          {all.map(({ key, label, options }) => (
            <Field key={key} label={label}>
              <Select value={now[key]} onChange={(_, { value }) => change({ [key]: value })}>
                <option value="">Any</option>
                {options.map(([value, name]) => (
                  <option key={value} value={value}>
                    {name}
                  </option>
                ))}
              </Select>
            </Field>
          ))}
          <NamedPrincipal label="Has the member" name={now.member} onName={member => change({ member })} />
          <NamedPrincipal label="Has the manager" name={now.manager} onName={manager => change({ manager })} />
          <Field label="Content over, in MB">
            <Input type="number" min={0} step="any" value={now.mb} onChange={(_, { value }) => change({ mb: value })} />
          </Field>
        </div>
        <Checkbox
          label="Look for the name in descriptions too"
          checked={now.description !== ''}
          onChange={(_, { checked }) => change({ description: checked === true ? 'yes' : '' })}
        />
      </details>
      <div className={styles.bar}>
        <Button type="submit" appearance="primary">
          Filter
        </Button>
        <Button
          onClick={() => {
            setNow(noRoomQuery)
            onSearch(noRoomQuery)
          }}
        >
          Show all
        </Button>
      </div>
    </form>
  )
}
