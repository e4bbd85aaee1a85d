import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { countPool } from './pool-count.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())

const age = (seconds: number, tookMs: number) =>
  database.db.query(
    'UPDATE pool_count SET took_ms = $2, tried_at = clock_timestamp() - make_interval(secs => $1), at = clock_timestamp() - make_interval(secs => $1)',
    [seconds, tookMs],
  )
const addCategory = () => database.db.query("INSERT INTO category (name) VALUES ('one more')")
const categories = async () => (await countPool(database.db))?.counts.categories

test('[MN3] the pool is counted once a minute, whoever asks', async () => {
  expect(await categories()).toBe(0)
  await addCategory()
  expect(await categories()).toBe(0)
  await age(59, 10)
  expect(await categories()).toBe(0)
  await age(61, 10)
  const counted = await Promise.all([1, 2, 3].map(() => countPool(database.db)))
  expect(counted.map(one => one?.counts.categories)).toContain(1)
  expect(await categories()).toBe(1)
})

test('[MN3] counting that takes long is done as seldom as to take one part in a hundred', async () => {
  await addCategory()
  await age(600, 10_000)
  const before = await categories()
  await age(1_001, 10_000)
  expect(await categories()).toBe(before! + 1)
})

test('[MN3] counting that takes too long is ended, the old counts stay with their age, and the next try comes as late', async () => {
  await addCategory()
  const before = await categories()
  await age(120, 10)
  // A millisecond does not suffice to plan it.
  const ended = await countPool(database.db, 1)
  expect(ended).toMatchObject({ counts: { categories: before } })
  expect(ended!.ageSeconds).toBeGreaterThan(100)
  expect(await categories()).toBe(before)
  await age(120, 10)
  expect(await categories()).toBe(before! + 1)
})
