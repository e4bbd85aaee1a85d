import { Button, makeStyles, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Result } from '../../../src/protocol/request.ts'
import type { RoomRole } from '../../../src/protocol/room.ts'
import { useChat } from '../app/chat.ts'
import { openManagement } from '../app/management.ts'
import { markWords, roomMarks } from '../app/room-words.ts'
import { GlassRecord } from './GlassRecord.tsx'
import { RoomDanger } from './RoomDanger.tsx'
import { RoomForm } from './RoomForm.tsx'
import { RoomMarks } from './RoomMarks.tsx'
import { RoomPeople } from './RoomPeople.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL },
  facts: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXS },
  quiet: { color: tokens.colorNeutralForeground2 },
  address: { overflowWrap: 'anywhere', fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
})

const lists = [
  { role: 'member', name: 'members' },
  { role: 'manager', name: 'managers' },
  { role: 'presenter', name: 'presenters' },
] as const satisfies { role: RoomRole; name: string }[]

type RoomCardProps = { card: Result<'room.get'> }

/** What a room is and who is on its lists; its managers change it here. */
export function RoomCard({ card }: RoomCardProps) {
  const styles = useStyles()
  const { room, rights } = card
  const { client } = useChat()
  const [isEditing, setEditing] = useState(false)
  const mayManage = rights.manage
  return (
    <div className={styles.root}>
      {isEditing ? (
        <RoomForm room={room} onDone={() => setEditing(false)} />
      ) : (
        <div className={styles.facts}>
          <Text weight="semibold">{room.name}</Text>
          <Text>{room.description === '' ? 'No description yet.' : room.description}</Text>
          <Text className={styles.quiet}>Category: {room.categoryName}</Text>
          <RoomMarks room={room} />
          {roomMarks(room).map(mark => (
            <Text key={mark} size={200} className={styles.quiet}>
              {markWords[mark].word}: {markWords[mark].meaning}
            </Text>
          ))}
          {room.chatHistory ? null : (
            <Text size={200} className={styles.quiet}>
              This category keeps no history: messages are seen live only.
            </Text>
          )}
          <Text className={styles.address}>{room.uri}</Text>
          {mayManage ? (
            <div>
              <Button onClick={() => setEditing(!openManagement(client, room.id))}>Change this room</Button>
            </div>
          ) : null}
        </div>
      )}
      {lists.map(({ role, name }) => {
        const list = card[name]
        const count = card.counts?.[name] ?? 0
        if (list === undefined || (role === 'presenter' && room.type === 'normal' && count === 0)) return null
        return <RoomPeople key={role} room={room} role={role} list={list} count={count} mayManage={mayManage} />
      })}
      <GlassRecord card={card} />
      <RoomDanger room={room} rights={rights} />
    </div>
  )
}
