import type { Client } from '../../../src/client/client.ts'
import { faultOf } from './fault.ts'
import { listsOf, readList, readVersion } from './known-lists.ts'
import { createListReading, further } from './list-reading.ts'
import { type ConflictRow, conflictRows, type RoomVersion, resolved, type Side } from './room-conflict.ts'
import type { Card } from './room-draft.ts'
import { changeWords, editInput, editOf, type ListName, type RoomEdit } from './room-edit.ts'
import { editSince, savedAs } from './room-saved.ts'
import { createStore } from './store.ts'
import type { Unsaved } from './unsaved.ts'

export type SideOf = (row: ConflictRow) => Side | undefined
type FormState = {
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

function versionOf(card: Card): RoomVersion {
  return { card, lists: listsOf(card) }
}

export function isFormChanged({ base, edit }: FormState): boolean {
  return changeWords(base.card, edit).length > 0
}

/** Somebody else has saved while this was edited, and it was not compared yet. */
export function isFormOutdated(state: FormState): boolean {
  return !state.isSaving && state.newest.room.version > state.base.card.room.version && isFormChanged(state)
}

/**
 * A room while it is edited. Saving asks for the version that was read, so that nothing of others is overwritten unseen; what is
 * typed while a save is under way stays to be saved; and a save that went through is one, whatever becomes of reading the room
 * after it. `forget` has the room read anew, which comes back by `see`.
 */
export function createRoomForm(client: Client, card: Card, kept: ReturnType<Unsaved['get']>, forget: () => void) {
  const room = card.room.id
  const state = createStore<FormState>({
    base: kept?.base ?? versionOf(card),
    edit: kept?.edit ?? editOf(card),
    theirs: undefined,
    newest: card,
    isAssumed: false,
    isSaving: false,
  })
  const set = (patch: Partial<FormState>) => state.update(now => ({ ...now, ...patch }))

  function begin(version: RoomVersion): void {
    set({ base: version, edit: editOf(version.card), theirs: undefined, isAssumed: false })
  }

  /** Shows both versions, unless there is nothing to choose: then others have made of it what was wanted, or it was oneself. */
  function face(now: RoomVersion, base: RoomVersion, edit: RoomEdit): void {
    if (conflictRows(base, now, edit).length === 0) begin(now)
    else set({ base, edit, theirs: now })
  }

  function see(card: Card): void {
    const { newest, isSaving } = state.get()
    if (card.room.version >= newest.room.version) set({ newest: card })
    // It may be what is being saved: that is told by the answer.
    if (!isSaving) catchUp()
  }

  function catchUp(): void {
    const now = state.get()
    const { base, edit, theirs, newest, isAssumed } = now
    const { version } = base.card.room
    if (theirs !== undefined || newest.room.version < version) return
    const fresh = versionOf(newest)
    if (newest.room.version === version) {
      if (isAssumed) set({ base: fresh, isAssumed: false })
      return
    }
    // Nothing of mine is in the way: what others changed shows at once.
    if (!isFormChanged(now) || conflictRows(base, fresh, edit).length === 0) begin(fresh)
  }

  async function asSaving(work: () => Promise<void>): Promise<void> {
    set({ isSaving: true })
    try {
      await work()
    } finally {
      set({ isSaving: false })
      catchUp()
    }
  }

  /** `editNow` tells when it was answered what the form holds by then. */
  async function send(base: RoomVersion, sent: RoomEdit, editNow: () => RoomEdit): Promise<void> {
    const answer = await client.request('room.update', editInput(base.card, sent))
    const saved = savedAs(base, sent, answer.room)
    set({ base: saved, edit: editSince(base, sent, editNow(), saved), theirs: undefined, isAssumed: true })
    forget()
  }

  /** Compares with what it is by now; false where that is the version that was read. */
  async function compare(): Promise<boolean> {
    const now = await readVersion(client, state.get().base)
    const { base, edit } = state.get()
    if (now.card.room.version <= base.card.room.version) return false
    face(now, base, edit)
    forget()
    return true
  }

  function save(): Promise<void> {
    return asSaving(async () => {
      const { base, edit } = state.get()
      try {
        await send(base, edit, () => state.get().edit)
      } catch (error) {
        if (faultOf(error).code !== 'conflict' || !(await compare())) throw error
      }
    })
  }

  /** What it would be with what was taken of both versions, as a change of the newer one. */
  function taken(sideOf: SideOf): { base: RoomVersion; edit: RoomEdit } | undefined {
    const { base, edit, theirs } = state.get()
    return theirs && { base: theirs, edit: resolved(base, theirs, edit, sideOf) }
  }

  /** Saves what was taken, under the newer version; where that is old again, it is compared once more. */
  async function take(sideOf: SideOf): Promise<void> {
    const merged = taken(sideOf)
    if (merged === undefined) return
    const { base, edit } = merged
    if (changeWords(base.card, edit).length === 0) return discard()
    await asSaving(async () => {
      try {
        await send(base, edit, () => edit)
      } catch (error) {
        if (faultOf(error).code !== 'conflict') throw error
        const newer = await readVersion(client, base)
        if (newer.card.room.version <= base.card.room.version) throw error
        face(newer, base, edit)
      }
    })
  }

  /** Brings what was taken into the form, for more changes before it is saved. */
  function goOn(sideOf: SideOf): void {
    const merged = taken(sideOf)
    if (merged !== undefined) set({ ...merged, theirs: undefined, isAssumed: false })
  }

  /** Drops what was changed, and shows the newest that is known. */
  function discard(): void {
    const { base, theirs, newest } = state.get()
    const known = theirs ?? base
    begin(newest.room.version > known.card.room.version ? versionOf(newest) : known)
    forget()
  }

  function readingOf(list: ListName) {
    return createListReading(async atLeast => {
      for (;;) {
        const { version } = state.get().base.card.room
        const read = await readList(client, room, list, atLeast)
        const { base } = state.get()
        // Of a room that was saved or read anew meanwhile: asked again.
        if (base.card.room.version !== version) continue
        return set({ base: { ...base, lists: { ...base.lists, [list]: further(base.lists[list], read) } } })
      }
    })
  }
  const readings = {
    members: readingOf('members'),
    managers: readingOf('managers'),
    presenters: readingOf('presenters'),
  }

  return {
    ...{ state, see, save, taken, take, goOn, compare, discard },
    change: (patch: (now: RoomEdit) => RoomEdit) => state.update(now => ({ ...now, edit: patch(now.edit) })),
    readOn: (list: ListName, atLeast: number) => readings[list](atLeast),
  }
}
