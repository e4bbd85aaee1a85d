import { useEffect, useState } from 'react'
import { useChat } from './chat.ts'
import { forget } from './query.ts'
import { conflictRows } from './room-conflict.ts'
import type { Card } from './room-draft.ts'
import { changeWords } from './room-edit.ts'
import { createRoomForm, isFormOutdated } from './room-form.ts'
import { useStore } from './store.ts'

function readAnew(): void {
  forget('room.get', 'room.find', 'room.members')
}

/** A room while it is edited (room-form.ts), kept while this window is open. */
export function useRoomEditing(card: Card) {
  const { client, unsaved } = useChat()
  const room = card.room.id
  const [form] = useState(() => createRoomForm(client, card, unsaved.get(room), readAnew))
  const state = useStore(form.state)
  const { base, edit, theirs, isSaving } = state
  const changes = changeWords(base.card, edit)
  const isChanged = changes.length > 0

  useEffect(() => form.see(card), [form, card])

  useEffect(() => {
    if (isChanged) unsaved.set(room, { base, edit })
    else unsaved.delete(room)
  }, [unsaved, room, base, edit, isChanged])

  useEffect(() => {
    if (!isChanged) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [isChanged])

  const rows = theirs === undefined ? [] : conflictRows(base, theirs, edit)
  return { form, base, edit, theirs, rows, changes, isChanged, isSaving, isOutdated: isFormOutdated(state) }
}
