import { nameKey } from '../../domain/name.ts'
import { operator } from '../../domain/operator.ts'
import {
  addToRoom,
  emptyRoomLists,
  insertArchivedRoom,
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
import { fault, has, type Importing, type ListRecord, mapped, note, type RoomRecord } from './import-run.ts'

/** Rooms by name. An archive of content alone overwrites none of their settings. */
export async function importRooms(run: Importing): Promise<void> {
  const contentOnly = run.archive.manifest.level === 'content'
  for await (const [one, lists] of grouped<RoomRecord>(run.archive.records('rooms.jsonl'))) {
    const what = `room ${one.name}`
    const owner = await ownerOfName(run.db, nameKey(one.name))
    const category = contentOnly ? undefined : await categoryFor(run, one)
    const reason =
      owner?.kind === 'category'
        ? 'The name is of a category here.'
        : contentOnly
          ? owner
            ? undefined
            : 'There is no room of this name here to put its content into.'
          : category === undefined
            ? `Its category "${one.categoryName}" is not here.`
            : undefined
    if (reason !== undefined) {
      fault(run, what, reason)
      await drain(lists)
      continue
    }
    run.rooms.set(one.id, { id: owner?.id ?? one.id, one, isNew: !owner })
    if (contentOnly) {
      await drain(lists)
      continue
    }
    run.done.rooms[owner ? 'overwritten' : 'created'] += 1
    note(run, { what, change: owner ? 'overwrite' : 'create', now: '', after: `in ${one.categoryName}` })
    if (run.dryRun) await drain(lists)
    else
      run.rooms.set(one.id, {
        id: await transaction(run.db, tx => writeRoom(tx, run, one, owner?.id, category!, lists)),
        one,
        isNew: !owner,
      })
  }
}

/** Of the same archive, else of the same name. */
async function categoryFor(run: Importing, one: RoomRecord): Promise<string | undefined> {
  const known = run.categories.get(one.category)
  if (known !== undefined || has(run.archive.manifest, 'categories.jsonl')) return known
  const owner = await ownerOfName(run.db, nameKey(one.categoryName))
  return owner?.kind === 'category' ? owner.id : undefined
}

async function writeRoom(
  tx: Connection,
  run: Importing,
  one: RoomRecord,
  there: string | undefined,
  category: string,
  lists: AsyncIterable<ListRecord>,
): Promise<string> {
  await takeTime(tx)
  const before = there === undefined ? undefined : await findRoom(tx, there)
  const keys = [before?.lock_key, (await findCategory(tx, category))!.lock_key].filter(key => key !== undefined)
  for (const key of [...new Set(keys)].sort((a, b) => a - b)) await lockCategoryShared(tx, key)
  const id = there ?? (await insertArchivedRoom(tx, one, nameKey(one.name), category, operator.id))
  await lockRoom(tx, id)
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
