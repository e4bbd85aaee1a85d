import { Button, Field, Input, Text } from '@fluentui/react-components'
import { useState } from 'react'
import type { Denial, Reach } from '../../../src/protocol/compliance-verbs.ts'
import { useChat } from '../app/chat.ts'
import { counted } from '../app/count-words.ts'
import { faultOf } from '../app/fault.ts'
import { forget, useVerb } from '../app/query.ts'
import { shortTime } from '../app/time.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { type Column, DataTable } from './DataTable.tsx'
import { DenialForm } from './DenialForm.tsx'
import { FaultNote } from './FaultNote.tsx'

const columns: Column<Denial>[] = [
  { name: 'What may not be deleted', text: scopeWords },
  { name: 'Why', text: ({ reason }) => reason },
  { name: 'By', text: ({ by, at }) => `${by.displayName}, ${shortTime(at)}`, sortBy: ({ at }) => at },
]

/** What may not be deleted, by anybody or by itself, until an officer lifts it. */
export function ComplianceDenials() {
  const { client } = useChat()
  const { data, error } = useVerb('denial.list', {})
  const [lifting, setLifting] = useState<Denial>()
  const [reason, setReason] = useState('')
  const [made, setMade] = useState<{ reach: Reach | undefined }>()
  async function lift(): Promise<void> {
    await client.request('denial.lift', { denial: lifting!.id, reason: reason.trim() })
    setMade(undefined)
    forget('denial.list')
  }
  const denials = data?.denials ?? []
  return (
    <>
      <FaultNote fault={error === null ? undefined : faultOf(error)} />
      {data === undefined ? null : denials.length === 0 ? (
        <Text>No deletion is denied.</Text>
      ) : (
        <DataTable
          label="Denied deletions"
          columns={columns}
          rows={denials}
          keyOf={({ id }) => id}
          minWidth="560px"
          action={denial => (
            <Button
              size="small"
              aria-label={`Lift the denial for ${denial.reason}`}
              onClick={() => {
                setReason('')
                setLifting(denial)
              }}
            >
              Lift
            </Button>
          )}
        />
      )}
      {made === undefined ? null : <Text role="status">{reachWords(made.reach)}</Text>}
      <DenialForm onMade={reach => setMade({ reach })} />
      <ConfirmDialog
        title="Lift this denial?"
        action="Lift it"
        isOpen={lifting !== undefined}
        canConfirm={reason.trim() !== ''}
        onClose={() => setLifting(undefined)}
        onConfirm={lift}
      >
        <Field label="Why it is lifted" required>
          <Input value={reason} onChange={(_, { value }) => setReason(value)} />
        </Field>
        What no other denial holds may be deleted then, and what was cleared already goes by itself within minutes. It
        is recorded who lifted it.
      </ConfirmDialog>
    </>
  )
}

function scopeWords({ person, room, category, from, until }: Denial): string {
  const words = [
    ...(person ? [`of ${person.displayName}`] : []),
    ...(room ? [`in the room ${room.name ?? room.id}`] : []),
    ...(category ? [`in the category ${category.name ?? category.id}`] : []),
    ...(from ? [`from ${shortTime(from)}`] : []),
    ...(until ? [`until ${shortTime(until)}`] : []),
  ].join(', ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function reachWords(reach: Reach | undefined): string {
  if (reach === undefined) return 'It holds. How much that is takes too long to count.'
  const { messages, hidden, files, gone, missing = 0 } = reach
  return [
    `It holds ${counted(messages, 'message')}, ${hidden} more that are cleared already, and ${counted(files, 'file')}.`,
    ...(gone > 0 ? [`${counted(gone, 'message')} removed or replaced before.`] : []),
    ...(missing > 0 ? [`${counted(missing, 'place')} empty: collected before, or never kept.`] : []),
  ].join(' ')
}
