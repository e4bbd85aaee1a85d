import { Button, makeStyles, Persona, Subtitle2, Text, tokens } from '@fluentui/react-components'
import { DismissRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Principal } from '../../../src/protocol/principal.ts'
import type { Room, RoomRole } from '../../../src/protocol/room.ts'
import { useChat } from '../app/chat.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import { kindWords } from '../app/principal-words.ts'
import { forget, useVerb } from '../app/query.ts'
import { EligiblePicker } from './EligiblePicker.tsx'
import { FaultNote } from './FaultNote.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS },
  list: { listStyle: 'none', margin: 0, padding: 0, maxHeight: '320px', overflowY: 'auto' },
  item: { display: 'flex', alignItems: 'center', justifyContent: 'space-between', gap: tokens.spacingHorizontalS },
  quiet: { color: tokens.colorNeutralForeground2 },
})

const words: Record<
  RoomRole,
  { title: string; list: 'members' | 'managers' | 'presenters'; add: string; none: string }
> = {
  member: { title: 'Members', list: 'members', add: 'Add a member', none: 'No members yet.' },
  manager: { title: 'Managers', list: 'managers', add: 'Add a manager', none: 'No managers.' },
  presenter: {
    title: 'Presenters',
    list: 'presenters',
    add: 'Add a presenter',
    none: 'No presenters yet: nobody can post in this auditorium.',
  },
}

/** `list` null: everyone in scope. `count` is of the whole list, of which only the first stand in `list`. */
type RoomPeopleProps = { room: Room; role: RoomRole; list: Principal[] | null; count: number; mayManage: boolean }

export function RoomPeople({ room, role, list, count, mayManage }: RoomPeopleProps) {
  const styles = useStyles()
  const { client } = useChat()
  const [fault, setFault] = useState<Fault>()
  const [showsAll, setShowsAll] = useState(false)
  const all = useVerb('room.members', { room: room.id, role, limit: 1000 }, { enabled: showsAll })
  const people = all.data?.principals ?? list ?? []
  const { title, list: name, add, none } = words[role]

  async function change(changes: { add?: string[]; remove?: string[] }): Promise<void> {
    setFault(undefined)
    try {
      await client.request('room.update', { room: room.id, [name]: changes })
      forget('room.get', 'room.members')
    } catch (error) {
      setFault(faultOf(error))
    }
  }

  return (
    <section className={styles.root} aria-label={title}>
      <Subtitle2 as="h3">
        {title} {list === null ? '' : `(${count})`}
      </Subtitle2>
      {list === null ? (
        <Text>Everyone in the scope of the category.</Text>
      ) : people.length === 0 ? (
        <Text className={styles.quiet}>
          {role === 'member' && room.privacy === 'open' ? 'An open room needs no members.' : none}
        </Text>
      ) : (
        <ul className={styles.list}>
          {people.map(person => (
            <li key={person.id} className={styles.item}>
              <Persona
                name={person.displayName}
                secondaryText={person.kind === 'user' ? person.name : `${kindWords[person.kind]}, ${person.name}`}
                avatar={{ 'aria-hidden': true, color: 'colorful' }}
                size="small"
              />
              {mayManage ? (
                <Button
                  size="small"
                  appearance="subtle"
                  icon={<DismissRegular />}
                  aria-label={`Remove ${person.displayName} from the ${name}`}
                  onClick={() => void change({ remove: [person.id] })}
                />
              ) : null}
            </li>
          ))}
        </ul>
      )}
      {list !== null && count > people.length && !showsAll ? (
        <Button size="small" onClick={() => setShowsAll(true)}>
          Show all {count}
        </Button>
      ) : null}
      {mayManage && list !== null ? (
        <EligiblePicker
          label={add}
          category={room.category}
          refusal={one => (people.some(other => other.id === one.id) ? 'on this list already' : undefined)}
          onPick={person => void change({ add: [person.id] })}
        />
      ) : null}
      <FaultNote fault={fault} onDismiss={() => setFault(undefined)} />
    </section>
  )
}
