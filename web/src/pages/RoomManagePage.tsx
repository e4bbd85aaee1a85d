import { makeStyles, Spinner, tokens } from '@fluentui/react-components'
import { faultOf } from '../app/fault.ts'
import { useNarrow } from '../app/media.ts'
import { useVerb } from '../app/query.ts'
import type { Card } from '../app/room-draft.ts'
import { useWindowTitle } from '../app/window-title.ts'
import { EmptyState } from '../parts/EmptyState.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { OpenRoomLink } from '../parts/OpenRoomLink.tsx'
import { PageHeader } from '../parts/PageHeader.tsx'
import { RoomEditor } from '../parts/RoomEditor.tsx'
import { RoomMarks } from '../parts/RoomMarks.tsx'

const useStyles = makeStyles({
  root: { flexGrow: 1, minWidth: 0, minHeight: 0, display: 'flex', flexDirection: 'column' },
  note: { padding: tokens.spacingHorizontalL },
})

/** One room, for its managers and administrators: what it is, who is on its lists, disabling it. */
export function RoomManagePage({ room }: { room: string }) {
  const styles = useStyles()
  const isNarrow = useNarrow()
  const { data: card, error } = useVerb('room.get', { room })
  useWindowTitle(card === undefined ? 'Manage a room' : `Manage ${card.room.name}`)
  return (
    <main className={styles.root} data-pane="manage">
      <PageHeader title={card === undefined ? 'Manage a room' : card.room.name} back={{ page: 'rooms', of: 'managed' }}>
        {card === undefined ? null : (
          <>
            <RoomMarks room={card.room} />
            <OpenRoomLink room={card.room} isSmall={isNarrow} />
          </>
        )}
      </PageHeader>
      {error === null ? null : (
        <div className={styles.note}>
          <FaultNote fault={faultOf(error)} />
        </div>
      )}
      {card === undefined && error === null ? <Spinner label="Opening" delay={300} /> : null}
      {card === undefined ? null : <Managed card={card} />}
    </main>
  )
}

function Managed({ card }: { card: Card }) {
  if (!card.rights.manage && !card.rights.administer)
    return (
      <EmptyState title="Only managers of this room and administrators may change it. Ask one of its managers.">
        <OpenRoomLink room={card.room} />
      </EmptyState>
    )
  return <RoomEditor key={card.room.id} card={card} />
}
