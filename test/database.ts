import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { type Db, openDb } from '../src/store/db.ts'
import type { TestStore } from './global-setup.ts'

export type TestDatabase = { address: TestStore; db: Db; drop(): Promise<void> }

/** A migrated database of one's own, cloned from the run's template in about 50 ms. Close other pools on it or not: `drop` ends them. */
export function openTestDatabase(): Promise<TestDatabase> {
  return createDatabase(` TEMPLATE ${inject('store').database}`)
}

/** An empty one on the same server, such as for the archive. */
export function openEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase('')
}

export function urlOf({ address: { user, host, database } }: TestDatabase): string {
  return `postgres://${user}@${encodeURIComponent(host)}/${database}`
}

async function createDatabase(like: string): Promise<TestDatabase> {
  const template = inject('store')
  const address = { ...template, database: `test_${randomBytes(6).toString('hex')}` }
  await asAdministrator(template, `CREATE DATABASE ${address.database}${like}`)
  const db = openDb(address, { max: 5 })
  return {
    address,
    db,
    async drop() {
      await db.end()
      await asAdministrator(template, `DROP DATABASE IF EXISTS ${address.database} WITH (FORCE)`)
    },
  }
}

async function asAdministrator(template: TestStore, sql: string): Promise<void> {
  const db = openDb({ ...template, database: 'postgres' }, { max: 1 })
  try {
    await db.query(sql)
  } finally {
    await db.end()
  }
}
