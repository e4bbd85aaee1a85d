import { escapeIdentifier } from 'pg'
import type { Db, Queryable } from './db.ts'
import { asAdministrator, asRole, ensureOwnDatabase, ensureRole, requireNames } from './role.ts'

export type StoreRoles = {
  /** Of somebody who may make databases and roles. */
  adminUrl: string
  database: string
  /** Owns the database, and may do nothing beyond it. */
  user: string
  /** Set where the role is made; one that is there keeps its own. */
  password: string | undefined
}

/** Makes role and database of a store where they are missing, and closes it to all others. May be run again. */
export async function prepareStore({ adminUrl, database, user, password }: StoreRoles): Promise<void> {
  requireNames(database, user)
  await asAdministrator(adminUrl, async admin => {
    await ensureRole(admin, user, 'LOGIN', password)
    await ensureOwnDatabase(adminUrl, admin, database, user)
    await asRole(admin, user, tx => tx.query(`REVOKE ALL ON DATABASE ${escapeIdentifier(database)} FROM PUBLIC`))
  })
}

/** Whether a role is there, and whether it takes writes there: asked by an administrator. */
export function lookAsAdministrator(adminUrl: string, user: string): Promise<{ isThere: boolean; isStandBy: boolean }> {
  return asAdministrator(adminUrl, async admin => {
    const { rows } = await admin.query<{ isThere: boolean; isStandBy: boolean }>(
      'SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS "isThere", pg_is_in_recovery() AS "isStandBy"',
      [user],
    )
    return rows[0]!
  })
}

export type Rights = {
  /** Of the database that one is in. */
  owner: string
  user: string
  /** What the role could do beyond its database. */
  beyond: string[]
  isOpen: boolean
}

/** What somebody who is signed in may do there, as PostgreSQL's own catalogue says. */
export async function readRights(q: Queryable): Promise<Rights> {
  const { rows } = await q.query<Rights>(
    `SELECT pg_get_userbyid(d.datdba) AS owner, current_user AS "user",
            array_remove(ARRAY[CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
                               CASE WHEN r.rolcreatedb THEN 'CREATEDB' END], NULL) AS beyond,
            EXISTS (SELECT FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a WHERE a.grantee = 0) AS "isOpen"
       FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = current_user`,
  )
  return rows[0]!
}

/** Throws where the role could do more than it shall. */
export function requireLeast({ user, beyond }: Rights): void {
  if (beyond.length === 0) return
  const less = beyond.map(one => `NO${one}`).join(' ')
  throw new Error(
    `${user} may do more than it shall (${beyond.join(', ')}). Run ALTER ROLE ${escapeIdentifier(user)} ${less} there.`,
  )
}

/** Throws where the database is somebody else's. */
export function requireOwner({ owner, user }: Rights, database: string): void {
  if (owner === user) return
  throw new Error(
    `The database ${database} belongs to ${owner}. Run ALTER DATABASE ${escapeIdentifier(database)} OWNER TO ${escapeIdentifier(user)}, or name another one in the topology.`,
  )
}

/** Nobody else comes into the database of whoever asks, who owns it. */
export async function closeToOthers(db: Db): Promise<void> {
  const { rows } = await db.query<{ statement: string }>(
    "SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) AS statement",
  )
  await db.query(rows[0]!.statement)
}
