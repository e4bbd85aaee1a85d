import { expect, test } from 'vitest'
import { openTestDatabase } from '../../test/database.ts'
import { openDb } from './db.ts'
import { migrate } from './migrate.ts'

test('[DU5] a database that confirms commits before they are on disk is refused, and one that does not is taken again', async () => {
  const { address, db, drop } = await openTestDatabase()
  const set = (value: string) => db.query(`ALTER DATABASE ${address.database} SET synchronous_commit = ${value}`)
  const tryAgain = async () => {
    const fresh = openDb(address, { max: 1 })
    try {
      return await migrate(fresh)
    } finally {
      await fresh.end()
    }
  }
  try {
    await set('off')
    await expect(tryAgain()).rejects.toThrow(/synchronous_commit = off.*ALTER DATABASE/)
    await set('on')
    expect(await tryAgain()).toEqual({ applied: [] })
  } finally {
    await drop()
  }
})
