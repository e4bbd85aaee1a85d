import { Spinner } from '@fluentui/react-components'
import { faultOf } from '../app/fault.ts'
import { useVerb } from '../app/query.ts'
import { FactorReset } from './FactorReset.tsx'
import { FaultNote } from './FaultNote.tsx'
import { UserFields } from './UserFields.tsx'

/** Renames, disables, resets the password. */
export function UserForm({ user, onDone }: { user: string; onDone: () => void }) {
  const { data, error } = useVerb('principal.get', { principal: user })
  if (error !== null) return <FaultNote fault={faultOf(error)} />
  if (data === undefined) return <Spinner delay={300} label="Loading" />
  return (
    <>
      <UserFields user={data} onDone={onDone} />
      <FactorReset user={user} />
    </>
  )
}
