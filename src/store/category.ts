import type { Principal } from '../protocol/principal.ts'
import type { Queryable } from './db.ts'

export type CategoryRow = {
  id: string
  lock_key: number
  name: string
  description: string
  invitations: boolean
  file_upload: boolean
  chat_history: boolean
  version: number
  scope_version: number
}
const columns = 'id, lock_key, name, description, invitations, file_upload, chat_history, version, scope_version'

export type CategoryChange = {
  name?: string
  description?: string
  invitations?: boolean
  fileUpload?: boolean
  chatHistory?: boolean
}
export type CategoryLists = { allowedMembers: Principal[]; deniedMembers: Principal[]; creators: Principal[] }

export async function listCategories(q: Queryable): Promise<CategoryRow[]> {
  return (await q.query<CategoryRow>(`SELECT ${columns} FROM category ORDER BY lower(name), id`)).rows
}

export async function findCategory(q: Queryable, id: string): Promise<CategoryRow | undefined> {
  return (await q.query<CategoryRow>(`SELECT ${columns} FROM category WHERE id = $1`, [id])).rows[0]
}

/** Exclusively: no post under the old scope commits after this change is acknowledged. Taken before any room row. */
export async function lockCategory(q: Queryable, lockKey: number): Promise<void> {
  await q.query('SELECT pg_advisory_xact_lock(3, $1)', [lockKey])
}

/** Shared: the scope stays as it is while this transaction decides and writes by it. */
export async function lockCategoryShared(q: Queryable, lockKey: number): Promise<void> {
  await q.query('SELECT pg_advisory_xact_lock_shared(3, $1)', [lockKey])
}

export async function insertCategory(q: Queryable, draft: Required<CategoryChange>): Promise<CategoryRow> {
  const { rows } = await q.query<CategoryRow>(
    `INSERT INTO category (name, description, invitations, file_upload, chat_history) VALUES ($1, $2, $3, $4, $5) RETURNING ${columns}`,
    [draft.name, draft.description, draft.invitations, draft.fileUpload, draft.chatHistory],
  )
  return rows[0]!
}

/** Raises the version; with `scope`, also the one that stands in access stamps. Under the category's exclusive lock. */
export async function updateCategory(q: Queryable, id: string, change: CategoryChange, scope: boolean): Promise<void> {
  await q.query(
    `UPDATE category SET name = coalesce($2, name), description = coalesce($3, description), invitations = coalesce($4, invitations),
            file_upload = coalesce($5, file_upload), chat_history = coalesce($6, chat_history), version = version + 1,
            scope_version = CASE WHEN $7 THEN nextval('access_version') ELSE scope_version END
      WHERE id = $1`,
    [id, change.name, change.description, change.invitations, change.fileUpload, change.chatHistory, scope],
  )
  // A room shows these three of its category, and session.sync brings a room only where its version is newer.
  if (change.name !== undefined || change.fileUpload !== undefined || change.chatHistory !== undefined)
    await q.query(
      'UPDATE room r SET version = r.version + 1 FROM room_head h WHERE h.room = r.id AND h.category = $1 AND r.deleted_at IS NULL',
      [id],
    )
  await q.query("INSERT INTO change (kind, subject) VALUES ('category', $1)", [id])
}

export async function deleteCategory(q: Queryable, id: string): Promise<void> {
  await q.query('DELETE FROM category WHERE id = $1', [id])
  await q.query('DELETE FROM taken_name WHERE owner = $1', [id])
}

export async function hasRooms(q: Queryable, category: string): Promise<boolean> {
  return (
    (
      await q.query(
        'SELECT FROM room_head h JOIN room r ON r.id = h.room WHERE h.category = $1 AND r.deleted_at IS NULL LIMIT 1',
        [category],
      )
    ).rowCount === 1
  )
}

export async function readLists(q: Queryable, categories: string[]): Promise<Map<string, CategoryLists>> {
  const { rows } = await q.query<Principal & { category: string; list: keyof CategoryLists }>(
    `SELECT l.category, l.list, p.id, p.kind, p.name, p.display_name AS "displayName"
       FROM (SELECT category, CASE WHEN denied THEN 'deniedMembers' ELSE 'allowedMembers' END AS list, principal
               FROM category_scope WHERE category = ANY ($1::uuid[])
             UNION ALL SELECT category, 'creators', principal FROM category_creator WHERE category = ANY ($1::uuid[])) l
       JOIN principal p ON p.id = l.principal ORDER BY p.name_key`,
    [categories],
  )
  const lists = new Map<string, CategoryLists>(
    categories.map(id => [id, { allowedMembers: [], deniedMembers: [], creators: [] }]),
  )
  for (const { category, list, ...principal } of rows) lists.get(category)?.[list].push(principal)
  return lists
}

/** Sets one list of a category to exactly these principals. */
export async function setList(
  q: Queryable,
  category: string,
  list: keyof CategoryLists,
  principals: string[],
): Promise<void> {
  if (list === 'creators') {
    await q.query('DELETE FROM category_creator WHERE category = $1', [category])
    await q.query('INSERT INTO category_creator (category, principal) SELECT $1, p FROM unnest($2::uuid[]) p', [
      category,
      principals,
    ])
    return
  }
  const denied = list === 'deniedMembers'
  await q.query('DELETE FROM category_scope WHERE category = $1 AND denied = $2', [category, denied])
  await q.query('INSERT INTO category_scope (category, denied, principal) SELECT $1, $2, p FROM unnest($3::uuid[]) p', [
    category,
    denied,
    principals,
  ])
}
