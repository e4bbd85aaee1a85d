import { readdir, readFile } from 'node:fs/promises'
import { type Db, transaction } from '../store/db.ts'

const folder = new URL('migrations/', import.meta.url)

/** Brings the PersistentChatComplianceStore to the newest schema that this program knows; several may begin at once. */
export async function migrateArchive(db: Db): Promise<string[]> {
  const names = (await readdir(folder)).filter(name => /^\d{4}_\w+\.sql$/.test(name)).sort()
  return transaction(db, async tx => {
    await tx.query('SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0')
    await tx.query('SELECT pg_advisory_xact_lock(9, 1)')
    await tx.query(
      'CREATE TABLE IF NOT EXISTS archive_migration (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())',
    )
    const { rows } = await tx.query<{ name: string }>('SELECT name FROM archive_migration')
    const fresh = names.filter(name => !rows.some(row => row.name === name))
    for (const name of fresh) {
      await tx.query(await readFile(new URL(name, folder), 'utf8'))
      await tx.query('INSERT INTO archive_migration (name) VALUES ($1)', [name])
    }
    return fresh
  })
}
