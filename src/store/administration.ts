import type { Principal } from '../protocol/principal.ts'
import type { AdministrationRole } from '../protocol/role.ts'
import type { Connection, Queryable } from './db.ts'

/** Roles of administration. That of the full administrator is principal.administrator; the others are here, also those of groups. */
export type GrantedRole = Exclude<AdministrationRole, 'administrator'>

const grantedSql = (user: string) =>
  `FROM administration g JOIN affiliation ga ON ga.ancestor = g.principal WHERE ga.member = ${user}`

/** SQL of a text[]: what the user holds himself or by a group; nothing where he is disabled. The table of principals is to be called p. */
export const rolesSql = `CASE WHEN p.disabled THEN '{}' ELSE
    CASE WHEN p.administrator THEN '{administrator}'::text[] ELSE '{}' END || ARRAY(SELECT DISTINCT g.role ${grantedSql('p.id')} ORDER BY g.role) END`

/** SQL that says whether the user holds this role, himself or by a group. */
export const holdsSql = (user: string, role: GrantedRole) =>
  `EXISTS (SELECT ${grantedSql(user)} AND g.role = '${role}')`

/** The same of any role but that of the full administrator. */
export const holdsAnySql = (user: string) => `EXISTS (SELECT ${grantedSql(user)})`

/** SQL of PersonFacts.administrator: who manages Persistent Chat. Over `principal p`. */
export const managesSql = `(p.administrator OR ${holdsSql('p.id', 'chatAdministrator')})`
/** SQL of PersonFacts.helpDesk. Over `principal p`. */
export const helpDeskSql = holdsSql('p.id', 'helpDesk')

/** True where that changed something. */
export async function setRole(
  tx: Connection,
  principal: string,
  role: GrantedRole,
  by: string | undefined,
): Promise<boolean> {
  const { rowCount } =
    by === undefined
      ? await tx.query('DELETE FROM administration WHERE principal = $1 AND role = $2', [principal, role])
      : await tx.query(
          `INSERT INTO administration (principal, role, granted_by) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
          [principal, role, by],
        )
  return rowCount === 1
}

export type Holder = { principal: Principal; role: AdministrationRole; by: Principal | null; at: Date | null }

/** By role, then by name. */
export async function listHolders(q: Queryable): Promise<Holder[]> {
  const principal = (table: string) =>
    `json_build_object('id', ${table}.id, 'kind', ${table}.kind, 'name', ${table}.name, 'displayName', ${table}.display_name)`
  const { rows } = await q.query<Holder>(
    `SELECT ${principal('p')} AS principal, h.role, CASE WHEN b.id IS NOT NULL THEN ${principal('b')} END AS by, h.granted_at AS at
       FROM (SELECT id AS principal, 'administrator' AS role, NULL::uuid AS granted_by, NULL::timestamptz AS granted_at
               FROM principal WHERE administrator
              UNION ALL SELECT principal, role, granted_by, granted_at FROM administration) h
       JOIN principal p ON p.id = h.principal LEFT JOIN principal b ON b.id = h.granted_by
      ORDER BY array_position('{administrator,chatAdministrator,userAdministrator,complianceOfficer,helpDesk}', h.role), p.name_key`,
  )
  return rows
}

/**
 * Ends sign-ins of people for whom the principal stands and who hold no role yet: they come in anew, with the second factor that
 * they need now. Answers the ids.
 */
export async function endSessionsOfNewHolders(tx: Connection, principal: string): Promise<string[]> {
  // Whoever signs in at this moment holds his row: waited for, or made to wait and then to see the role.
  await tx.query(
    `SELECT FROM principal p WHERE p.id IN (SELECT member FROM affiliation WHERE ancestor = $1) AND p.kind = 'user'
      ORDER BY p.id FOR NO KEY UPDATE`,
    [principal],
  )
  const { rows } = await tx.query<{ id: string }>(
    `DELETE FROM session s USING affiliation a, principal p
      WHERE a.ancestor = $1 AND p.id = a.member AND s.principal = p.id AND s.kind = 'person' AND p.source = '' AND NOT p.administrator
        AND NOT ${holdsAnySql('p.id')}
     RETURNING s.id`,
    [principal],
  )
  return rows.map(row => row.id)
}

/** Of some users, the full administrators who may act. */
export async function fullAdministratorsAmong(q: Queryable, users: string[]): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    'SELECT id FROM principal WHERE administrator AND NOT disabled AND id = ANY ($1::uuid[])',
    [users],
  )
  return rows.map(row => row.id)
}
