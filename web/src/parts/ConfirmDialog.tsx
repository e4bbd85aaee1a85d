import { Button } from '@fluentui/react-components'
import { type ReactNode, useState } from 'react'
import { type Fault, faultOf } from '../app/fault.ts'
import { FaultNote } from './FaultNote.tsx'
import { ModalFrame } from './ModalFrame.tsx'

type ConfirmDialogProps = {
  title: string
  /** What will happen, and whether it can be undone. */
  children: ReactNode
  action: string
  isOpen: boolean
  /** False while something must be filled in first. */
  canConfirm?: boolean
  onClose: () => void
  onConfirm: () => Promise<unknown>
}

/** Asks once, and says what the action will do. */
export function ConfirmDialog({
  title,
  children,
  action,
  isOpen,
  canConfirm = true,
  onClose,
  onConfirm,
}: ConfirmDialogProps) {
  const [fault, setFault] = useState<Fault>()
  const [isBusy, setBusy] = useState(false)
  async function confirm(): Promise<void> {
    setBusy(true)
    setFault(undefined)
    try {
      await onConfirm()
      onClose()
    } catch (error) {
      setFault(faultOf(error))
    } finally {
      setBusy(false)
    }
  }
  if (!isOpen) return null
  return (
    <ModalFrame
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button appearance="secondary" onClick={onClose}>
            Cancel
          </Button>
          <Button appearance="primary" disabled={isBusy || !canConfirm} onClick={() => void confirm()}>
            {action}
          </Button>
        </>
      }
    >
      {children}
      <FaultNote fault={fault} />
    </ModalFrame>
  )
}
