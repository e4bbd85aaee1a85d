import { nameKey } from '../domain/name.ts'
import type { Addin } from '../protocol/addin.ts'
import { uuidPattern } from '../protocol/ids.ts'
import { lockCategoryShared } from './category.ts'
import type { Connection, Queryable } from './db.ts'

const uuid = new RegExp(uuidPattern)

/**
 * By id or name. `shared`: stays as it is until the transaction ends, so that a room does not take what is being renamed or deleted;
 * `whole`: to be changed.
 */
export async function findAddin(
  q: Queryable,
  ref: string,
  lock: 'none' | 'shared' | 'whole' = 'none',
): Promise<Addin | undefined> {
  const { rows } = await q.query<Addin>(
    `SELECT id, name, url FROM addin WHERE ${uuid.test(ref) ? 'id = $1::uuid' : 'name_key = $1'}
      ${{ none: '', shared: 'FOR SHARE', whole: 'FOR UPDATE' }[lock]}`,
    [uuid.test(ref) ? ref : nameKey(ref)],
  )
  return rows[0]
}

export async function listAddins(q: Queryable): Promise<Addin[]> {
  return (await q.query<Addin>('SELECT id, name, url FROM addin ORDER BY name_key')).rows
}

/** Where the name is taken the store's unique violation is thrown (isUniqueViolation), here and below. */
export async function insertAddin(q: Queryable, name: string, url: string): Promise<Addin> {
  const { rows } = await q.query<Addin>(
    'INSERT INTO addin (name, name_key, url) VALUES ($1, $2, $3) RETURNING id, name, url',
    [name, nameKey(name), url],
  )
  return rows[0]!
}

export async function updateAddin(
  q: Queryable,
  id: string,
  change: { name?: string | undefined; url?: string | undefined },
): Promise<Addin> {
  const { rows } = await q.query<Addin>(
    `UPDATE addin SET name = coalesce($2, name), name_key = coalesce($3, name_key), url = coalesce($4, url)
      WHERE id = $1 RETURNING id, name, url`,
    [id, change.name, change.name === undefined ? null : nameKey(change.name), change.url],
  )
  return rows[0]!
}

export async function deleteAddin(q: Queryable, id: string): Promise<void> {
  await q.query('DELETE FROM addin WHERE id = $1', [id])
}

export async function countAddinRooms(q: Queryable, id: string): Promise<number> {
  const { rows } = await q.query<{ rooms: number }>(
    'SELECT count(*)::int AS rooms FROM room WHERE addin = $1 AND deleted_at IS NULL',
    [id],
  )
  return rows[0]!.rooms
}

/**
 * Rooms that have the add-in are at a new version, and hubs find them in the list of changes; with `take` they have it no more.
 * Under the add-in's own lock. Categories first, as everybody who writes several rooms takes them: renaming one writes its rooms, too.
 */
export async function touchAddinRooms(tx: Connection, id: string, take: boolean): Promise<void> {
  const { rows } = await tx.query<{ lock_key: number }>(
    `SELECT lock_key FROM category WHERE id IN (
       SELECT h.category FROM room r JOIN room_head h ON h.room = r.id WHERE r.addin = $1) ORDER BY lock_key`,
    [id],
  )
  for (const { lock_key } of rows) await lockCategoryShared(tx, lock_key)
  await tx.query(
    `WITH touched AS (
       UPDATE room SET version = version + 1, addin = CASE WHEN $2 THEN NULL ELSE addin END WHERE addin = $1 RETURNING id)
     INSERT INTO change (kind, subject) SELECT 'room', id FROM touched`,
    [id, take],
  )
}
