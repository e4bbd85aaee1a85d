import { Button, MessageBar, MessageBarActions, MessageBarBody, makeStyles, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { useAddins } from '../app/addin-list.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import { useVerb } from '../app/query.ts'
import type { Card } from '../app/room-draft.ts'
import { useRoomEditing } from '../app/room-editing.ts'
import { isTooLong } from '../app/text-limit.ts'
import { MoveNote } from './MoveNote.tsx'
import { MoveQuestion } from './MoveQuestion.tsx'
import { RoomConflict } from './RoomConflict.tsx'
import { RoomDanger } from './RoomDanger.tsx'
import { RoomFields } from './RoomFields.tsx'
import { RoomLists } from './RoomLists.tsx'
import { RoomSheet } from './RoomSheet.tsx'
import { SaveBar } from './SaveBar.tsx'

const useStyles = makeStyles({
  facts: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, minWidth: 0 },
})

/** Changes a room as a whole: nothing happens before it is saved, and then all of it or none. */
export function RoomEditor({ card }: { card: Card }) {
  const styles = useStyles()
  const { form, base, edit, theirs, rows, ...editing } = useRoomEditing(card)
  const { room } = base.card
  const { categories = [] } = useVerb('category.list', {}).data ?? {}
  const addins = useAddins(room)
  const [isMoving, setMoving] = useState(false)
  const [fault, setFault] = useState<Fault>()
  const choices = categories.filter(one => one.mayCreateRooms || one.id === room.category)
  const moves = edit.facts.category !== room.category

  async function run(work: () => Promise<unknown>): Promise<void> {
    setFault(undefined)
    try {
      await work()
    } catch (error) {
      setFault(faultOf(error))
    }
  }

  function discard(): void {
    setFault(undefined)
    form.discard()
  }

  if (theirs !== undefined)
    return (
      <RoomSheet label="Two versions of the room">
        <RoomConflict
          key={theirs.card.room.version}
          theirs={theirs}
          rows={rows}
          glossary={{ categories, addins }}
          takenOf={sideOf => form.taken(sideOf)?.edit}
          onTake={form.take}
          onEdit={form.goOn}
          onDiscard={discard}
        />
      </RoomSheet>
    )

  const isUnfit = edit.facts.name.trim() === '' || isTooLong(edit.facts.name) || isTooLong(edit.facts.description)
  return (
    <>
      <RoomSheet
        label="The room"
        head={
          editing.isOutdated ? (
            <MessageBar intent="warning" layout="multiline">
              <MessageBarBody>
                This room was changed while you edit it. What you changed is not saved yet.
              </MessageBarBody>
              <MessageBarActions>
                <Button size="small" onClick={() => void run(form.compare)}>
                  Compare
                </Button>
              </MessageBarActions>
            </MessageBar>
          ) : undefined
        }
        facts={
          <form
            className={styles.facts}
            aria-label="What the room is"
            onSubmit={event => {
              event.preventDefault()
              if (!editing.isChanged || isUnfit || editing.isSaving) return
              if (moves) setMoving(true)
              else void run(form.save)
            }}
            id="room-form"
          >
            <RoomFields
              draft={edit.facts}
              room={room}
              categories={choices}
              addins={addins}
              underCategory={<MoveNote room={room} category={edit.facts.category} />}
              onChange={patch => form.change(now => ({ ...now, facts: { ...now.facts, ...patch } }))}
            />
          </form>
        }
        lists={
          <RoomLists
            facts={edit.facts}
            known={base.lists}
            counts={base.card.counts}
            edit={edit}
            onChange={form.change}
            onMore={form.readOn}
          />
        }
        foot={editing.isChanged ? null : <RoomDanger room={card.room} rights={card.rights} />}
      />
      <SaveBar
        changes={editing.changes}
        base={base}
        edit={edit}
        isBusy={editing.isSaving}
        isUnfit={isUnfit}
        fault={fault}
        onDiscard={discard}
      />
      <MoveQuestion
        {...{ room, categories }}
        category={edit.facts.category}
        isOpen={isMoving}
        onClose={() => setMoving(false)}
        onConfirm={form.save}
      />
    </>
  )
}
