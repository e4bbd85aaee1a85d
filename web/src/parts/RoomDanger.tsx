import { Button, Field, Input, makeStyles, Subtitle2, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Rights, Room } from '../../../src/protocol/room.ts'
import { useChat } from '../app/chat.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import { forget } from '../app/query.ts'
import { go } from '../app/route.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { FaultNote } from './FaultNote.tsx'

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

const disableWords =
  'Disabling puts everyone out of the room at once, and nobody can find, read, search or post. Members, settings and history are kept. An administrator can re-enable it, a manager cannot.'
const enableWords =
  'The room is disabled: nobody can find, read or post. Re-enabling brings back its members, settings and history as they are.'
const askWords =
  'The room is disabled: nobody can find, read or post. Ask an administrator to re-enable it; you can still change it.'

type RoomDangerProps = { room: Room; rights: Rights }

/** Disabling, re-enabling, clearing and deleting: each says what it will do and asks once. */
export function RoomDanger({ room, rights }: RoomDangerProps) {
  const styles = useStyles()
  const { client } = useChat()
  const [asking, setAsking] = useState<'disable' | 'clear' | 'delete'>()
  const [until, setUntil] = useState('')
  const [fault, setFault] = useState<Fault>()
  if (!rights.manage && !rights.administer) return null
  const title = rights.administer ? 'Disable, clear or delete' : 'Disable'
  const close = () => setAsking(undefined)
  async function enable(): Promise<void> {
    try {
      await client.request('room.update', { room: room.id, disabled: false })
      forget('room.get', 'room.find')
    } catch (error) {
      setFault(faultOf(error))
    }
  }
  return (
    <section className={styles.root} aria-label={title}>
      <Subtitle2 as="h2">{title}</Subtitle2>
      <Text>{room.disabled ? (rights.enable ? enableWords : askWords) : disableWords}</Text>
      <div className={styles.buttons}>
        {room.disabled ? (
          rights.enable ? (
            <Button onClick={() => void enable()}>Re-enable</Button>
          ) : null
        ) : (
          <Button onClick={() => setAsking('disable')}>Disable</Button>
        )}
        {rights.administer ? <Button onClick={() => setAsking('clear')}>Clear history</Button> : null}
        {rights.administer ? <Button onClick={() => setAsking('delete')}>Delete</Button> : null}
      </div>
      <FaultNote fault={fault} />
      <ConfirmDialog
        title={`Disable ${room.name}?`}
        action="Disable it"
        isOpen={asking === 'disable'}
        onClose={close}
        onConfirm={async () => {
          await client.request('room.update', { room: room.id, disabled: true })
          forget('room.get', 'room.find')
        }}
      >
        {disableWords}
      </ConfirmDialog>
      <ConfirmDialog
        title={`Clear the history of ${room.name}?`}
        action="Clear it"
        isOpen={asking === 'clear'}
        canConfirm={!Number.isNaN(Date.parse(until))}
        onClose={close}
        onConfirm={() => client.request('room.clear', { room: room.id, until: new Date(until).toISOString() })}
      >
        <Field label="Clear everything posted up to" hint="Your local time">
          <Input type="datetime-local" value={until} onChange={(_, { value }) => setUntil(value)} />
        </Field>
        These messages are gone for every reader. This cannot be undone. The clearing is recorded.
      </ConfirmDialog>
      <ConfirmDialog
        title={`Delete ${room.name}?`}
        action="Delete it for good"
        isOpen={asking === 'delete'}
        onClose={close}
        onConfirm={async () => {
          await client.request('room.delete', { room: room.id })
          forget('room.find')
          go({ page: 'find' })
        }}
      >
        The room, its lists and all its messages are gone for everyone. This cannot be undone. To keep the history,
        disable the room instead.
      </ConfirmDialog>
    </section>
  )
}
