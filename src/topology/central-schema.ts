import { readdir, readFile } from 'node:fs/promises'
import { type Connection, type Db, type Queryable, transaction } from '../store/db.ts'

const folder = new URL('migrations/', import.meta.url)
const missing =
  'The Central Management Store is missing here, or has an older schema, and this role may not make it. Run pchat topology prepare first.'

/**
 * Brings the Central Management Store to the newest schema that this program knows, and answers what it applied; several may begin
 * at once. Throws where something is missing and the role may not make it.
 */
export async function migrateCentral(db: Db): Promise<string[]> {
  const names = await namesOf()
  if ((await missingOf(db, names)).length === 0) return []
  if (!(await mayMake(db))) throw new Error(missing)
  return transaction(db, tx => applyMissing(tx, names))
}

/** Throws where the store is not as this program needs it. Makes nothing. */
export async function requireCentral(q: Queryable): Promise<void> {
  if ((await missingOf(q, await namesOf())).length > 0) throw new Error(missing)
}

async function applyMissing(tx: Connection, names: string[]): Promise<string[]> {
  await tx.query('SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0')
  // Whoever came later waits here, then finds nothing to do.
  await tx.query('SELECT pg_advisory_xact_lock(9, 2)')
  await requireAlone(tx)
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

async function namesOf(): Promise<string[]> {
  return (await readdir(folder)).filter(name => /^\d{4}_\w+\.sql$/.test(name)).sort()
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

/**
 * Throws in a database of something else, which has tables and no Central Management Store. It looks into the catalogue: what
 * `to_regclass` knows may be older than the lock that was waited for. Of its tables others are the owners, and they would be of ours. */
export async function requireAlone(q: Queryable): Promise<void> {
  const { rows } = await q.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
       AND NOT EXISTS (SELECT FROM pg_class WHERE relname = 'central_migration' AND relkind = 'r')
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
     ORDER BY 1 LIMIT 1`,
  )
  if (rows[0])
    throw new Error(
      `This database is that of something else: it has a table ${rows[0].name}. Name one of its own for the Central Management Store.`,
    )
}

async function mayMake(q: Queryable): Promise<boolean> {
  const { rows } = await q.query<{ may: boolean | null }>(
    "SELECT has_schema_privilege(current_schema(), 'CREATE') AS may",
  )
  // Null: there is not even a schema that the role may look into.
  return rows[0]!.may === true
}
