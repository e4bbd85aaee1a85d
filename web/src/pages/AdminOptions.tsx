import { Spinner } from '@fluentui/react-components'
import { faultOf } from '../app/fault.ts'
import { useVerb } from '../app/query.ts'
import { FaultNote } from '../parts/FaultNote.tsx'
import { OptionFields } from '../parts/OptionFields.tsx'

export function AdminOptions() {
  const { data, error } = useVerb('settings.get', {})
  if (error !== null) return <FaultNote fault={faultOf(error)} />
  if (data === undefined) return <Spinner delay={300} label="Loading" />
  return <OptionFields settings={data.settings} />
}
