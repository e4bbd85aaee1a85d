import type { OneStore, StoreAddress } from '../store/address.ts'
import { type Db, openDb } from '../store/db.ts'

const sqlName = /^[a-z_][a-z0-9_]{0,62}$/
/** Each statement there is a small one: what takes longer is given up. */
const statementMs = 10_000

/** The Central Management Store of one machine that keeps everything: a database beside that of the pool. */
export function centralBeside(store: OneStore): OneStore {
  return { ...store, database: `${store.database}_central` }
}

/** Makes that database where it is not there yet; two at once make it once. */
export async function ensureCentralDatabase(place: OneStore): Promise<void> {
  if (!sqlName.test(place.database)) throw new Error(`${place.database} is no name of a database.`)
  const db = openDb({ ...place, database: 'postgres' }, { max: 1 })
  try {
    const { rowCount } = await db.query('SELECT FROM pg_database WHERE datname = $1', [place.database])
    if (rowCount === 0) await db.query(`CREATE DATABASE ${place.database}`)
  } catch (error) {
    // Another process has made it meanwhile: 23505 where both were at it.
    if (!['42P04', '23505'].includes((error as { code?: string }).code ?? '')) throw error
  } finally {
    await db.end()
  }
}

/** One connection listens, one asks. */
export function openCentral(address: StoreAddress): Db {
  return openDb(address, { max: 2, statementMs })
}
