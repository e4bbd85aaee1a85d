import { makeStyles, Persona, tokens } from '@fluentui/react-components'
import type { RoomState } from '../../../src/client/room-state.ts'
import { faultOf } from '../app/fault.ts'
import { useVerb } from '../app/query.ts'
import { EmptyState } from './EmptyState.tsx'
import { FaultNote } from './FaultNote.tsx'

const useStyles = makeStyles({
  list: {
    listStyle: 'none',
    margin: 0,
    padding: 0,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalS,
  },
})

/** Who is in the room now. Above the cut-off the server stops telling: then the list is asked for. */
export function ParticipantsPane({ state }: { state: RoomState }) {
  const styles = useStyles()
  const asked = useVerb('participant.list', { room: state.id }, { enabled: state.participants === undefined })
  const people = state.participants ?? asked.data?.participants ?? []
  if (asked.error !== null) return <FaultNote fault={faultOf(asked.error)} />
  if (people.length === 0) return <EmptyState title="Nobody is here now. Who opens the room appears in this list." />
  const sorted = [...people].sort((a, b) => a.displayName.localeCompare(b.displayName))
  return (
    <ul className={styles.list}>
      {sorted.map(person => (
        <li key={person.id}>
          <Persona
            name={person.displayName}
            secondaryText={person.name}
            avatar={{ color: 'colorful', 'aria-hidden': true }}
            size="medium"
          />
        </li>
      ))}
    </ul>
  )
}
