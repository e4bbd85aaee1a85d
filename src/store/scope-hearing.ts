import { readVersions, type Versions } from './access.ts'
import { type Db, planForValues, type Queryable, transaction } from './db.ts'
import { outOfScope } from './entry.ts'

/** From so many users on it is cheaper to read all who are in scope. */
const manyUsers = 300

/** Where rooms of a category stand, and which of some users are out of its scope: of one snapshot. Rooms of others are left out. */
export function readScopeHearing(
  db: Db,
  category: string,
  rooms: string[],
  users: string[],
): Promise<{ rooms: Map<string, Versions>; out: Set<string> }> {
  const read = async (tx: Queryable) => {
    await planForValues(tx)
    const found = await readVersions(tx, rooms)
    for (const [room, versions] of found) if (versions.category !== category) found.delete(room)
    const out =
      users.length < manyUsers ? await outOfScope(tx, category, users) : await manyOutOfScope(tx, category, users)
    return { rooms: found, out: new Set(out) }
  }
  return transaction(db, read, 'ISOLATION LEVEL REPEATABLE READ READ ONLY')
}

async function manyOutOfScope(q: Queryable, category: string, users: string[]): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `SELECT u AS id FROM unnest($2::uuid[]) u WHERE u NOT IN (
       SELECT a.member FROM category_scope s JOIN affiliation a ON a.ancestor = s.principal
        WHERE s.category = $1 GROUP BY a.member HAVING NOT bool_or(s.denied))`,
    [category, users],
  )
  return rows.map(row => row.id)
}
