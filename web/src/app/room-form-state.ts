import type { RoomVersion } from './room-conflict.ts'
import type { Card } from './room-draft.ts'
import { changeWords, type RoomEdit } from './room-edit.ts'

export type FormState = {
  /** As the room was when this edit began, or was saved last. */
  base: RoomVersion
  edit: RoomEdit
  /** Somebody else saved first: the room as it is by now, to be compared. */
  theirs: RoomVersion | undefined
  /** The newest that was heard of it. */
  newest: Card
  /** `base` is what a save must have come to; it was not read yet. */
  isAssumed: boolean
  isSaving: boolean
}

export function isFormChanged({ base, edit }: FormState): boolean {
  return changeWords(base.card, edit).length > 0
}

/** Somebody else has saved while this was edited, and it was not compared yet. */
export function isFormOutdated(state: FormState): boolean {
  return !state.isSaving && state.newest.room.version > state.base.card.room.version && isFormChanged(state)
}
