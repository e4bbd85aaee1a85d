import { readdir, readFile } from 'node:fs/promises'
import { type Connection, type Db, type Queryable, transaction } from '../store/db.ts'

const folder = new URL('migrations/', import.meta.url)

/**
 * Brings the Central Management Store to the newest schema that this program knows, and answers what it applied; several may begin
 * at once. Throws where something is missing and the role may not make it.
 */
export async function migrateCentral(db: Db): Promise<string[]> {
  const names = (await readdir(folder)).filter(name => /^\d{4}_\w+\.sql$/.test(name)).sort()
  if ((await missingOf(db, names)).length === 0) return []
  if (!(await mayMake(db)))
    throw new Error(
      'The Central Management Store is missing here, or has an older schema, and this role may not make it. Run pchat topology prepare first.',
    )
  return transaction(db, tx => applyMissing(tx, names))
}

async function applyMissing(tx: Connection, names: string[]): Promise<string[]> {
  await tx.query('SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0')
  // Whoever came later waits here, then finds nothing to do.
  await tx.query('SELECT pg_advisory_xact_lock(9, 2)')
  await tx.query(
    'CREATE TABLE IF NOT EXISTS central_migration (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())',
  )
  const missing = await missingOf(tx, names)
  for (const name of missing) {
    await tx.query(await readFile(new URL(name, folder), 'utf8'))
    await tx.query('INSERT INTO central_migration (name) VALUES ($1)', [name])
  }
  return missing
}

async function missingOf(q: Queryable, names: string[]): Promise<string[]> {
  if (!(await isCentral(q))) return names
  const { rows } = await q.query<{ name: string }>('SELECT name FROM central_migration')
  return names.filter(name => !rows.some(row => row.name === name))
}

/** Whether there is a Central Management Store at all in this database. Rejects with 3D000 where there is no database. */
export async function isCentral(q: Queryable): Promise<boolean> {
  const { rows } = await q.query<{ there: boolean }>("SELECT to_regclass('central_migration') IS NOT NULL AS there")
  return rows[0]!.there
}

async function mayMake(q: Queryable): Promise<boolean> {
  const { rows } = await q.query<{ may: boolean | null }>(
    "SELECT has_schema_privilege(current_schema(), 'CREATE') AS may",
  )
  // Null: there is not even a schema that the role may look into.
  return rows[0]!.may === true
}
