import { Button, makeStyles, Subtitle2, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Principal } from '../../../src/protocol/principal.ts'
import type { Result } from '../../../src/protocol/request.ts'
import { useChat } from '../app/chat.ts'
import { useSettled } from '../app/debounce.ts'
import { countsInWords } from '../app/directory-words.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import { kindWords } from '../app/principal-words.ts'
import { useVerb } from '../app/query.ts'
import type { PickedRoom } from '../app/room-admin.ts'
import { FaultNote } from './FaultNote.tsx'
import { FindBox } from './FindBox.tsx'
import { PrincipalPicker } from './PrincipalPicker.tsx'

type Explained = Result<'directory.explain'>

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS, maxWidth: '90ch' },
  list: { margin: 0, paddingInlineStart: tokens.spacingHorizontalXL, overflowWrap: 'anywhere' },
  line: { margin: 0, overflowWrap: 'anywhere' },
})

/** Who somebody is, through what he is a member of each group, and why he may enter a room, or not. */
export function DirectoryExplain() {
  const styles = useStyles()
  const [who, setWho] = useState<Principal>()
  const [room, setRoom] = useState<PickedRoom>()
  const { data, error } = useVerb(
    'directory.explain',
    { user: who?.id ?? '', ...(room === undefined ? {} : { room: room.id }) },
    { enabled: who !== undefined },
  )
  return (
    <section className={styles.root} aria-label="Who somebody is, and why">
      <Subtitle2 as="h2">Who somebody is, and why he may enter a room</Subtitle2>
      <PrincipalPicker label="Person or group" onPick={setWho} />
      <RoomBox onPick={setRoom} />
      {room === undefined ? null : (
        <p className={styles.line}>
          Room: {room.name}{' '}
          <Button size="small" onClick={() => setRoom(undefined)}>
            Without a room
          </Button>
        </p>
      )}
      <FaultNote fault={error === null ? undefined : faultOf(error)} />
      {data === undefined ? null : <Explanation explained={data} />}
    </section>
  )
}

/** One of the rooms that whoever asks may know of. */
function RoomBox({ onPick }: { onPick: (room: PickedRoom) => void }) {
  const [text, setText] = useState('')
  const asked = useSettled(text.trim())
  const found = useVerb('room.find', { text: asked, limit: 20 }, { enabled: asked !== '', keepOld: true })
  const rooms = asked === '' ? [] : (found.data?.rooms ?? [])
  const noneWords = found.error === null ? 'No room of that name is known here' : faultOf(found.error).sentence
  return (
    <FindBox
      label="Room, if it is about one"
      placeholder="Name of a room"
      text={text}
      onText={setText}
      options={rooms.map(({ id, name, categoryName }) => ({ id, text: name, label: `${name} (${categoryName})` }))}
      emptyWords={asked === '' ? 'Type a part of its name' : found.isFetching ? 'Searching' : noneWords}
      onPick={picked => {
        const room = rooms.find(one => one.id === picked)
        if (room !== undefined) onPick({ id: room.id, name: room.name })
      }}
    />
  )
}

function Explanation({ explained }: { explained: Explained }) {
  const styles = useStyles()
  const { principal, source, dn, units, groups, room } = explained
  return (
    <div role="status">
      <p className={styles.line}>
        <strong>{principal.displayName}</strong> ({kindWords[principal.kind]}, {principal.name}){' '}
        {source === '' ? 'was made here' : `comes from ${source}${dn === null ? '' : `: ${dn}`}`}
        {units.length === 0 ? '' : `, in ${units.map(unit => unit.displayName).join(' in ')}`}.
      </p>
      <StandingLine explained={explained} />
      {explained.conflict === null ? null : <p className={styles.line}>{explained.conflict}</p>}
      {groups.length === 0 ? null : (
        <details open={groups.length <= 12}>
          <summary>
            {groups.length === 1 ? 'Member of one group' : `Member of ${groups.length.toLocaleString()} groups`}
          </summary>
          <ul className={styles.list}>
            {groups.map(({ group, sentence }) => (
              <li key={group.id}>
                {group.displayName}: {sentence}
              </li>
            ))}
          </ul>
        </details>
      )}
      {room === undefined ? null : (
        <>
          <p className={styles.line}>
            <strong>{room.mayRead ? `May enter ${room.name}.` : `May not enter ${room.name}.`}</strong>
          </p>
          <ul className={styles.list}>
            {room.sentences.map(sentence => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </>
      )}
      <ResyncButton explained={explained} />
    </div>
  )
}

function StandingLine({ explained }: { explained: Explained }) {
  const styles = useStyles()
  const by = (blamed: string | null) => (blamed === 'source' ? `by ${explained.source}` : 'by an administrator')
  const words = [
    ...(explained.disabled ? [`Disabled ${by(explained.disabledBy)}.`] : []),
    ...(explained.goneAt === null ? [] : ['Deleted in the directory.']),
    ...(explained.administrator ? [`Administrator, made so ${by(explained.administratorBy)}.`] : []),
  ]
  return words.length === 0 ? null : <p className={styles.line}>{words.join(' ')}</p>
}

function ResyncButton({ explained }: { explained: Explained }) {
  const styles = useStyles()
  const { client } = useChat()
  const [done, setDone] = useState<string>()
  const [fault, setFault] = useState<Fault>()
  if (explained.source === '') return null
  async function resync(): Promise<void> {
    setDone(undefined)
    setFault(undefined)
    try {
      const { run } = await client.request('directory.resync', { principal: explained.principal.id })
      setDone(countsInWords(run.counts))
    } catch (error) {
      setFault(faultOf(error))
    }
  }
  return (
    <>
      <Button onClick={() => void resync()}>Read {explained.principal.displayName} anew</Button>
      {done === undefined ? null : <p className={styles.line}>{done}.</p>}
      <FaultNote fault={fault} />
    </>
  )
}
