import { Button, makeStyles, Subtitle2, tokens } from '@fluentui/react-components'
import { AddRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Policy } from '../../../src/protocol/policy.ts'
import { useChat } from '../app/chat.ts'
import { counted } from '../app/count-words.ts'
import { policyKind, policyKindWords, policyTitle } from '../app/policy-words.ts'
import { forget } from '../app/query.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { type Column, DataTable } from './DataTable.tsx'
import { ModalFrame } from './ModalFrame.tsx'
import { PolicyForm } from './PolicyForm.tsx'

const useStyles = makeStyles({
  head: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'center' },
  title: { flexGrow: 1 },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: '4px' },
})

const columns: Column<Policy>[] = [
  { name: 'Policy', text: policyTitle },
  { name: 'Persistent Chat is', text: one => (one.enabled ? 'On' : 'Off'), width: '136px' },
  {
    name: 'Counts for',
    text: one => (policyKind(one) === 'named' ? counted(one.granted, 'principal') : policyKindWords[policyKind(one)]),
  },
  { name: 'Description', text: one => one.description },
]

type PolicyListProps = { policies: readonly Policy[]; mayChange: boolean }

/** The global policy, those of sites, and those with a name. */
export function PolicyList({ policies, mayChange }: PolicyListProps) {
  const styles = useStyles()
  const { client } = useChat()
  const [editing, setEditing] = useState<Policy | 'new'>()
  const [deleting, setDeleting] = useState<Policy>()
  return (
    <>
      <div className={styles.head}>
        <Subtitle2 as="h3" className={styles.title}>
          Policies
        </Subtitle2>
        {mayChange ? (
          <Button icon={<AddRegular />} onClick={() => setEditing('new')}>
            Add a policy
          </Button>
        ) : null}
      </div>
      <DataTable
        label="Policies"
        columns={columns}
        rows={policies}
        keyOf={one => one.name}
        minWidth="640px"
        actionWidth="156px"
        {...(mayChange
          ? {
              action: (one: Policy) => (
                <span className={styles.buttons}>
                  <Button size="small" aria-label={`Change ${policyTitle(one)}`} onClick={() => setEditing(one)}>
                    Change
                  </Button>
                  {policyKind(one) === 'global' ? null : (
                    <Button size="small" aria-label={`Delete ${policyTitle(one)}`} onClick={() => setDeleting(one)}>
                      Delete
                    </Button>
                  )}
                </span>
              ),
            }
          : {})}
      />
      {editing === undefined ? null : (
        <ModalFrame
          title={editing === 'new' ? 'Add a policy' : `Change: ${policyTitle(editing)}`}
          onClose={() => setEditing(undefined)}
        >
          <PolicyForm policy={editing === 'new' ? undefined : editing} onDone={() => setEditing(undefined)} />
        </ModalFrame>
      )}
      <ConfirmDialog
        title={deleting === undefined ? '' : `Delete ${policyTitle(deleting)}?`}
        action="Delete it"
        isOpen={deleting !== undefined}
        onClose={() => setDeleting(undefined)}
        onConfirm={async () => {
          if (deleting !== undefined) await client.request('policy.delete', { policy: deleting.name })
          forget('policy.get', 'policy.list', 'principal.get')
        }}
      >
        {deleting === undefined
          ? null
          : policyKind(deleting) === 'named'
            ? `${counted(deleting.granted, 'principal')} had it and go by the next policy that counts for them, at once. This cannot be undone.`
            : 'Who is at the servers of this site goes by the global policy, at once. This cannot be undone.'}
      </ConfirmDialog>
    </>
  )
}
