import type { RoomState } from '../../../src/client/room-state.ts'
import type { Result } from '../../../src/protocol/request.ts'
import { go, type Pane } from '../app/route.ts'
import { FilesPane } from './FilesPane.tsx'
import { ParticipantsPane } from './ParticipantsPane.tsx'
import { RoomAddin } from './RoomAddin.tsx'
import { RoomCard } from './RoomCard.tsx'
import { SearchPanel } from './SearchPanel.tsx'
import { SidePane } from './SidePane.tsx'

const titles: Record<Pane, string> = {
  people: 'Participants',
  card: 'About this room',
  search: 'Search in this room',
  files: 'Files',
  addin: 'Add-in',
}

type RoomPaneProps = { pane: Pane; state: RoomState; card: Result<'room.get'> | undefined }

export function RoomPane({ pane, state, card }: RoomPaneProps) {
  const room = state.info ?? card?.room
  const title = pane === 'addin' ? (room?.addin?.name ?? titles.addin) : titles[pane]
  return (
    <SidePane title={title} isWide={pane === 'addin'} onClose={() => go({ page: 'room', room: state.id })}>
      {pane === 'people' ? <ParticipantsPane state={state} /> : null}
      {pane === 'card' && card !== undefined ? <RoomCard card={card} /> : null}
      {pane === 'files' ? <FilesPane room={state.id} /> : null}
      {pane === 'addin' && room !== undefined ? <RoomAddin room={room} /> : null}
      {pane === 'search' ? <SearchPanel room={state.id} /> : null}
    </SidePane>
  )
}
