import { Button, makeStyles, Subtitle2, Text, tokens } from '@fluentui/react-components'
import { AddRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Configuration } from '../../../src/protocol/configuration-verbs.ts'
import { useChat } from '../app/chat.ts'
import { faultOf } from '../app/fault.ts'
import { forget, useVerb } from '../app/query.ts'
import { optionWord, scopedOptions, scopedWords, scopeTitle } from '../app/scope-options.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { type Column, DataTable } from './DataTable.tsx'
import { FaultNote } from './FaultNote.tsx'
import { ModalFrame } from './ModalFrame.tsx'
import { ScopeForm } from './ScopeForm.tsx'

const useStyles = makeStyles({
  head: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'center' },
  title: { flexGrow: 1 },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: '4px' },
  inherited: { color: tokens.colorNeutralForeground2, fontStyle: 'italic' },
})

/** Four options by scope: what a site or pool has of its own, and what comes from the global scope. */
export function ScopeOptions({ mayChange }: { mayChange: boolean }) {
  const styles = useStyles()
  const { client } = useChat()
  const { data, error } = useVerb('configuration.list', {})
  const [editing, setEditing] = useState<Configuration | 'new'>()
  const [deleting, setDeleting] = useState<Configuration>()
  const columns: Column<Configuration>[] = [
    { name: 'Scope', text: one => scopeTitle(one.scope) },
    ...scopedOptions.map(option => ({
      name: scopedWords[option].label,
      text: (one: Configuration) => optionWord(one, option),
      cell: (one: Configuration) =>
        one.scope === 'global' || one.own.includes(option) ? (
          optionWord(one, option)
        ) : (
          <span className={styles.inherited}>{optionWord(one, option)}, global</span>
        ),
    })),
  ]
  return (
    <>
      <div className={styles.head}>
        <Subtitle2 as="h3" className={styles.title}>
          Options by scope
        </Subtitle2>
        {mayChange ? (
          <Button icon={<AddRegular />} onClick={() => setEditing('new')}>
            Add a site or pool
          </Button>
        ) : null}
      </div>
      <Text>
        Four options may differ: a server takes those of its pool (--pool), else of its site (--site), else the global
        ones below.
      </Text>
      <FaultNote fault={error === null ? undefined : faultOf(error)} />
      <DataTable
        label="Options by scope"
        columns={columns}
        rows={data?.configurations ?? []}
        keyOf={one => one.scope}
        minWidth="820px"
        actionWidth="156px"
        {...(mayChange
          ? {
              action: (one: Configuration) =>
                one.scope === 'global' ? null : (
                  <span className={styles.buttons}>
                    <Button size="small" aria-label={`Change ${scopeTitle(one.scope)}`} onClick={() => setEditing(one)}>
                      Change
                    </Button>
                    <Button
                      size="small"
                      aria-label={`Delete ${scopeTitle(one.scope)}`}
                      onClick={() => setDeleting(one)}
                    >
                      Delete
                    </Button>
                  </span>
                ),
            }
          : {})}
      />
      {editing === undefined ? null : (
        <ModalFrame
          title={editing === 'new' ? 'Options of a site or pool' : `Options of ${scopeTitle(editing.scope)}`}
          onClose={() => setEditing(undefined)}
        >
          <ScopeForm
            configuration={editing === 'new' ? undefined : editing}
            inherited={data?.configurations.find(one => one.scope === 'global')}
            onDone={() => setEditing(undefined)}
          />
        </ModalFrame>
      )}
      <ConfirmDialog
        title={deleting === undefined ? '' : `Delete the options of ${scopeTitle(deleting.scope)}?`}
        action="Delete them"
        isOpen={deleting !== undefined}
        onClose={() => setDeleting(undefined)}
        onConfirm={async () => {
          if (deleting !== undefined) await client.request('configuration.delete', { scope: deleting.scope })
          forget('configuration.list', 'settings.get')
        }}
      >
        Its servers go by the next scope at once. This cannot be undone.
      </ConfirmDialog>
    </>
  )
}
