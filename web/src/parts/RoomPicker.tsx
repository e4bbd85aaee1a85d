import { Button, Combobox, Field, Input, Option } from '@fluentui/react-components'
import { useState } from 'react'
import { useSettled } from '../app/debounce.ts'
import { useVerb } from '../app/query.ts'

export type PickedRoom = { id: string; name: string }

type RoomPickerProps = {
  label: string
  picked: PickedRoom | undefined
  onPick: (room: PickedRoom | undefined) => void
}

/** One of all rooms, found by a part of its name. */
export function RoomPicker({ label, picked, onPick }: RoomPickerProps) {
  const [text, setText] = useState('')
  const [isOpen, setOpen] = useState(false)
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
  return (
    <Field label={label}>
      <Combobox
        freeform
        inlinePopup
        positioning={{ strategy: 'fixed' }}
        placeholder="A part of its name"
        value={text}
        selectedOptions={[]}
        open={isOpen}
        onOpenChange={(_, { open }) => setOpen(open)}
        onChange={event => {
          setText(event.target.value)
          setOpen(true)
        }}
        onOptionSelect={(_, { optionValue }) => {
          const room = rooms.find(one => one.room.id === optionValue)?.room
          if (room === undefined) return
          setText('')
          onPick({ id: room.id, name: room.name })
        }}
      >
        {rooms.map(({ room, categoryName }) => (
          <Option key={room.id} value={room.id} text={room.name}>
            <span>
              {room.name} ({categoryName})
            </span>
          </Option>
        ))}
        {rooms.length === 0 ? (
          <Option key="none" value="" text="" disabled>
            {asked === '' ? 'Type a part of its name' : found.isFetching ? 'Searching' : 'No room has this in its name'}
          </Option>
        ) : null}
      </Combobox>
    </Field>
  )
}
