import { Button, makeStyles, Subtitle2, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Rights, Room } from '../../../src/protocol/room.ts'
import { useChat } from '../app/chat.ts'
import { forget } from '../app/query.ts'
import { type RoomQuestion, roomVerbsRead } from '../app/room-admin.ts'
import { disableWords } from '../app/room-words.ts'
import { go } from '../app/route.ts'
import { useTask } from '../app/task.ts'
import { FaultNote } from './FaultNote.tsx'
import { RoomQuestions } from './RoomQuestions.tsx'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalS,
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    paddingBlockStart: tokens.spacingVerticalM,
  },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
})

const enableWords =
  'The room is disabled: nobody can find, read or post. Re-enabling brings back its members, settings and history as they are.'
const askWords =
  'The room is disabled: nobody can find, read or post. Ask an administrator to re-enable it; you can still change it.'

type RoomDangerProps = { room: Room; rights: Rights }

/** Disabling, re-enabling, clearing and deleting: each says what it will do and asks once. */
export function RoomDanger({ room, rights }: RoomDangerProps) {
  const styles = useStyles()
  const { client } = useChat()
  const [asking, setAsking] = useState<RoomQuestion['kind']>()
  const { fault, isBusy, run } = useTask()
  if (!rights.manage && !rights.administer) return null
  const title = rights.administer ? 'Disable, clear or delete' : 'Disable'
  const enable = () =>
    run(async () => {
      await client.request('room.update', { room: room.id, disabled: false })
      forget(...roomVerbsRead)
    })
  return (
    <section className={styles.root} aria-label={title}>
      <Subtitle2 as="h2">{title}</Subtitle2>
      <Text>{room.disabled ? (rights.enable ? enableWords : askWords) : disableWords}</Text>
      <div className={styles.buttons}>
        {room.disabled ? (
          rights.enable ? (
            <Button disabled={isBusy} onClick={() => void enable()}>
              Re-enable
            </Button>
          ) : null
        ) : (
          <Button onClick={() => setAsking('disable')}>Disable</Button>
        )}
        {rights.administer ? <Button onClick={() => setAsking('clear')}>Clear history</Button> : null}
        {rights.administer ? <Button onClick={() => setAsking('delete')}>Delete</Button> : null}
      </div>
      <FaultNote fault={fault} />
      {asking === undefined ? null : (
        <RoomQuestions
          asking={{ kind: asking, room }}
          onClose={() => setAsking(undefined)}
          onDeleted={() => go({ page: 'find' })}
        />
      )}
    </section>
  )
}
