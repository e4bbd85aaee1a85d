import type { Principal } from '../protocol/principal.ts'
import { type Db, planForValues, type Queryable, transaction } from './db.ts'
import { principalColumns } from './principal.ts'
import { wildcardPattern } from './wildcard.ts'

/** The people of a category's scope ($1), from its lists down: few of them hold many people. */
const scopeSql = `
  scoped AS (
    SELECT a.member FROM category_scope s JOIN affiliation a ON a.ancestor = s.principal
     WHERE s.category = $1 GROUP BY a.member HAVING NOT bool_or(s.denied))`

/** Whoever an entry of the member list of room $6 stands for; everyone where the room has no list or ignores it. */
const memberSql = `EXISTS (SELECT FROM room r WHERE r.id = $6::uuid AND (r.privacy = 'open' OR r.all_members OR EXISTS (
  SELECT FROM affiliation a JOIN room_entry e ON e.principal = a.ancestor AND e.room = r.id AND e.role = 0 WHERE a.member = p.id)))`

export type EligiblePage = {
  filter?: string | undefined
  /** Only members of this room. */
  membersOf?: string | undefined
  limit: number
  after: string
}

/** Users in the scope of a category, without those switched off, in order of name; `nameKey` of the last one leads on. */
export function listEligible(
  db: Db,
  category: string,
  page: EligiblePage,
): Promise<(Principal & { nameKey: string })[]> {
  return transaction(db, async tx => {
    await planForValues(tx)
    const { rows } = await tx.query<Principal & { nameKey: string }>(
      `WITH ${scopeSql}
       SELECT ${principalColumns}, p.name_key AS "nameKey" FROM scoped JOIN principal p ON p.id = scoped.member
        WHERE p.kind = 'user' AND NOT p.disabled AND ($2::text IS NULL OR p.name_key LIKE $2) AND p.name_key > $3
          AND ($5 IS FALSE OR ${memberSql})
        ORDER BY p.name_key LIMIT $4`,
      [
        category,
        page.filter === undefined ? null : wildcardPattern(page.filter),
        page.after,
        page.limit,
        page.membersOf !== undefined,
        page.membersOf ?? null,
      ],
    )
    return rows
  })
}

/** Why a principal is out of scope: who is denied, by name; null where nobody is and nobody is allowed. */
export type Obstacle = { denied: string | null }

/** Of these principals those that are out of the scope of a category. A denial beats every allowance, so it is the reason. */
export async function obstaclesOf(
  q: Queryable,
  category: string,
  principals: string[],
): Promise<Map<string, Obstacle>> {
  const { rows } = await q.query<{ id: string; denied: string | null }>(
    `SELECT p.id, o.denied FROM unnest($2::uuid[]) AS p (id)
      CROSS JOIN LATERAL (
            SELECT bool_or(NOT s.denied) AS allowed, min(d.display_name) FILTER (WHERE s.denied) AS denied
              FROM affiliation a JOIN category_scope s ON s.principal = a.ancestor AND s.category = $1
              JOIN principal d ON d.id = s.principal WHERE a.member = p.id) o
      WHERE o.allowed IS NOT TRUE OR o.denied IS NOT NULL`,
    [category, principals],
  )
  return new Map(rows.map(({ id, denied }) => [id, { denied }]))
}

/** Whether a user in scope manages some room of the category. */
export async function managesIn(q: Queryable, user: string, category: string): Promise<boolean> {
  const { rows } = await q.query<{ does: boolean }>(
    `SELECT EXISTS (SELECT FROM affiliation a JOIN room_entry e ON e.principal = a.ancestor AND e.role = 1
                      JOIN room_head h ON h.room = e.room AND h.category = $2 JOIN room r ON r.id = e.room AND r.deleted_at IS NULL
                     WHERE a.member = $1) AS does`,
    [user, category],
  )
  return rows[0]!.does
}
