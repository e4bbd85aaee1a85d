import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { plainArray, textArray } from './array.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())

const pieces = [
  '"',
  '\\',
  '{',
  '}',
  ',',
  ' ',
  'NULL',
  'null',
  "'",
  '\n',
  '\t',
  '\u007f',
  'ß',
  '🙂',
  '\\"',
  'a',
  '$1',
  '',
]

test('[MS14] texts come out of an array as they went in: quotes, backslashes, braces, the word NULL, nothing', async () => {
  const pick = () => Array.from(randomBytes(6), byte => pieces[byte % pieces.length]).join('')
  const texts = [null, ...pieces, ...Array.from({ length: 500 }, pick), null]
  const { rows } = await database.db.query('SELECT $1::text[] AS texts', [textArray(texts)])
  expect(rows).toEqual([{ texts }])
})

test('[MS14] an array may be empty, and plain elements are numbers, truth values and ids', async () => {
  const { rows } = await database.db.query('SELECT $1::text[] AS none, $2::int[] AS ints, $3::boolean[] AS flags', [
    textArray([]),
    plainArray([1, -2, 30]),
    plainArray([true, false]),
  ])
  expect(rows).toEqual([{ none: [], ints: [1, -2, 30], flags: [true, false] }])
})
