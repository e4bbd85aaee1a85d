import { type Db, openDb } from '../store/db.ts'
import { migrateArchive } from './migrate.ts'

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
export async function prepareRoles(roles: ArchiveRoles): Promise<string[]> {
  const { adminUrl, database, owner, service, password } = roles
  for (const name of [database, owner, service])
    if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) throw new Error(`${name} is no name of a database or role.`)
  await on(adminUrl, async admin => {
    await ensureRole(admin, owner, 'NOLOGIN')
    await ensureRole(admin, service, 'LOGIN')
    if (password !== undefined) await setPassword(admin, service, password)
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [database])
    // Who makes a database for another must be able to become him.
    await admin.query(`GRANT ${owner} TO CURRENT_USER`)
    if (rowCount === 0) await admin.query(`CREATE DATABASE ${database} OWNER ${owner}`)
    await admin.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`)
    await admin.query(`GRANT CONNECT ON DATABASE ${database} TO ${service}`)
  })
  return on(inDatabase(adminUrl, database), async archive => {
    await archive.query(`SET ROLE ${owner}`)
    const applied = await migrateArchive(archive)
    await archive.query(`
      REVOKE ALL ON SCHEMA public FROM PUBLIC;
      REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${service};
      GRANT USAGE ON SCHEMA public TO ${service};
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${service};
      GRANT INSERT ON entry, batch, person_number, adapter TO ${service};
      GRANT UPDATE ON mover, adapter TO ${service}`)
    return applied
  })
}

async function ensureRole(admin: Db, name: string, login: 'LOGIN' | 'NOLOGIN'): Promise<void> {
  const { rowCount } = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [name])
  if (rowCount === 0) await admin.query(`CREATE ROLE ${name} ${login}`)
}

/** DDL takes no parameters: the server itself quotes it. */
async function setPassword(admin: Db, role: string, password: string): Promise<void> {
  const { rows } = await admin.query<{ statement: string }>(
    `SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text) AS statement`,
    [role, password],
  )
  await admin.query(rows[0]!.statement)
}

function inDatabase(url: string, database: string): string {
  const other = new URL(url)
  other.pathname = `/${database}`
  return other.href
}

/** One connection, so that a role that is set stays. */
async function on<T>(connectionString: string, work: (db: Db) => Promise<T>): Promise<T> {
  const db = openDb({ connectionString }, { max: 1, statementMs: 3_600_000 })
  try {
    return await work(db)
  } finally {
    await db.end()
  }
}
