import { nameKey } from '../../domain/name.ts'
import { operator } from '../../domain/operator.ts'
import {
  addToRoom,
  emptyRoomLists,
  insertArchivedRoom,
  isRoomIdUsed,
  ownerOfName,
  readRoomEnd,
  setArchivedRoom,
  takeTime,
} from '../../store/archive-write.ts'
import { audit } from '../../store/audit.ts'
import { findCategory, lockCategoryShared } from '../../store/category.ts'
import { type Connection, transaction } from '../../store/db.ts'
import { findRoom, lockRoom, raiseRoomAccess, takeName } from '../../store/room.ts'
import { drain, grouped } from './import-category.ts'
import { fault, has, type Importing, type ListRecord, mapped, note, type RoomRecord, remark } from './import-run.ts'

/** Rooms by name. An archive of content alone overwrites none of their settings. */
export async function importRooms(run: Importing): Promise<void> {
  const contentOnly = run.archive.manifest.level === 'content'
  for await (const [one, lists] of grouped<RoomRecord>(run.archive.records('rooms.jsonl'))) {
    await takeRoom(run, one, lists, contentOnly)
    await drain(lists)
  }
}

async function takeRoom(
  run: Importing,
  one: RoomRecord,
  lists: AsyncIterable<ListRecord>,
  contentOnly: boolean,
): Promise<void> {
  const what = `room ${one.name}`
  const owner = await ownerOfName(run.db, nameKey(one.name))
  const category = contentOnly ? undefined : await categoryFor(run, one)
  if (owner?.kind === 'category') return fault(run, what, 'The name is of a category here.')
  if (contentOnly) {
    if (!owner) return fault(run, what, 'There is no room of this name here to put its content into.')
    run.rooms.set(one.id, { id: owner.id, one, isNew: false })
    return
  }
  if (category === undefined) return fault(run, what, `Its category "${one.categoryName}" is not here.`)
  const written = run.dryRun
    ? (owner?.id ?? ((await isRoomIdUsed(run.db, one.id)) ? 'another' : one.id))
    : await writeRoom(run, one, owner?.id, category, lists)
  if (typeof written === 'object') return fault(run, what, written.fault)
  run.rooms.set(one.id, { id: written, one, isNew: !owner })
  run.done.rooms[owner ? 'overwritten' : 'created'] += 1
  note(run, { what, change: owner ? 'overwrite' : 'create', now: '', after: `in ${one.categoryName}` })
  if (owner || written === one.id) return
  note(run, { what, change: 'address', now: '', after: 'a new one' })
  remark(run, what, 'A room had its id here, and numbers were given under it: it gets a new id, and so a new address.')
}

/** Of the same archive, else of the same name. */
async function categoryFor(run: Importing, one: RoomRecord): Promise<string | undefined> {
  const known = run.categories.get(one.category)
  if (known !== undefined || has(run.archive.manifest, 'categories.jsonl')) return known
  const owner = await ownerOfName(run.db, nameKey(one.categoryName))
  return owner?.kind === 'category' ? owner.id : undefined
}

type Fault = { fault: string }

/** The room as the archive has it, without content; its id, or why not. Nothing of `lists` is read before the locks hold. */
async function writeRoom(
  run: Importing,
  one: RoomRecord,
  there: string | undefined,
  category: string,
  lists: AsyncIterable<ListRecord>,
): Promise<string | Fault> {
  for (;;) {
    const written = await transaction(run.db, async tx => {
      const locked = await lockPlaces(tx, there, category)
      return locked === undefined ? writeLocked(tx, run, one, there, category, lists) : locked
    })
    if (written !== 'moved') return written
  }
}

/** Categories, then the room, as everybody does. Undefined: they hold. */
async function lockPlaces(
  tx: Connection,
  room: string | undefined,
  category: string,
): Promise<undefined | 'moved' | Fault> {
  await takeTime(tx)
  const before = room === undefined ? undefined : await findRoom(tx, room)
  if (room !== undefined && !before) return { fault: 'The room was deleted meanwhile. Import again.' }
  const target = await findCategory(tx, category)
  if (!target) return { fault: 'Its category was deleted meanwhile. Import again.' }
  const keys = new Set([before?.lock_key, target.lock_key].filter(key => key !== undefined))
  for (const key of [...keys].sort((a, b) => a - b)) await lockCategoryShared(tx, key)
  if (!(await findCategory(tx, category))) return { fault: 'Its category was deleted meanwhile. Import again.' }
  if (!before) return undefined
  if (!(await lockRoom(tx, before.id))) return { fault: 'The room was deleted meanwhile. Import again.' }
  // Into a category whose lock is not held: begin again.
  return (await findRoom(tx, before.id))!.category === before.category ? undefined : 'moved'
}

async function writeLocked(
  tx: Connection,
  run: Importing,
  one: RoomRecord,
  there: string | undefined,
  category: string,
  lists: AsyncIterable<ListRecord>,
): Promise<string> {
  const id = there ?? (await insertArchivedRoom(tx, one, nameKey(one.name), category, operator.id))
  await takeName(tx, nameKey(one.name), id)
  await setArchivedRoom(tx, id, one)
  await emptyRoomLists(tx, id)
  for await (const { list, principals } of lists) await addToRoom(tx, id, list, mapped(run, principals), operator.id)
  const end = await readRoomEnd(tx, id)
  // Nobody enters a room that an import made, this one or one that was killed, before its content is in.
  const comes = has(run.archive.manifest, 'content.jsonl') && end.lastSeq < one.lastSeq
  await raiseRoomAccess(tx, id, { category, disabled: one.disabled || (comes && end.disabled) })
  await audit(tx, operator.id, 'data.import', id, { room: one.name })
  return id
}
