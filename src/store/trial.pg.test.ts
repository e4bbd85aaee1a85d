import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { asOnlyTrial } from './trial.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())

test('[BS61] one synthetic test at a time; who waits too long is told, and one whose connection breaks holds nobody up', async () => {
  const { db } = database
  const order: string[] = []
  let begun = () => {}
  const hasBegun = new Promise<void>(resolve => (begun = resolve))
  let end = () => {}
  const one = asOnlyTrial(db, 0, async () => {
    order.push('one')
    begun()
    await new Promise<void>(resolve => (end = resolve))
    order.push('one ends')
  })
  await hasBegun
  await expect(asOnlyTrial(db, 0, async () => order.push('never'))).rejects.toThrow('Run this again')
  const two = asOnlyTrial(db, 20_000, async () => order.push('two'))
  end()
  await Promise.all([one, two])
  expect(order).toEqual(['one', 'one ends', 'two'])

  const lost = asOnlyTrial(db, 0, async () => {
    await db.query(
      "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 13 AND granted",
    )
    await asOnlyTrial(db, 20_000, async () => order.push('three'))
  })
  await lost
  expect(order.at(-1)).toBe('three')
})
