import { Input, makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { type KeyboardEvent, useState } from 'react'
import { useSettled } from '../app/debounce.ts'
import { useListing } from '../app/listed-rooms.ts'
import { useVerb } from '../app/query.ts'
import { go } from '../app/route.ts'
import { ModalFrame } from './ModalFrame.tsx'
import { RoomMarks } from './RoomMarks.tsx'

const useStyles = makeStyles({
  input: { width: '100%' },
  list: {
    listStyle: 'none',
    margin: 0,
    padding: 0,
    marginBlockStart: tokens.spacingVerticalS,
    maxHeight: '50vh',
    overflowY: 'auto',
  },
  option: {
    display: 'flex',
    justifyContent: 'space-between',
    gap: tokens.spacingHorizontalM,
    padding: tokens.spacingVerticalS,
    borderRadius: tokens.borderRadiusMedium,
    cursor: 'pointer',
  },
  active: { backgroundColor: tokens.colorSubtleBackgroundSelected, color: tokens.colorNeutralForeground1Selected },
  unread: { fontWeight: tokens.fontWeightBold },
})

/** Ctrl+K: go to a room by name, one's own first. */
export function RoomSwitcher({ onClose }: { onClose: () => void }) {
  const styles = useStyles()
  const { rooms } = useListing()
  const [text, setText] = useState('')
  const [active, setActive] = useState(0)
  const asked = useSettled(text.trim())
  const found = useVerb('room.find', { text: asked, limit: 20 }, { enabled: asked !== '', keepOld: true })
  const wanted = text.trim().toLocaleLowerCase()
  const mine = rooms
    .filter(room => room.info.name.toLocaleLowerCase().includes(wanted))
    .sort((a, b) => Number(b.unread > 0) - Number(a.unread > 0))
  const others = wanted === '' ? [] : (found.data?.rooms ?? [])
  const options = [
    ...mine,
    ...others.filter(room => !mine.some(one => one.info.id === room.id)).map(info => ({ info, unread: 0 })),
  ].slice(0, 20)

  function open(index: number): void {
    const option = options[index]
    if (option === undefined) return
    onClose()
    go({ page: 'room', room: option.info.id })
  }
  function onKeyDown(event: KeyboardEvent): void {
    const last = Math.max(0, options.length - 1)
    if (event.key === 'ArrowDown') setActive(now => Math.min(last, now + 1))
    else if (event.key === 'ArrowUp') setActive(now => Math.max(0, now - 1))
    else if (event.key === 'Enter') open(active)
    else return
    event.preventDefault()
  }

  return (
    <ModalFrame title="Go to a room" onClose={onClose}>
      <Input
        className={styles.input}
        value={text}
        input={{
          role: 'combobox',
          'aria-expanded': true,
          'aria-controls': 'switcher-rooms',
          'aria-activedescendant': options[active] === undefined ? undefined : `switcher-${active}`,
          autoFocus: true,
        }}
        aria-label="Name of the room"
        placeholder="Name of the room"
        onChange={(_, { value }) => {
          setText(value)
          setActive(0)
        }}
        onKeyDown={onKeyDown}
      />
      <div role="listbox" id="switcher-rooms" aria-label="Rooms" className={styles.list}>
        {options.map(({ info, unread }, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: see above
          // biome-ignore lint/a11y/useKeyWithClickEvents: Enter in the box opens the active one
          <div
            key={info.id}
            id={`switcher-${index}`}
            role="option"
            aria-selected={index === active}
            className={mergeClasses(styles.option, index === active && styles.active, unread > 0 && styles.unread)}
            onClick={() => open(index)}
          >
            <span>
              {info.name} {unread > 0 ? `(${unread})` : ''}
            </span>
            <RoomMarks room={info} />
          </div>
        ))}
      </div>
      {options.length === 0 ? <p>{wanted === '' ? 'Type the name of a room.' : 'No room of this name.'}</p> : null}
    </ModalFrame>
  )
}
