import { makeStyles, Text, tokens } from '@fluentui/react-components'
import { mayChange } from '../app/admin-sections.ts'
import { useChat } from '../app/chat.ts'
import { faultOf } from '../app/fault.ts'
import { useVerb } from '../app/query.ts'
import { FaultNote } from '../parts/FaultNote.tsx'
import { PolicyGrants } from '../parts/PolicyGrants.tsx'
import { PolicyList } from '../parts/PolicyList.tsx'

const useStyles = makeStyles({ note: { color: tokens.colorNeutralForeground2, maxWidth: '90ch' } })

/** Who may use Persistent Chat at all. */
export function AdminPolicy() {
  const styles = useStyles()
  const { me } = useChat()
  const { data, error } = useVerb('policy.get', {})
  const changes = mayChange(me, 'policy')
  return (
    <>
      <Text className={styles.note}>
        Nobody uses Persistent Chat until it is switched on for all, for a site, or for a group or person. The nearest
        counts: what the person was given, then a group, then the site, then the global policy.
      </Text>
      <FaultNote fault={error === null ? undefined : faultOf(error)} />
      <PolicyList policies={data?.policies ?? []} mayChange={changes} />
      <PolicyGrants policies={data?.policies ?? []} mayChange={changes} />
    </>
  )
}
