import { openDb } from '../store/db.ts'

type Place = { host: string; user: string; database: string }

const name = /^[a-z_][a-z0-9_]{0,62}$/

/** Makes the archive's database beside the store's where it is not there yet: for one machine that keeps both. */
export async function ensureDatabase(address: Place): Promise<void> {
  if (!name.test(address.database)) throw new Error(`${address.database} is no name of a database.`)
  const db = openDb({ ...address, database: 'postgres' }, { max: 1 })
  try {
    const { rowCount } = await db.query('SELECT FROM pg_database WHERE datname = $1', [address.database])
    if (rowCount === 0) await db.query(`CREATE DATABASE ${address.database}`)
  } catch (error) {
    // Another process has made it meanwhile.
    if ((error as { code?: string }).code !== '42P04') throw error
  } finally {
    await db.end()
  }
}

/** The archive of a store that has the same server: its database by another name. */
export function besideStore(address: Place): Place {
  return { ...address, database: `${address.database}_compliance` }
}
