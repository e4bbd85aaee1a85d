import { expect, test } from 'vitest'
import { openTestDatabase } from './database.ts'

test('the newest schema is there, and two test databases do not see each other', async () => {
  const [one, two] = await Promise.all([openTestDatabase(), openTestDatabase()])
  await one.db.query('UPDATE pool SET settings = \'{"mine": true}\'')
  const { rows } = await two.db.query('SELECT settings FROM pool')
  expect(rows).toEqual([{ settings: {} }])
  await Promise.all([one.drop(), two.drop()])
})
