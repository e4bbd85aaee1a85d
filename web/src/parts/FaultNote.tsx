import { Button, MessageBar, MessageBarActions, MessageBarBody } from '@fluentui/react-components'
import { DismissRegular } from '@fluentui/react-icons'
import type { Fault } from '../app/fault.ts'

type FaultNoteProps = { fault: Fault | undefined; onDismiss?: () => void }

/** One sentence, and the id that support needs. */
export function FaultNote({ fault, onDismiss }: FaultNoteProps) {
  if (fault === undefined) return null
  return (
    <MessageBar intent="error" layout="multiline" role="alert">
      <MessageBarBody>
        {fault.sentence}
        {fault.id === undefined ? null : ` Tell support this id: ${fault.id}`}
      </MessageBarBody>
      {onDismiss === undefined ? null : (
        <MessageBarActions
          containerAction={
            <Button aria-label="Dismiss" appearance="transparent" icon={<DismissRegular />} onClick={onDismiss} />
          }
        />
      )}
    </MessageBar>
  )
}
