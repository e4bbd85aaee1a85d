import { Button, makeStyles, tokens } from '@fluentui/react-components'
import type { Result } from '../../../src/protocol/request.ts'
import type { Fault } from '../app/fault.ts'
import { go } from '../app/route.ts'
import { BrokenGlass } from './BrokenGlass.tsx'
import { EmptyState } from './EmptyState.tsx'
import { PageHeader } from './PageHeader.tsx'
import { RoomCard } from './RoomCard.tsx'

const useStyles = makeStyles({
  root: { flexGrow: 1, minWidth: 0, overflowY: 'auto' },
  card: { maxWidth: '640px', paddingInline: tokens.spacingHorizontalL, paddingBlockEnd: tokens.spacingVerticalXXL },
})

type RoomRefusalProps = { fault: Fault | undefined; isDisabled: boolean; card: Result<'room.get'> | undefined }

/** Why a room does not open. Who may know of it sees what it is, and who manages it manages it from here. */
export function RoomRefusal({ fault, isDisabled, card }: RoomRefusalProps) {
  const styles = useStyles()
  const lost = 'You can no longer open this room: you were taken off its list, or it was deleted. Ask who manages it.'
  const disabled =
    'This room is disabled. Nobody reads or posts until an administrator re-enables it; its history is kept.'
  const sentence = isDisabled || card?.room.disabled ? disabled : (fault?.sentence ?? lost)
  return (
    <main className={styles.root}>
      <PageHeader title={card?.room.name ?? 'Room'} />
      <EmptyState title={sentence}>
        {fault?.id === undefined ? null : <p>Tell support this id: {fault.id}</p>}
        <Button onClick={() => go({ page: 'find' })}>Find rooms</Button>
      </EmptyState>
      {card === undefined ? null : <BrokenGlass card={card} />}
      {card === undefined ? null : (
        <div className={styles.card}>
          <RoomCard card={card} />
        </div>
      )}
    </main>
  )
}
