import { makeStyles, tokens } from '@fluentui/react-components'
import { useCallback, useRef, useState } from 'react'
import { useListing } from '../app/listed-rooms.ts'
import { useNarrow } from '../app/media.ts'
import { roomSections } from '../app/room-sections.ts'
import { type Route, useRoute } from '../app/route.ts'
import { useShortcuts } from '../app/shortcuts.ts'
import { ConnectionLine } from '../parts/ConnectionLine.tsx'
import { KeyHelp } from '../parts/KeyHelp.tsx'
import { Rail } from '../parts/Rail.tsx'
import { RoomList } from '../parts/RoomList.tsx'
import { RoomSwitcher } from '../parts/RoomSwitcher.tsx'
import { PlacePage } from './PlacePage.tsx'

const useStyles = makeStyles({
  root: { height: '100%', display: 'flex', flexDirection: 'column' },
  panes: {
    display: 'flex',
    flexGrow: 1,
    minHeight: 0,
    backgroundColor: tokens.colorNeutralBackground1,
    '@media (max-width: 719px)': { flexDirection: 'column' },
  },
})

/** The window: rail, rooms, and the place where one is. On a phone one of them at a time. */
export function WindowPage() {
  const styles = useStyles()
  const { rooms } = useListing()
  const route = useRoute()
  const isNarrow = useNarrow()
  const [overlay, setOverlay] = useState<'switcher' | 'help'>()
  const current = route.page === 'room' ? route.room : undefined
  const lastChat = useRef<Route>({ page: 'home' })
  if (route.page === 'room') lastChat.current = { page: 'room', room: route.room }
  if (route.page === 'home') lastChat.current = route

  useShortcuts({
    rooms: roomSections(rooms, '').flatMap(section => section.rooms),
    current,
    onSwitcher: useCallback(() => setOverlay('switcher'), []),
    onHelp: useCallback(() => setOverlay('help'), []),
  })

  const isChat = route.page === 'home' || route.page === 'room'
  return (
    <div className={styles.root}>
      <ConnectionLine />
      <div className={styles.panes}>
        {isNarrow && route.page === 'room' ? null : (
          <Rail page={route.page} chatRoute={isNarrow ? { page: 'home' } : lastChat.current} />
        )}
        {isNarrow ? (
          route.page === 'home' ? (
            <RoomList current={undefined} />
          ) : null
        ) : isChat ? (
          <RoomList current={current} />
        ) : null}
        {isNarrow && route.page === 'home' ? null : <PlacePage route={route} />}
      </div>
      {overlay === 'switcher' ? <RoomSwitcher onClose={() => setOverlay(undefined)} /> : null}
      {overlay === 'help' ? <KeyHelp onClose={() => setOverlay(undefined)} /> : null}
    </div>
  )
}
