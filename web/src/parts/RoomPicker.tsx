import { Button, Field, Input } from '@fluentui/react-components'
import { useState } from 'react'
import { useSettled } from '../app/debounce.ts'
import { faultOf } from '../app/fault.ts'
import { useVerb } from '../app/query.ts'
import type { PickedRoom } from '../app/room-admin.ts'
import { FindBox } from './FindBox.tsx'

type RoomPickerProps = {
  label: string
  picked: PickedRoom | undefined
  onPick: (room: PickedRoom | undefined) => void
}

/** One of all rooms, found by a part of its name. */
export function RoomPicker({ label, picked, onPick }: RoomPickerProps) {
  const [text, setText] = useState('')
  const asked = useSettled(text.trim())
  const found = useVerb('room.list', { filter: `*${asked}*`, limit: 20 }, { enabled: asked !== '', keepOld: true })
  const rooms = asked === '' ? [] : (found.data?.rooms ?? [])
  if (picked !== undefined)
    return (
      <Field label={label}>
        <Input
          readOnly
          value={picked.name}
          contentAfter={
            <Button size="small" appearance="transparent" onClick={() => onPick(undefined)}>
              Clear
            </Button>
          }
        />
      </Field>
    )
  const noneWords = found.error === null ? 'No room has this in its name' : faultOf(found.error).sentence
  return (
    <FindBox
      label={label}
      placeholder="A part of its name"
      text={text}
      onText={setText}
      options={rooms.map(({ room, categoryName }) => ({
        id: room.id,
        text: room.name,
        label: `${room.name} (${categoryName})`,
      }))}
      emptyWords={asked === '' ? 'Type a part of its name' : found.isFetching ? 'Searching' : noneWords}
      onPick={id => {
        const room = rooms.find(one => one.room.id === id)?.room
        if (room !== undefined) onPick({ id: room.id, name: room.name })
      }}
    />
  )
}
