import { Button, makeStyles, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Invitation } from '../../../src/protocol/room.ts'
import { useChat } from '../app/chat.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import { go } from '../app/route.ts'
import { FaultNote } from './FaultNote.tsx'
import { RoomMarks } from './RoomMarks.tsx'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalXS,
    padding: tokens.spacingVerticalS,
    marginInline: tokens.spacingHorizontalS,
    borderRadius: tokens.borderRadiusMedium,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  buttons: { display: 'flex', gap: tokens.spacingHorizontalXS },
})

export function InvitationItem({ invitation }: { invitation: Invitation }) {
  const styles = useStyles()
  const { client, listing } = useChat()
  const [fault, setFault] = useState<Fault>()
  const { info, by, room } = invitation
  async function follow(): Promise<void> {
    try {
      await client.request('room.follow', { room })
      await listing.dismiss(room)
      go({ page: 'room', room })
    } catch (error) {
      setFault(faultOf(error))
    }
  }
  return (
    <li className={styles.root}>
      <Text weight="semibold">{info.name}</Text>
      <RoomMarks room={info} />
      <Text size={200}>
        {by === null ? 'You were added to this room.' : `${by.displayName} added you to this room.`}
      </Text>
      <FaultNote fault={fault} />
      <div className={styles.buttons}>
        <Button size="small" appearance="primary" onClick={() => void follow()}>
          Follow
        </Button>
        <Button
          size="small"
          onClick={() => void listing.dismiss(room).catch((error: unknown) => setFault(faultOf(error)))}
        >
          Not now
        </Button>
      </div>
    </li>
  )
}
