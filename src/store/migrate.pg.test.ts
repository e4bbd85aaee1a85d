import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { openDb } from './db.ts'
import { migrate } from './migrate.ts'
import { newestSchema, readMigrations, toMigration } from './migration.ts'
import { beat, endProcess } from './server.ts'

let database: TestDatabase
let newest: number
beforeEach(async () => {
  database = await openTestDatabase()
  newest = await newestSchema()
})
afterEach(() => database.drop())

const next = (sql: string, from?: number, version = 900) =>
  toMigration(
    `0${version}_next.sql`,
    `-- Why.\n${from === undefined ? '' : `-- serves from schema ${from} on\n`}\n${sql}`,
  )

/** What the next version of the program would do at its start. */
const upgrade = async (...more: ReturnType<typeof next>[]) =>
  migrate(database.db, { migrations: [...(await readMigrations()), ...more], pauseMs: 20 })

async function columnsOf(table: string): Promise<string[]> {
  const { rows } = await database.db.query<{ name: string }>(
    'SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped',
    [table],
  )
  return rows.map(row => row.name)
}

test('[DU5] a database that confirms commits before they are on disk is refused, and one that does not is taken again', async () => {
  const { address, db } = database
  const set = (value: string) => db.query(`ALTER DATABASE ${address.database} SET synchronous_commit = ${value}`)
  const tryAgain = async () => {
    const fresh = openDb(address, { max: 1 })
    try {
      return await migrate(fresh)
    } finally {
      await fresh.end()
    }
  }
  await set('off')
  await expect(tryAgain()).rejects.toThrow(/synchronous_commit = off.*ALTER DATABASE/)
  await set('on')
  expect(await tryAgain()).toEqual({ applied: [] })
})

test('[UP1] a migration serves from the schema that its header names on, without one from its own', () => {
  expect(next('SELECT 1', 2)).toMatchObject({ version: 900, name: '0900_next.sql', servesFrom: 2 })
  expect(next('SELECT 1').servesFrom).toBe(900)
  expect(toMigration('0900_next.sql', '-- it serves from schema two on\nSELECT 1').servesFrom).toBe(900)
})

test('[UP1] a program starts on a newer schema that serves it, and is told which one it would need where it does not', async () => {
  await upgrade(next('ALTER TABLE room ADD COLUMN next_note text', newest))
  expect(await migrate(database.db)).toEqual({ applied: [] })
  await upgrade(next('', newest), next('ALTER TABLE room DROP COLUMN next_note', 900, 901))
  await expect(migrate(database.db)).rejects.toThrow(
    `The database has schema 901, this program knows up to ${newest}. Start the newer Persistent Chat that made it, or another that knows schema 900 or later.`,
  )
})

test('[UP1] a database from before such headers is taken, and what it does not say counts as a contraction', async () => {
  const { db } = database
  await db.query('ALTER TABLE migration DROP COLUMN serves_from')
  expect(await migrate(db)).toEqual({ applied: [] })
  await db.query("INSERT INTO migration (version, name) VALUES (900, '0900_next.sql')")
  await expect(migrate(db)).rejects.toThrow(/knows schema 900 or later/)
})

test('[UP2] a migration that finds a table in use gives way to who comes after it, and comes again', async () => {
  const { db } = database
  const long = await db.connect()
  await long.query('BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; SELECT FROM room LIMIT 1')
  const upgraded = upgrade(next('ALTER TABLE room ADD COLUMN next_note text', newest))
  // Until it stands in the queue; whoever asks now stands behind it, with five seconds of patience.
  await waitFor(async () => {
    const { rowCount } = await db.query("SELECT FROM pg_locks WHERE relation = 'room'::regclass AND NOT granted")
    return rowCount === 1
  })
  await db.query('SELECT count(*) FROM room')
  expect(await columnsOf('room')).not.toContain('next_note')
  await long.query('COMMIT')
  long.release()
  expect(await upgraded).toEqual({ applied: ['0900_next.sql'] })
  expect(await columnsOf('room')).toContain('next_note')
})

test('[UP2] it gives up after its tries with a sentence, and has changed nothing', async () => {
  const { db } = database
  const long = await db.connect()
  await long.query('BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; SELECT FROM room LIMIT 1')
  const migrations = [
    ...(await readMigrations()),
    next('ALTER TABLE category ADD COLUMN next_note text; ALTER TABLE room ADD COLUMN next_note text', newest),
  ]
  await expect(migrate(db, { migrations, tries: 2, pauseMs: 20 })).rejects.toThrow(/in 2 tries.*then start again/)
  await long.query('COMMIT')
  long.release()
  expect(await columnsOf('category')).not.toContain('next_note')
})

test('[UP3] of two processes that start together each migration is made by one', async () => {
  const other = openDb(database.address, { max: 1 })
  const migrations = [
    ...(await readMigrations()),
    next('CREATE TABLE next_one (a int)', newest),
    next('CREATE TABLE next_two (a int)', newest, 901),
  ]
  const both = await Promise.all([migrate(database.db, { migrations }), migrate(other, { migrations })])
  await other.end()
  expect(both.flatMap(({ applied }) => applied).sort()).toEqual(['0900_next.sql', '0901_next.sql'])
})

test('[UP3] a migration that fails leaves nothing behind, and those before it in place', async () => {
  const good = next('CREATE TABLE next_one (a int)', newest)
  const bad = next('CREATE TABLE next_two (a int); SELECT nothing', newest, 901)
  await expect(upgrade(good, bad)).rejects.toThrow(/nothing/)
  expect(await columnsOf('next_one')).toEqual(['a'])
  expect(await columnsOf('next_two')).toEqual([])
  expect(await upgrade(good, next('CREATE TABLE next_two (a int)', newest, 901))).toEqual({
    applied: ['0901_next.sql'],
  })
})

test('[UP4] a contraction waits until no process of a program below it lives; an expansion does not', async () => {
  const { db } = database
  const id = randomUUID()
  await beat(db, { id, server: 'chat1', url: 'ws://chat1/ws', program: '1.2.3', sessions: 0, draining: false })
  const expansion = next('CREATE TABLE next_one (a int)', newest)
  const contraction = next('DROP TABLE next_one', 900, 901)
  await expect(upgrade(expansion, contraction)).rejects.toThrow(
    `Schema 901 takes away what programs below schema 900 use, and some run: chat1 (program 1.2.3, schema ${newest}). Upgrade these servers first, to a Persistent Chat that knows schema 900, or stop them; one that was killed counts for 10 seconds. Then start again.`,
  )
  expect(await columnsOf('next_one')).toEqual(['a'])
  await endProcess(db, id)
  expect(await upgrade(expansion, contraction)).toEqual({ applied: ['0901_next.sql'] })
})

test('[UP4] the dead, and processes of the program that the contraction serves, do not hold it up', async () => {
  const { db } = database
  const process = { url: 'ws://chat/ws', program: '1.2.3', sessions: 0, draining: false }
  const [dead, upgraded] = [randomUUID(), randomUUID()]
  await beat(db, { ...process, id: dead, server: 'dead' })
  await beat(db, { ...process, id: upgraded, server: 'upgraded' })
  await db.query("UPDATE server_process SET beat_at = beat_at - interval '11 seconds' WHERE id = $1", [dead])
  await db.query('UPDATE server_process SET schema = 900 WHERE id = $1', [upgraded])
  const expansion = next('CREATE TABLE next_one (a int)', newest)
  expect(await upgrade(expansion, next('DROP TABLE next_one', 900, 901))).toEqual({
    applied: ['0900_next.sql', '0901_next.sql'],
  })
})

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 10))
}
