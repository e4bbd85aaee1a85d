import { readdir, readFile } from 'node:fs/promises'
import { type Connection, type Db, type Queryable, transaction } from '../store/db.ts'

const folder = new URL('migrations/', import.meta.url)

/**
 * Brings the PersistentChatComplianceStore to the newest schema that this program knows; several may begin at once. A role that
 * may only append finds out whether it is there already, and throws where it is not.
 */
export async function migrateArchive(db: Db): Promise<string[]> {
  if (await isWhole(db)) return []
  if (!(await mayMake(db)))
    throw new Error(
      'The archive has an older schema than this program, and its role may not change it. Run pchat compliance prepare first.',
    )
  return transaction(db, applyMissing)
}

/** In a transaction of somebody who may make tables there. */
export async function applyMissing(tx: Connection): Promise<string[]> {
  await tx.query('SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0')
  await tx.query('SELECT pg_advisory_xact_lock(9, 1)')
  await tx.query(
    'CREATE TABLE IF NOT EXISTS archive_migration (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())',
  )
  const missing = await missingOf(tx, await namesOf())
  for (const name of missing) {
    await tx.query(await readFile(new URL(name, folder), 'utf8'))
    await tx.query('INSERT INTO archive_migration (name) VALUES ($1)', [name])
  }
  return missing
}

/** Whether its schema is all that this program knows. */
export async function isWhole(q: Queryable): Promise<boolean> {
  return (await missingOf(q, await namesOf())).length === 0
}

async function namesOf(): Promise<string[]> {
  return (await readdir(folder)).filter(name => /^\d{4}_\w+\.sql$/.test(name)).sort()
}

async function missingOf(q: Queryable, names: string[]): Promise<string[]> {
  if (!(await isArchive(q))) return names
  const { rows } = await q.query<{ name: string }>('SELECT name FROM archive_migration')
  return names.filter(name => !rows.some(row => row.name === name))
}

/** Whether there is an archive at all in this database. */
export async function isArchive(q: Queryable): Promise<boolean> {
  const { rows } = await q.query<{ there: boolean }>("SELECT to_regclass('archive_migration') IS NOT NULL AS there")
  return rows[0]!.there
}

async function mayMake(q: Queryable): Promise<boolean> {
  const { rows } = await q.query<{ may: boolean }>("SELECT has_schema_privilege(current_schema(), 'CREATE') AS may")
  return rows[0]!.may === true
}
