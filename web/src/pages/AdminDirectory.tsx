import { makeStyles, tokens } from '@fluentui/react-components'
import { faultOf } from '../app/fault.ts'
import { useVerb } from '../app/query.ts'
import { DirectoryExplain } from '../parts/DirectoryExplain.tsx'
import { DirectorySource } from '../parts/DirectorySource.tsx'
import { EmptyState } from '../parts/EmptyState.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'

const useStyles = makeStyles({
  note: { color: tokens.colorNeutralForeground2, margin: 0, maxWidth: '90ch' },
})

/** Where people come from: how each source was read last, what would change, and why somebody may enter a room. */
export function AdminDirectory() {
  const styles = useStyles()
  const { data, error } = useVerb('directory.status', {})
  return (
    <>
      <p className={styles.note}>
        People, groups and organisational units of a directory are kept in step with it. What a directory says of them
        is changed there, not here.
      </p>
      <FaultNote fault={error === null ? undefined : faultOf(error)} />
      {data?.sources.map(source => (
        <DirectorySource key={source.source} source={source} />
      ))}
      {data?.sources.length === 0 ? (
        <EmptyState title="People are added here by hand. To take them from LDAP or Active Directory, start the server with --directory-config." />
      ) : null}
      <DirectoryExplain />
    </>
  )
}
