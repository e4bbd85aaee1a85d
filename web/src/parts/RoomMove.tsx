import {
  Field,
  MessageBar,
  MessageBarBody,
  makeStyles,
  Select,
  Spinner,
  Text,
  tokens,
} from '@fluentui/react-components'
import { useState } from 'react'
import { useChat } from '../app/chat.ts'
import { counted } from '../app/count-words.ts'
import { faultOf } from '../app/fault.ts'
import { kindWords } from '../app/principal-words.ts'
import { forget, useVerb } from '../app/query.ts'
import { type ListedRoom, roomVerbsRead } from '../app/room-admin.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { FaultNote } from './FaultNote.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  list: { margin: 0, paddingInlineStart: tokens.spacingHorizontalXL, maxHeight: '200px', overflowY: 'auto' },
})

const lists = [
  { key: 'members', word: 'member' },
  { key: 'managers', word: 'manager' },
  { key: 'presenters', word: 'presenter' },
] as const

/** Moves a room to another category; first whom that takes off its lists. */
export function RoomMove({ listed: { room }, onClose }: { listed: ListedRoom; onClose: () => void }) {
  const styles = useStyles()
  const { client } = useChat()
  const [category, setCategory] = useState('')
  const categories = (useVerb('category.list', {}).data?.categories ?? []).filter(one => one.id !== room.category)
  const preview = useVerb('room.previewMove', { room: room.id, category }, { enabled: category !== '' })
  const purged = category === '' ? undefined : preview.data
  return (
    <ConfirmDialog
      title={`Move ${room.name} to another category?`}
      action="Move it"
      isOpen
      canConfirm={purged !== undefined}
      onClose={onClose}
      onConfirm={async () => {
        await client.request('room.update', { room: room.id, category, ifVersion: room.version })
        forget(...roomVerbsRead, 'room.previewMove')
      }}
    >
      <div className={styles.root}>
        <Field label="Move to" hint={`It is in ${room.categoryName} now.`}>
          <Select value={category} onChange={(_, { value }) => setCategory(value)}>
            <option value="" disabled>
              Choose a category
            </option>
            {categories.map(one => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </Select>
        </Field>
        <FaultNote fault={preview.error === null ? undefined : faultOf(preview.error)} />
        {category !== '' && preview.isLoading ? <Spinner size="tiny" label="Looking whom the move takes off" /> : null}
        {purged === undefined ? null : <Purged {...purged} />}
      </div>
    </ConfirmDialog>
  )
}

type PurgedProps = NonNullable<ReturnType<typeof useVerb<'room.previewMove'>>['data']>

function Purged({ purged, counts }: PurgedProps) {
  const styles = useStyles()
  const taken = lists.filter(({ key }) => counts[key] > 0)
  if (taken.length === 0)
    return <Text role="status">Everyone on its lists is in the scope there: nobody is taken off.</Text>
  return (
    <>
      <MessageBar intent="warning" layout="multiline">
        <MessageBarBody>
          The move takes off {taken.map(({ key, word }) => counted(counts[key], word)).join(', ')} outside the scope
          there. Moving it back does not put them back.
        </MessageBarBody>
      </MessageBar>
      {taken.map(({ key, word }) => (
        <div key={key}>
          <Text weight="semibold">{counted(counts[key], word)}</Text>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
          <ul className={styles.list} tabIndex={0} aria-label={`${word}s who are taken off`}>
            {purged[key].map(one => (
              <li key={one.id}>
                {one.displayName} ({kindWords[one.kind]}, {one.name})
              </li>
            ))}
          </ul>
          {counts[key] > purged[key].length ? (
            <Text size={200}>and {counted(counts[key] - purged[key].length, 'other')}</Text>
          ) : null}
        </div>
      ))}
    </>
  )
}
