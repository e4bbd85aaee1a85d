import { makeStyles, Text, tokens } from '@fluentui/react-components'
import type { Principal } from '../../../src/protocol/principal.ts'
import type { ScopeChange } from '../../../src/protocol/simulation.ts'
import { counted } from '../app/count-words.ts'

const useStyles = makeStyles({
  counts: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalXXL },
  count: { display: 'flex', flexDirection: 'column' },
  figure: { fontVariantNumeric: 'tabular-nums' },
  list: {
    margin: 0,
    paddingInlineStart: tokens.spacingHorizontalXL,
    maxHeight: '180px',
    overflowY: 'auto',
    overflowWrap: 'anywhere',
  },
})

const shownPeople = 20
const shownRooms = 20

/** The answer of the membership simulator: counts first, then names. */
export function ScopeResult({ result }: { result: ScopeChange }) {
  const styles = useStyles()
  const { gains, loses, regained, partly } = result
  const figures = [
    { name: 'gain', count: gains.users },
    { name: 'lose', count: loses.users },
  ]
  return (
    <>
      <div className={styles.counts} role="status">
        {figures.map(({ name, count }) => (
          <span key={name} className={styles.count}>
            <Text size={600} weight="semibold" className={styles.figure}>
              {count.toLocaleString()}
            </Text>
            <Text>{count === 1 ? `user ${name}s` : `users ${name}`}</Text>
          </span>
        ))}
      </div>
      <People label="Gain" total={gains.users} people={gains.sample} />
      <People label="Lose" total={loses.users} people={loses.sample} />
      <Rooms
        label="Rooms that lose entries"
        words={`${counted(result.entryCount, 'entry', 'entries')} in ${counted(result.roomCount, 'room')} lose their effect`}
        rooms={result.rooms}
        total={result.roomCount}
      />
      <Rooms
        label="Rooms that get entries back"
        words={`${counted(regained.entryCount, 'entry', 'entries')} in ${counted(regained.roomCount, 'room')} have effect again`}
        rooms={regained.rooms}
        total={regained.roomCount}
      />
      {partly.entryCount > 0 ? (
        <Text>{counted(partly.entryCount, 'entry stands', 'entries stand')} for fewer people than before.</Text>
      ) : null}
      {result.roomCount === 0 && loses.users > 0 ? <Text>No room loses an entry.</Text> : null}
    </>
  )
}

function People({ label, total, people }: { label: string; total: number; people: readonly Principal[] }) {
  const styles = useStyles()
  if (total === 0) return null
  const shown = people.slice(0, shownPeople)
  return (
    <div>
      <Text weight="semibold">{label}</Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <ul className={styles.list} tabIndex={0} aria-label={`${label}: the first by name`}>
        {shown.map(one => (
          <li key={one.id}>
            {one.displayName} ({one.name})
          </li>
        ))}
      </ul>
      {total > shown.length ? <Text size={200}>and {counted(total - shown.length, 'other')}</Text> : null}
    </div>
  )
}

type RoomsProps = { label: string; words: string; rooms: ScopeChange['rooms']; total: number }

function Rooms({ label, words, rooms, total }: RoomsProps) {
  const styles = useStyles()
  if (total === 0) return null
  const shown = rooms.slice(0, shownRooms)
  return (
    <div>
      <Text weight="semibold">{words}</Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <ul className={styles.list} tabIndex={0} aria-label={label}>
        {shown.map(({ room, entries, sample }) => (
          <li key={room.id}>
            {room.name}: {entries.toLocaleString()}
            {sample.length === 0
              ? ''
              : ` (${sample
                  .slice(0, 3)
                  .map(({ principal, role }) => `${principal.displayName}, ${role}`)
                  .join('; ')}${entries > 3 ? '; …' : ''})`}
          </li>
        ))}
      </ul>
      {total > shown.length ? <Text size={200}>and {counted(total - shown.length, 'other room')}</Text> : null}
    </div>
  )
}
