import { makeStyles, tokens } from '@fluentui/react-components'
import { type ReactNode, useState } from 'react'
import { type Fault, faultOf } from '../app/fault.ts'
import { FaultNote } from './FaultNote.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, minWidth: 0 },
})

type FormColumnProps = {
  label?: string
  onSubmit: () => Promise<void>
  children: (isBusy: boolean) => ReactNode
}

/** A form in one column that says why it was refused. */
export function FormColumn({ label, onSubmit, children }: FormColumnProps) {
  const styles = useStyles()
  const [fault, setFault] = useState<Fault>()
  const [isBusy, setBusy] = useState(false)
  async function submit(): Promise<void> {
    setBusy(true)
    setFault(undefined)
    try {
      await onSubmit()
    } catch (error) {
      setFault(faultOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <form
      aria-label={label}
      className={styles.root}
      onSubmit={event => {
        event.preventDefault()
        void submit()
      }}
    >
      {children(isBusy)}
      <FaultNote fault={fault} />
    </form>
  )
}
