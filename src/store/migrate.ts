import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Db, transaction } from './db.ts'

const folder = fileURLToPath(new URL('./migrations/', import.meta.url))

export type Migration = { version: number; name: string; sql: string }

export async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(folder)).filter(name => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async name => ({ version: Number.parseInt(name, 10), name, sql: await readFile(folder + name, 'utf8') })),
  )
}

/** Brings the store to the newest schema. Forward only, each file in its own transaction, one process at a time. */
export async function migrate(db: Db): Promise<{ applied: string[] }> {
  const migrations = await readMigrations()
  const newest = migrations.at(-1)?.version ?? 0
  const { rows } = await db.query<{ v: number; commit: string }>(
    "SELECT current_setting('server_version_num')::int AS v, current_setting('synchronous_commit') AS commit",
  )
  const serverVersion = rows[0]?.v ?? 0
  if (serverVersion < 150_000)
    throw new Error(
      `The database server is PostgreSQL ${Math.floor(serverVersion / 10_000)}; Persistent Chat needs 15 or later. Upgrade it or name another with --database-url.`,
    )
  // It would acknowledge posts that are not on disk yet.
  if (rows[0]?.commit === 'off')
    throw new Error(
      'The database confirms commits before they are on disk (synchronous_commit = off). Run ALTER DATABASE … SET synchronous_commit = on, then start again.',
    )
  const applied: string[] = []
  await transaction(db, async tx => {
    await tx.query('SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0')
    // Two servers that start together: the second waits here, then finds nothing to do.
    await tx.query('SELECT pg_advisory_xact_lock(9, 0)')
    await tx.query(
      'CREATE TABLE IF NOT EXISTS migration (version int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
    )
    const done = await tx.query<{ version: number }>('SELECT version FROM migration ORDER BY version')
    const have = new Set(done.rows.map(row => row.version))
    const beyond = done.rows.find(row => row.version > newest)
    if (beyond)
      throw new Error(
        `The database has schema ${beyond.version}, this program knows up to ${newest}. Start the newer Persistent Chat that made it.`,
      )
    for (const migration of migrations) {
      if (have.has(migration.version)) continue
      await tx.query(migration.sql)
      await tx.query('INSERT INTO migration (version, name) VALUES ($1, $2)', [migration.version, migration.name])
      applied.push(migration.name)
    }
  })
  return { applied }
}
