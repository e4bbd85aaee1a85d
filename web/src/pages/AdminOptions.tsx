import { Spinner, Subtitle2 } from '@fluentui/react-components'
import { mayChange } from '../app/admin-sections.ts'
import { useChat } from '../app/chat.ts'
import { faultOf } from '../app/fault.ts'
import { useVerb } from '../app/query.ts'
import { FaultNote } from '../parts/FaultNote.tsx'
import { OptionFields } from '../parts/OptionFields.tsx'
import { ScopeOptions } from '../parts/ScopeOptions.tsx'

/** The options of the pool, and those that a site or pool has of its own. */
export function AdminOptions() {
  const { me } = useChat()
  const { data, error } = useVerb('settings.get', {})
  if (error !== null) return <FaultNote fault={faultOf(error)} />
  if (data === undefined) return <Spinner delay={300} label="Loading" />
  return (
    <>
      <ScopeOptions mayChange={mayChange(me, 'options')} />
      <Subtitle2 as="h3">Global options</Subtitle2>
      <OptionFields settings={data.settings} mayChange={mayChange(me, 'options')} />
    </>
  )
}
