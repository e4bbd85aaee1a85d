import type { Queryable } from '../store/db.ts'

/** What somebody who is signed in may do in the Central Management Store. `owns`: he can change what was published. */
export type CentralRights = { role: string; reads: boolean; publishes: boolean; owns: boolean }

/** Only where there is one that he sees. */
export async function readCentralRights(q: Queryable): Promise<CentralRights> {
  const { rows } = await q.query<CentralRights>(
    `SELECT current_user AS role, has_table_privilege('publication', 'SELECT') AND has_table_privilege('adoption', 'SELECT')
              AND has_table_privilege('central', 'SELECT') AS reads,
            has_any_column_privilege('publication', 'INSERT') AS publishes,
            pg_has_role(relowner, 'MEMBER') AS owns
       FROM pg_class WHERE oid = to_regclass('publication')`,
  )
  return rows[0]!
}
