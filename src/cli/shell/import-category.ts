import { nameKey } from '../../domain/name.ts'
import { operator } from '../../domain/operator.ts'
import {
  addToCategory,
  emptyCategoryLists,
  insertArchivedCategory,
  ownerOfName,
  takeTime,
} from '../../store/archive-write.ts'
import { audit } from '../../store/audit.ts'
import { findCategory, lockCategory, updateCategory } from '../../store/category.ts'
import { type Connection, transaction } from '../../store/db.ts'
import { takeName } from '../../store/room.ts'
import { type CategoryRecord, fault, type Importing, type ListRecord, mapped, note } from './import-run.ts'

/** Each category with all its lists in one transaction: no wall is ever half built. */
export async function importCategories(run: Importing): Promise<void> {
  for await (const [one, lists] of grouped<CategoryRecord>(run.archive.records('categories.jsonl'))) {
    const what = `category ${one.name}`
    const owner = await ownerOfName(run.db, nameKey(one.name))
    if (owner?.kind === 'room') {
      fault(run, what, 'The name is of a room here.')
      await drain(lists)
      continue
    }
    const id = run.dryRun
      ? (owner?.id ?? one.id)
      : await transaction(run.db, tx => writeCategory(tx, run, one, owner?.id, lists))
    await drain(lists)
    if (id === undefined) {
      fault(run, what, 'The category was deleted meanwhile. Import again.')
      continue
    }
    run.categories.set(one.id, id)
    run.done.categories[owner ? 'overwritten' : 'created'] += 1
    note(run, { what, change: owner ? 'overwrite' : 'create', now: '', after: one.name })
  }
}

/** Its id; undefined where it went away. */
async function writeCategory(
  tx: Connection,
  run: Importing,
  one: CategoryRecord,
  there: string | undefined,
  lists: AsyncIterable<ListRecord>,
): Promise<string | undefined> {
  await takeTime(tx)
  const id = there ?? (await insertArchivedCategory(tx, one))
  const row = await findCategory(tx, id)
  if (!row) return undefined
  await lockCategory(tx, row.lock_key)
  if (!(await findCategory(tx, id))) return undefined
  await takeName(tx, nameKey(one.name), id)
  await emptyCategoryLists(tx, id)
  for await (const { list, principals } of lists) await addToCategory(tx, id, list, mapped(run, principals))
  const { name, description, invitations, fileUpload, chatHistory } = one
  await updateCategory(tx, id, { name, description, invitations, fileUpload, chatHistory }, true)
  await audit(tx, operator.id, 'data.import', id, { category: name })
  return id
}

/** Each record with the lists that follow it. Who takes the next record has read the lists to their end. */
export async function* grouped<One extends { record: string }>(
  records: AsyncGenerator<One | ListRecord>,
): AsyncGenerator<[One, AsyncGenerator<ListRecord>]> {
  let next = await records.next()
  while (!next.done) {
    const one = next.value as One
    async function* lists(): AsyncGenerator<ListRecord> {
      for (next = await records.next(); !next.done && next.value.record === 'list'; next = await records.next())
        yield next.value as ListRecord
    }
    yield [one, lists()]
  }
}

export async function drain(lists: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of lists);
}
