import { escapeIdentifier } from 'pg'
import type { Db } from '../store/db.ts'
import {
  asAdministrator,
  asRole,
  ensureOwnDatabase,
  ensureRole,
  inDatabase,
  requireNames,
  setPassword,
} from '../store/role.ts'
import { applyMissing, isWhole } from './migrate.ts'

export type ArchiveRoles = {
  /** Of somebody who may make databases and roles. */
  adminUrl: string
  database: string
  owner: string
  service: string
  password: string | undefined
}

/**
 * The archive in the hands of an owner who cannot sign in, and a service that can add entries and heads, move its own marks, and
 * nothing else: who has its password changes and deletes nothing. May be run again; answers what it applied.
 */
export async function prepareRoles({ adminUrl, database, owner, service, password }: ArchiveRoles): Promise<string[]> {
  requireNames(database, owner, service)
  return asAdministrator(adminUrl, async admin => {
    await ensureRole(admin, owner, 'NOLOGIN')
    const isNew = await ensureRole(admin, service, 'LOGIN', password)
    if (!isNew && password !== undefined) await setPassword(admin, service, password)
    await ensureOwnDatabase(adminUrl, admin, database, owner)
    // An administrator who is no superuser comes into a closed database by this alone, and may do nothing there.
    const rights = `REVOKE ALL ON DATABASE ${escapeIdentifier(database)} FROM PUBLIC; GRANT CONNECT ON DATABASE ${escapeIdentifier(database)} TO ${escapeIdentifier(service)}, SESSION_USER`
    await asRole(admin, owner, tx => tx.query(rights))
    return fill(inDatabase(adminUrl, database), owner, service)
  })
}

function fill(archiveUrl: string, owner: string, service: string): Promise<string[]> {
  return asAdministrator(archiveUrl, archive =>
    asRole(archive, owner, async tx => {
      const applied = await applyMissing(tx)
      const role = escapeIdentifier(service)
      await tx.query(`
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
        REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${role};
        GRANT USAGE ON SCHEMA public TO ${role};
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role};
        GRANT INSERT ON entry, batch, person_number, adapter TO ${role};
        GRANT UPDATE ON mover, adapter TO ${role}`)
      return applied
    }),
  )
}

/** What the service needs is there: its schema is the one that the program knows, and it may append. Asked as the service. */
export async function isPrepared(archive: Db): Promise<boolean> {
  if (!(await isWhole(archive))) return false
  const { rows } = await archive.query<{ may: boolean }>(
    `SELECT has_table_privilege('entry', 'INSERT') AND has_table_privilege('adapter', 'INSERT')
        AND has_table_privilege('mover', 'UPDATE') AND has_table_privilege('adapter', 'UPDATE') AS may`,
  )
  return rows[0]!.may
}

/** Who asks, and whether he could change or delete what was recorded. */
export async function readRoleRights(archive: Db): Promise<{ role: string; changes: boolean }> {
  const { rows } = await archive.query<{ role: string; changes: boolean }>(
    `SELECT current_user AS role, has_table_privilege('entry', 'UPDATE') OR has_table_privilege('entry', 'DELETE')
         OR has_table_privilege('entry', 'TRUNCATE') AS changes`,
  )
  return rows[0]!
}
