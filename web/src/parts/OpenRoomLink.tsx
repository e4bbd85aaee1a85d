import { Button } from '@fluentui/react-components'
import { ChatRegular } from '@fluentui/react-icons'
import type { Room } from '../../../src/protocol/room.ts'
import { routeHash } from '../app/route.ts'

type OpenRoomLinkProps = { room: Pick<Room, 'id' | 'name'>; isSmall?: boolean }

/** Leads to the conversation of a room. */
export function OpenRoomLink({ room, isSmall = false }: OpenRoomLinkProps) {
  const label = `Open ${room.name}`
  return (
    <Button
      as="a"
      icon={<ChatRegular />}
      href={routeHash({ page: 'room', room: room.id })}
      {...(isSmall ? { appearance: 'subtle', 'aria-label': label, title: label } : { children: 'Open the room' })}
    />
  )
}
