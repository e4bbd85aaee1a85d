import { Text } from '@fluentui/react-components'
import type { Result } from '../../../src/protocol/request.ts'
import { counted } from '../app/count-words.ts'
import { exactTime, shortTime } from '../app/time.ts'
import { type Column, DataTable } from './DataTable.tsx'

type Sample = NonNullable<Result<'message.remove'>['sample']>

const columns: Column<Sample[number]>[] = [
  {
    name: 'Posted',
    text: one => one.at,
    cell: one => <time title={exactTime(one.at)}>{shortTime(one.at)}</time>,
    width: '176px',
  },
  { name: 'By', text: one => one.author.displayName, width: '176px' },
  { name: 'Text', text: one => [one.title, one.text].filter(Boolean).join(': ') || 'You may not read this room' },
]

/** The first of the messages that would be hit; their words only where the reader may read the room. */
export function RemovalSample({ sample, total }: { sample: Sample; total: number }) {
  return (
    <>
      <DataTable
        label="The first of them"
        columns={columns}
        rows={sample}
        keyOf={one => String(one.seq)}
        minWidth="560px"
      />
      {total > sample.length ? <Text size={200}>and {counted(total - sample.length, 'other')}</Text> : null}
    </>
  )
}
