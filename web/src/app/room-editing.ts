import { useEffect, useState } from 'react'
import { useChat } from './chat.ts'
import { forget } from './query.ts'
import { conflictRows } from './room-conflict.ts'
import type { Card } from './room-draft.ts'
import { changeWords } from './room-edit.ts'
import { createRoomForm } from './room-form.ts'
import { isFormOutdated } from './room-form-state.ts'
import { useStore } from './store.ts'

function readAnew(): void {
  forget('room.get', 'room.find', 'room.members')
}

/** A room while it is edited (room-form.ts), kept while this window is open. */
export function useRoomEditing(card: Card) {
  const { client, unsaved } = useChat()
  const [form] = useState(() => createRoomForm(client, card, unsaved, readAnew))
  const state = useStore(form.state)
  const { base, edit, theirs, isSaving } = state
  const changes = changeWords(base.card, edit)
  const isChanged = changes.length > 0

  useEffect(() => form.see(card), [form, card])

  useEffect(() => {
    if (!isChanged) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [isChanged])

  const rows = theirs === undefined ? [] : conflictRows(base, theirs, edit)
  return { form, base, edit, theirs, rows, changes, isChanged, isSaving, isOutdated: isFormOutdated(state) }
}
