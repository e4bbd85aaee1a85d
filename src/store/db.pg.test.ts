import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { readAccess } from './access.ts'
import { type Queryable, transaction } from './db.ts'
import { matchingSeqs, searchMessages } from './search.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())

test('[ST14] a statement is planned once a connection, whatever it is asked for', async () => {
  const connection = await database.db.connect()
  try {
    for (let count = 1; count <= 7; count += 1)
      await readAccess(
        connection,
        Array.from({ length: count }, () => ({ user: randomUUID(), room: randomUUID() })),
        undefined,
      )
    const { rows } = await connection.query(
      "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = 'access'",
    )
    expect(rows).toEqual([{ generic_plans: 7, custom_plans: 0 }])
  } finally {
    connection.release()
  }
})

test('[ST14] a search is planned for its words, and nothing after it', async () => {
  const { db } = database
  const mode = async (q: Queryable) =>
    (await q.query<{ plan_cache_mode: string }>('SHOW plan_cache_mode')).rows[0]!.plan_cache_mode
  const within = await transaction(db, async tx => {
    await matchingSeqs(tx, randomUUID(), { text: 'word' }, 0, 10)
    return mode(tx)
  })
  expect(within).toBe('force_custom_plan')
  expect(await mode(db)).toBe('force_generic_plan')
})

test('[SR8] a search that takes too long is ended in the store, and the connection is as good as before', async () => {
  const { db } = database
  const search = (withinMs: number) =>
    searchMessages(db, randomUUID(), { text: 'word' }, { rooms: undefined, limit: 10, after: undefined, withinMs })
  // A millisecond does not suffice to plan it.
  await expect(search(1)).rejects.toMatchObject({ code: 'too_large', message: expect.stringContaining('Name rooms') })
  expect(await search(15_000)).toEqual([])
  expect((await db.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '0' }])
})
