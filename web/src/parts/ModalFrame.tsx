import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
} from '@fluentui/react-components'
import { DismissRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { useFocusReturn } from '../app/focus-return.ts'

type ModalFrameProps = { title: string; onClose: () => void; actions?: ReactNode; children: ReactNode }

/** Every dialog of the window. Rendered only while it is open: a closed one would leave focus guards on the page. */
export function ModalFrame({ title, onClose, actions, children }: ModalFrameProps) {
  useFocusReturn()
  return (
    <Dialog
      open
      onOpenChange={(_, { open }) => {
        if (!open) onClose()
      }}
    >
      <DialogSurface>
        <DialogBody>
          <DialogTitle
            action={<Button appearance="subtle" aria-label="Close" icon={<DismissRegular />} onClick={onClose} />}
          >
            {title}
          </DialogTitle>
          <DialogContent>{children}</DialogContent>
          {actions === undefined ? null : <DialogActions>{actions}</DialogActions>}
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}
