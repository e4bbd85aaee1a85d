import { type CategoryFacts, mayCreateRoom, maySeeCategory, seesAll } from '../domain/access.ts'
import { checkedDescription, checkedName, nameKey } from '../domain/name.ts'
import type { Category } from '../protocol/category.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Input, Result } from '../protocol/request.ts'
import { readCategoryAccess } from '../store/access.ts'
import { audit } from '../store/audit.ts'
import {
  type CategoryChange,
  type CategoryLists,
  type CategoryRow,
  deleteCategory as deleteCategoryRow,
  findCategory,
  hasRooms,
  insertCategory,
  listCategories as listCategoryRows,
  lockCategory,
  readLists,
  setList,
  updateCategory as updateCategoryRow,
} from '../store/category.ts'
import { type Connection, isUniqueViolation, transaction } from '../store/db.ts'
import { refuseDeniedCategory } from '../store/denial.ts'
import { resolvePrincipals } from '../store/principal.ts'
import { takeName } from '../store/room.ts'
import { requireAdministrator, requirePerson } from './access.ts'
import type { Caller, Chat } from './chat.ts'
import { listChange } from './list-change.ts'
import { auditTakenName, nameTaken } from './name.ts'

const listNames = ['allowedMembers', 'deniedMembers', 'creators'] as const

export async function createCategory(
  chat: Chat,
  caller: Caller,
  input: Input<'category.create'>,
): Promise<Result<'category.create'>> {
  const name = checkedName('name', input.name)
  const draft = {
    name,
    description: checkedDescription(input.description ?? ''),
    invitations: input.invitations ?? false,
    fileUpload: input.fileUpload ?? false,
    chatHistory: input.chatHistory ?? true,
  }
  const category = await withName(chat, caller, name, tx => writeCategory(tx, caller, draft, input))
  return { category }
}

async function writeCategory(
  tx: Connection,
  caller: Caller,
  draft: Required<CategoryChange>,
  input: Input<'category.create'>,
) {
  const row = await insertCategory(tx, draft)
  await takeName(tx, nameKey(draft.name), row.id)
  for (const list of listNames) {
    const members = await resolvePrincipals(tx, input[list] ?? [])
    if (members.length > 0) await setList(tx, row.id, list, ids(members))
  }
  await audit(tx, caller.user.id, 'category.create', row.id, { ...input })
  return toCategory(row, true, (await readLists(tx, [row.id])).get(row.id))
}

export async function updateCategory(
  chat: Chat,
  caller: Caller,
  input: Input<'category.update'>,
): Promise<Result<'category.update'>> {
  await requireCategoryAdministrator(chat, caller, input.category)
  const name = input.name === undefined ? undefined : checkedName('name', input.name)
  const change: CategoryChange = {
    ...(name === undefined ? {} : { name }),
    ...(input.description === undefined ? {} : { description: checkedDescription(input.description) }),
    ...(input.invitations === undefined ? {} : { invitations: input.invitations }),
    ...(input.fileUpload === undefined ? {} : { fileUpload: input.fileUpload }),
    ...(input.chatHistory === undefined ? {} : { chatHistory: input.chatHistory }),
  }
  const category = await withName(chat, caller, name ?? '', tx => changeCategory(tx, caller, input, change))
  chat.bus.publish('pool', { head: { kind: 'category', category: category.id } })
  return { category }
}

async function changeCategory(tx: Connection, caller: Caller, input: Input<'category.update'>, change: CategoryChange) {
  const before = await findCategory(tx, input.category)
  if (!before) throw notFound('category')
  await lockCategory(tx, before.lock_key)
  const row = await findCategory(tx, input.category)
  if (!row) throw notFound('category')
  if (input.ifVersion !== undefined && input.ifVersion !== row.version)
    throw new Refusal(
      'conflict',
      `The category is at version ${row.version} by now. Read it again, then repeat the change.`,
    )
  if (change.name !== undefined) await takeName(tx, nameKey(change.name), row.id)
  const lists = (await readLists(tx, [row.id])).get(row.id)!
  for (const list of listNames) {
    const wanted = input[list]
    if (wanted !== undefined) await setList(tx, row.id, list, (await listChange(tx, wanted))(ids(lists[list])))
  }
  const scope =
    input.allowedMembers !== undefined ||
    input.deniedMembers !== undefined ||
    input.creators !== undefined ||
    change.chatHistory !== undefined
  await updateCategoryRow(tx, row.id, change, scope)
  await audit(tx, caller.user.id, 'category.update', row.id, { ...input })
  return toCategory((await findCategory(tx, row.id))!, true, (await readLists(tx, [row.id])).get(row.id))
}

export async function listCategories(
  chat: Chat,
  caller: Caller,
  _input: Input<'category.list'>,
): Promise<Result<'category.list'>> {
  const person = await requirePerson(chat, caller)
  const [rows, access] = await Promise.all([
    listCategoryRows(chat.db),
    readCategoryAccess(chat.db, caller.user.id, null, chat.site),
  ])
  const seen = rows.flatMap(row => {
    const scope: CategoryFacts | undefined = access.get(row.id)?.scope
    return scope && maySeeCategory(person, scope) ? [{ row, scope }] : []
  })
  const lists = seesAll(person)
    ? await readLists(
        chat.db,
        seen.map(({ row }) => row.id),
      )
    : undefined
  return { categories: seen.map(({ row, scope }) => toCategory(row, mayCreateRoom(person, scope), lists?.get(row.id))) }
}

export async function deleteCategory(
  chat: Chat,
  caller: Caller,
  input: Input<'category.delete'>,
): Promise<Result<'category.delete'>> {
  await requireCategoryAdministrator(chat, caller, input.category)
  await transaction(chat.db, async tx => {
    const row = await findCategory(tx, input.category)
    if (!row) throw notFound('category')
    await lockCategory(tx, row.lock_key)
    if (await hasRooms(tx, row.id))
      throw new Refusal('conflict', 'The category still has rooms. Move or delete them first.')
    if (input.dryRun) return refuseDeniedCategory(tx, row.id)
    await deleteCategoryRow(tx, row.id)
    await audit(tx, caller.user.id, 'category.delete', row.id, { name: row.name })
  })
  return {}
}

/** Unseen is not_found before not allowed is forbidden. */
async function requireCategoryAdministrator(chat: Chat, caller: Caller, category: string): Promise<void> {
  const person = await requirePerson(chat, caller)
  const access = (await readCategoryAccess(chat.db, caller.user.id, [category], chat.site)).get(category)
  if (!access || !maySeeCategory(person, access.scope)) throw notFound('category')
  await requireAdministrator(chat, caller)
}

async function withName<T>(chat: Chat, caller: Caller, name: string, work: (tx: Connection) => Promise<T>): Promise<T> {
  try {
    return await transaction(chat.db, work)
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    await auditTakenName(chat, caller, name)
    throw nameTaken()
  }
}

function toCategory(row: CategoryRow, mayCreateRooms: boolean, lists: CategoryLists | undefined): Category {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    version: row.version,
    invitations: row.invitations,
    fileUpload: row.file_upload,
    chatHistory: row.chat_history,
    mayCreateRooms,
    ...(lists ?? {}),
  }
}

function ids(principals: Principal[]): string[] {
  return principals.map(principal => principal.id)
}
