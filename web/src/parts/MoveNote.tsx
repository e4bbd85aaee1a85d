import { MessageBar, MessageBarBody, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components'
import type { Room } from '../../../src/protocol/room.ts'
import { faultOf } from '../app/fault.ts'
import { purgedCount, useMovePreview } from '../app/move-preview.ts'
import { kindWords } from '../app/principal-words.ts'
import { listNames, listWords, roleOf } from '../app/room-edit.ts'
import { FaultNote } from './FaultNote.tsx'

const useStyles = makeStyles({
  lists: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalS,
    marginBlockStart: tokens.spacingVerticalM,
  },
  list: { margin: 0, paddingInlineStart: tokens.spacingHorizontalXL, maxHeight: '220px', overflowY: 'auto' },
})

type MoveNoteProps = {
  room: Room
  category: string
  /** Names each of them, for the question before it is done. */
  isWhole?: boolean
}

/** What moving a room to this category would take off its lists. */
export function MoveNote({ room, category, isWhole = false }: MoveNoteProps) {
  const styles = useStyles()
  const preview = useMovePreview(room, category)
  if (category === '' || category === room.category) return null
  if (preview.error !== null) return <FaultNote fault={faultOf(preview.error)} />
  if (preview.isPending) return <Spinner size="tiny" label="Looking whom the move would take off the lists" />
  const purged = preview.data
  if (purged === null)
    return (
      <MessageBar intent="warning" layout="multiline">
        <MessageBarBody>
          Moving takes everyone off the lists who is not in the scope of the new category. They are not put back when
          you move it again. This server cannot name them beforehand.
        </MessageBarBody>
      </MessageBar>
    )
  const count = purgedCount(purged)
  return (
    <>
      <MessageBar intent={count === 0 ? 'info' : 'warning'} layout="multiline">
        <MessageBarBody>
          {count === 0
            ? 'Everyone on the lists is in the scope of the new category: the move takes nobody off.'
            : `The move takes off ${listNames
                .filter(name => purged.counts[name] > 0)
                .map(
                  name =>
                    `${purged.counts[name]} ${purged.counts[name] === 1 ? roleOf[name] : listWords[name].toLowerCase()}`,
                )
                .join(', ')}, who are outside the scope of the new category. Moving it back does not put them back.`}
        </MessageBarBody>
      </MessageBar>
      {isWhole ? (
        <div className={styles.lists}>
          {listNames
            .filter(name => purged.counts[name] > 0)
            .map(name => (
              <section key={name} aria-label={`${listWords[name]} to be taken off`}>
                <Text weight="semibold">
                  {listWords[name]} ({purged.counts[name]})
                </Text>
                {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
                <ul className={styles.list} tabIndex={0} aria-label={`${listWords[name]} to be taken off`}>
                  {purged.purged[name].map(one => (
                    <li key={one.id}>
                      {one.displayName} ({kindWords[one.kind]}, {one.name})
                    </li>
                  ))}
                </ul>
                {purged.counts[name] > purged.purged[name].length ? (
                  <Text size={200}>and {purged.counts[name] - purged.purged[name].length} more</Text>
                ) : null}
              </section>
            ))}
        </div>
      ) : null}
    </>
  )
}
