import { makeStyles, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Principal } from '../../../src/protocol/principal.ts'
import { useChat } from '../app/chat.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import { forget, useVerb } from '../app/query.ts'
import { FaultNote } from './FaultNote.tsx'
import { PrincipalPicker } from './PrincipalPicker.tsx'
import { PrincipalTags } from './PrincipalTags.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, minHeight: '240px' },
})

/** Who is in a group; a unit is filled by putting a user into it. Changes hold at once, in every scope and room. */
export function GroupMembers({ group }: { group: Principal }) {
  const styles = useStyles()
  const { client } = useChat()
  const [fault, setFault] = useState<Fault>()
  const { data, error } = useVerb('group.members', { group: group.id, limit: 1000 })
  const isGroup = group.kind === 'group'

  async function change(add: Principal | undefined, remove: Principal | undefined): Promise<void> {
    setFault(undefined)
    try {
      if (isGroup) {
        await client.request('group.update', {
          group: group.id,
          ...(add === undefined ? {} : { add: [add.id] }),
          ...(remove === undefined ? {} : { remove: [remove.id] }),
        })
      } else {
        const one = add ?? remove
        if (one !== undefined)
          await client.request('principal.update', { principal: one.id, in: add === undefined ? null : group.id })
      }
      forget('group.members', 'principal.get')
    } catch (failure) {
      setFault(faultOf(failure))
    }
  }

  return (
    <div className={styles.root}>
      <PrincipalPicker label="Add" onPick={person => void change(person, undefined)} />
      <FaultNote fault={error === null ? fault : faultOf(error)} />
      {data?.principals.length === 0 ? <Text>Nobody yet.</Text> : null}
      <PrincipalTags
        label={`Members of ${group.displayName}`}
        principals={data?.principals ?? []}
        onRemove={person => void change(undefined, person)}
      />
      {data?.next === undefined ? null : <Text size={200}>Only the first 1,000 are shown.</Text>}
    </div>
  )
}
