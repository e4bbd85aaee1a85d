import type { Client } from '../../../src/client/client.ts'
import { faultOf } from './fault.ts'
import { listsOf, readList, readVersion } from './known-lists.ts'
import { createListReading, further } from './list-reading.ts'
import { type ConflictRow, conflictRows, type RoomVersion, resolved, type Side } from './room-conflict.ts'
import type { Card } from './room-draft.ts'
import { changeWords, editInput, editOf, type ListName, type RoomEdit } from './room-edit.ts'
import { type FormState, isFormChanged } from './room-form-state.ts'
import { editSince, savedAs } from './room-saved.ts'
import { createStore, type Store } from './store.ts'
import type { Unsaved } from './unsaved.ts'

export type SideOf = (row: ConflictRow) => Side | undefined
function versionOf(card: Card): RoomVersion {
  return { card, lists: listsOf(card) }
}

/**
 * Kept by itself while something is to be saved, is being saved, or was saved and not read since: whoever shows it may be gone by
 * then, and who comes back may be shown an older reading.
 */
function beginState(card: Card, unsaved: Unsaved): Store<FormState> {
  const room = card.room.id
  const state = createStore<FormState>({
    ...{ base: versionOf(card), edit: editOf(card), theirs: undefined, newest: card },
    ...{ isAssumed: false, isSaving: false },
  })
  state.subscribe(() => {
    const now = state.get()
    if (now.isSaving || now.isAssumed || isFormChanged(now)) unsaved.set(room, state)
    // What was begun anew since is another's to take away.
    else if (unsaved.get(room) === state) unsaved.delete(room)
  })
  return state
}

/**
 * A room while it is edited. Saving asks for the version that was read, so that nothing of others is overwritten unseen; what is
 * typed while a save is under way stays to be saved; and a save that went through is one, whatever becomes of reading the room
 * after it. `forget` has the room read anew, which comes back by `see`. The form may be left at any time: as it was left, or as a
 * save made it since, it is found by the next one of the same room.
 */
export function createRoomForm(client: Client, card: Card, unsaved: Unsaved, forget: () => void) {
  const room = card.room.id
  const state = unsaved.get(room) ?? beginState(card, unsaved)
  const set = (patch: Partial<FormState>) => state.update(now => ({ ...now, ...patch }))

  function begin(version: RoomVersion): void {
    const { base, isAssumed } = state.get()
    const edit = editOf(version.card)
    set({ base: version, edit, theirs: undefined, isAssumed: isAssumed && version === base })
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

  /** One at a time: what is being saved is neither saved, dropped nor begun anew before its answer. */
  async function asSaving(work: () => Promise<void>): Promise<void> {
    if (state.get().isSaving) return
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
    if (merged !== undefined && !state.get().isSaving) set({ ...merged, theirs: undefined, isAssumed: false })
  }

  /** Drops what was changed, and shows the newest that is known. */
  function discard(): void {
    const { base, theirs, newest, isSaving } = state.get()
    if (isSaving) return
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
