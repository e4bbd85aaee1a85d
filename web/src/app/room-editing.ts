import { useEffect, useState } from 'react'
import { useChat } from './chat.ts'
import { faultOf } from './fault.ts'
import { listsOf, readList, readVersion } from './known-lists.ts'
import { forget } from './query.ts'
import { type ConflictRow, conflictRows, type RoomVersion, resolved, type Side } from './room-conflict.ts'
import type { Card } from './room-draft.ts'
import { changeWords, editInput, editOf, type ListName, type RoomEdit } from './room-edit.ts'

type SideOf = (row: ConflictRow) => Side | undefined
type Kept = { base: RoomVersion; edit: RoomEdit }
/** What was begun and not saved, while this window is open: who looks something up elsewhere finds it again. */
const unsaved = new Map<string, Kept>()

function versionOf(card: Card): RoomVersion {
  return { card, lists: listsOf(card) }
}

/**
 * A room while it is edited: as it was when that began, what was changed, and, where somebody else saved first, both versions.
 * Saving asks for the version that was read, so that nothing of theirs is overwritten unseen.
 */
export function useRoomEditing(card: Card) {
  const { client } = useChat()
  const room = card.room.id
  const [kept] = useState(() => unsaved.get(room))
  const [base, setBase] = useState<RoomVersion>(() => kept?.base ?? versionOf(card))
  const [edit, setEdit] = useState<RoomEdit>(() => kept?.edit ?? editOf(card))
  const [theirs, setTheirs] = useState<RoomVersion>()
  const changes = changeWords(base.card, edit)
  const isChanged = changes.length > 0
  const isOutdated = card.room.version > base.card.room.version

  // Nothing of mine is in the way: what others changed shows at once.
  useEffect(() => {
    if (!isOutdated || isChanged) return
    setBase(versionOf(card))
    setEdit(editOf(card))
  }, [card, isOutdated, isChanged])

  useEffect(() => {
    if (isChanged) unsaved.set(room, { base, edit })
    else unsaved.delete(room)
  }, [room, base, edit, isChanged])

  useEffect(() => {
    if (!isChanged) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [isChanged])

  async function begin(): Promise<void> {
    start(await client.request('room.get', { room }))
    forget('room.get', 'room.find', 'room.members')
  }

  function start(fresh: Card): void {
    unsaved.delete(room)
    setTheirs(undefined)
    setBase(versionOf(fresh))
    setEdit(editOf(fresh))
  }

  /** Compares with what it is by now; true where that is another version than the one that was read. */
  async function compare(): Promise<boolean> {
    const now = await readVersion(client, base)
    if (now.card.room.version === base.card.room.version) return false
    setTheirs(now)
    forget('room.get')
    return true
  }

  async function save(): Promise<void> {
    try {
      await client.request('room.update', editInput(base.card, edit))
    } catch (error) {
      if (faultOf(error).code === 'conflict' && (await compare())) return
      throw error
    }
    await begin()
  }

  /** Saves what was taken of both versions, under the newer one; where that is old again, it is compared once more. */
  async function take(sideOf: SideOf): Promise<void> {
    if (theirs === undefined) return
    const merged = resolved(base, theirs, edit, sideOf)
    if (changeWords(theirs.card, merged).length === 0) return begin()
    try {
      await client.request('room.update', editInput(theirs.card, merged))
    } catch (error) {
      if (faultOf(error).code !== 'conflict') throw error
      const newer = await readVersion(client, theirs)
      if (newer.card.room.version === theirs.card.room.version) throw error
      setBase(theirs)
      setEdit(merged)
      setTheirs(newer)
      return
    }
    await begin()
  }

  /** Brings what was taken into the form, for more changes before it is saved. */
  function goOn(sideOf: SideOf): void {
    if (theirs === undefined) return
    setEdit(resolved(base, theirs, edit, sideOf))
    setBase(theirs)
    setTheirs(undefined)
  }

  async function readOn(list: ListName, atLeast: number): Promise<void> {
    const read = await readList(client, room, list, atLeast)
    setBase(now => ({ ...now, lists: { ...now.lists, [list]: read } }))
  }

  const rows = theirs === undefined ? [] : conflictRows(base, theirs, edit)
  return {
    ...{ base, edit, setEdit, changes, isChanged, isOutdated: isOutdated && isChanged, theirs, rows },
    ...{ save, take, goOn, compare, readOn, discard: begin },
  }
}
