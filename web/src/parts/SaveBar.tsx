import { Button, makeStyles, Text, tokens } from '@fluentui/react-components'
import { useChat } from '../app/chat.ts'
import type { Fault } from '../app/fault.ts'
import type { RoomVersion } from '../app/room-conflict.ts'
import type { RoomEdit } from '../app/room-edit.ts'
import { saveWarning } from '../app/save-warning.ts'
import { FaultNote } from './FaultNote.tsx'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalS,
    flexShrink: 0,
    padding: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalL}`,
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground2,
  },
  line: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalM },
  words: { flexGrow: 1, flexBasis: '220px', minWidth: 0, overflowWrap: 'anywhere' },
  buttons: { display: 'flex', gap: tokens.spacingHorizontalS },
})

type SaveBarProps = {
  changes: readonly string[]
  base: RoomVersion
  edit: RoomEdit
  isBusy: boolean
  isUnfit: boolean
  fault: Fault | undefined
  onDiscard: () => void
}

/** What a save will change, before it does; where it would shut me out, it says so. */
export function SaveBar({ changes, base, edit, isBusy, isUnfit, fault, onDiscard }: SaveBarProps) {
  const styles = useStyles()
  const { me } = useChat()
  if (changes.length === 0 && fault === undefined) return null
  const warning = saveWarning(me, base, edit)
  return (
    <section className={styles.root} aria-label="Unsaved changes">
      <FaultNote fault={fault} />
      {warning === undefined ? null : (
        <Text weight="semibold" role="status">
          {warning}
        </Text>
      )}
      {changes.length === 0 ? null : (
        <div className={styles.line}>
          <Text className={styles.words}>
            <strong>Not saved yet.</strong> {changes.join('; ')}
          </Text>
          <span className={styles.buttons}>
            <Button onClick={onDiscard} disabled={isBusy}>
              Discard
            </Button>
            <Button type="submit" form="room-form" appearance="primary" disabled={isBusy || isUnfit}>
              Save changes
            </Button>
          </span>
        </div>
      )}
    </section>
  )
}
