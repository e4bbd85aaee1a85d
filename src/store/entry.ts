import type { Principal } from '../protocol/principal.ts'
import type { RoomRole } from '../protocol/room.ts'
import type { Queryable } from './db.ts'
import { roleNumber } from './room.ts'

/** Adds entries to a list of a room; those already there stay as they are. Answers the principals that were new. */
export async function addEntries(
  q: Queryable,
  room: string,
  role: RoomRole,
  principals: string[],
  by: string,
  invited: boolean,
): Promise<string[]> {
  if (principals.length === 0) return []
  const { rows } = await q.query<{ principal: string }>(
    `INSERT INTO room_entry (room, role, principal, added_by, invited) SELECT $1, $2, p, $4, $5 FROM unnest($3::uuid[]) p
     ON CONFLICT DO NOTHING RETURNING principal`,
    [room, roleNumber[role], principals, by, invited],
  )
  return rows.map(row => row.principal)
}

export async function removeEntries(q: Queryable, room: string, role: RoomRole, principals: string[]): Promise<number> {
  if (principals.length === 0) return 0
  const { rowCount } = await q.query(
    'DELETE FROM room_entry WHERE room = $1 AND role = $2 AND principal = ANY ($3::uuid[])',
    [room, roleNumber[role], principals],
  )
  return rowCount ?? 0
}

/** Removes every entry of the list that is not among `principals`. */
export async function keepEntries(q: Queryable, room: string, role: RoomRole, principals: string[]): Promise<number> {
  const { rowCount } = await q.query(
    'DELETE FROM room_entry WHERE room = $1 AND role = $2 AND principal <> ALL ($3::uuid[])',
    [room, roleNumber[role], principals],
  )
  return rowCount ?? 0
}

export async function countEntries(q: Queryable, room: string): Promise<Record<RoomRole, number>> {
  const { rows } = await q.query<{ role: number; n: number }>(
    'SELECT role, count(*) AS n FROM room_entry WHERE room = $1 GROUP BY role',
    [room],
  )
  const n = (role: number) => rows.find(row => row.role === role)?.n ?? 0
  return { member: n(0), manager: n(1), presenter: n(2) }
}

/** A page of one list in order of name. `after` is the last name key of the page before. */
export async function listEntries(
  q: Queryable,
  room: string,
  role: RoomRole,
  limit: number,
  after: string,
): Promise<(Principal & { nameKey: string })[]> {
  const { rows } = await q.query<Principal & { nameKey: string }>(
    `SELECT p.id, p.kind, p.name, p.display_name AS "displayName", p.name_key AS "nameKey"
       FROM room_entry e JOIN principal p ON p.id = e.principal
      WHERE e.room = $1 AND e.role = $2 AND p.name_key > $3 ORDER BY p.name_key LIMIT $4`,
    [room, roleNumber[role], after, limit],
  )
  return rows
}

/** Of `principals`, those that are outside a category's scope: not allowed by any ancestor, or denied by one. */
export async function outOfScope(q: Queryable, category: string, principals: string[]): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `SELECT p AS id FROM unnest($2::uuid[]) p
      WHERE (SELECT coalesce(bool_or(NOT s.denied), false) AND NOT coalesce(bool_or(s.denied), false)
               FROM affiliation a JOIN category_scope s ON s.principal = a.ancestor AND s.category = $1 WHERE a.member = p) IS NOT TRUE`,
    [category, principals],
  )
  return rows.map(row => row.id)
}

/** Of `principals`, those who are no members by the list: neither they nor an ancestor of theirs stands on it. */
export async function notOnMemberList(q: Queryable, room: string, principals: string[]): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `SELECT p AS id FROM unnest($2::uuid[]) p
      WHERE NOT EXISTS (SELECT FROM affiliation a JOIN room_entry e ON e.principal = a.ancestor
                         WHERE a.member = p AND e.room = $1 AND e.role = 0)`,
    [room, principals],
  )
  return rows.map(row => row.id)
}

/** Over `room_entry e`: the category $2 does not allow who stands there. */
const purgedSql = `(SELECT coalesce(bool_or(NOT s.denied), false) AND NOT coalesce(bool_or(s.denied), false)
               FROM affiliation a JOIN category_scope s ON s.principal = a.ancestor AND s.category = $2
              WHERE a.member = e.principal) IS NOT TRUE`

/** What a move would purge: the first of each list by name, and how many there are. */
export async function listPurged(
  q: Queryable,
  room: string,
  category: string,
  limit: number,
): Promise<Record<RoomRole, Principal[]> & { counts: Record<RoomRole, number> }> {
  const { rows } = await q.query<Principal & { role: number; n: number; place: number }>(
    `SELECT * FROM (
       SELECT p.id, p.kind, p.name, p.display_name AS "displayName", e.role, count(*) OVER (PARTITION BY e.role) AS n,
              row_number() OVER (PARTITION BY e.role ORDER BY p.name_key) AS place
         FROM room_entry e JOIN principal p ON p.id = e.principal WHERE e.room = $1 AND ${purgedSql}) purged
      WHERE place <= $3 ORDER BY role, place`,
    [room, category, limit],
  )
  const of = (role: RoomRole) => rows.filter(row => row.role === roleNumber[role])
  const list = (role: RoomRole) => of(role).map(({ role: _, n: __, place: ___, ...principal }): Principal => principal)
  const count = (role: RoomRole) => of(role)[0]?.n ?? 0
  return {
    member: list('member'),
    manager: list('manager'),
    presenter: list('presenter'),
    counts: { member: count('member'), manager: count('manager'), presenter: count('presenter') },
  }
}

/** A move purges what the new category does not allow. Answers how many entries went. */
export async function purgeOutOfScope(q: Queryable, room: string, category: string): Promise<number> {
  const { rowCount } = await q.query(`DELETE FROM room_entry e WHERE e.room = $1 AND ${purgedSql}`, [room, category])
  return rowCount ?? 0
}
