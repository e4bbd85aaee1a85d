import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { changeGroup, lockDirectory, reflattenUnits } from './affiliation.ts'
import { type Connection, transaction } from './db.ts'
import { insertPrincipal } from './principal.ts'
import { affectedUsers, directoryChangesSince, everyone, raiseDirectory, raiseSettings, readStamps } from './stamp.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())

async function add(tx: Connection, kind: 'user' | 'group', name: string): Promise<string> {
  const { id } = (await insertPrincipal(tx, { kind, name, displayName: name }))!
  await reflattenUnits(tx, [id])
  return id
}

test('[PR5] each change of the directory raises its version and is found from an older one', async () => {
  const { db } = database
  const start = await readStamps(db)
  const [a, b] = ['11111111-1111-1111-1111-111111111111', '22222222-2222-2222-2222-222222222222']
  const first = await transaction(db, tx => raiseDirectory(tx, [a, a]))
  const second = await transaction(db, tx => raiseDirectory(tx, [b]))
  expect([first, second]).toEqual([start.directory + 1, start.directory + 2])
  expect(await transaction(db, tx => raiseDirectory(tx, []))).toBe(second)
  expect(await directoryChangesSince(db, start.directory)).toEqual({ version: second, principals: [a, b] })
  expect(await directoryChangesSince(db, first)).toEqual({ version: second, principals: [b] })
  expect(await directoryChangesSince(db, second)).toEqual({ version: second, principals: [] })
  const { rows } = await db.query("SELECT count(*) AS n FROM change WHERE kind = 'directory'")
  expect(rows).toEqual([{ n: 2 }])
})

test('[PR5] a log that does not reach back far enough, or a store that went back, means everyone', async () => {
  const { db } = database
  const { directory } = await readStamps(db)
  await db.query('DELETE FROM directory_change WHERE version = $1', [directory - 1])
  expect((await directoryChangesSince(db, directory - 2)).principals).toEqual([everyone])
  expect((await directoryChangesSince(db, directory - 1)).principals).not.toEqual([everyone])
  expect((await directoryChangesSince(db, directory + 5)).principals).toEqual([everyone])
})

test('[PR5] a changed group stands for its members at any depth, a removed member for himself, the nil id for all', async () => {
  const { db } = database
  const made = await transaction(db, async tx => {
    await lockDirectory(tx)
    const [outer, inner] = [await add(tx, 'group', 'outer'), await add(tx, 'group', 'inner')]
    const [in_, out] = [await add(tx, 'user', 'in@x.net'), await add(tx, 'user', 'out@x.net')]
    await changeGroup(tx, outer, [inner], [])
    await changeGroup(tx, inner, [in_], [])
    return { outer, inner, in_, out }
  })
  const among = [made.in_, made.out]
  expect(await affectedUsers(db, [made.outer], among)).toEqual([made.in_])
  expect(await affectedUsers(db, [made.out], among)).toEqual([made.out])
  expect(await affectedUsers(db, [everyone], among)).toEqual(among)
  expect(await affectedUsers(db, [], among)).toEqual([])
  const removed = await transaction(db, async tx => changeGroup(tx, made.outer, [], [made.inner]))
  expect(removed).toEqual([made.inner])
  expect(await affectedUsers(db, removed, among)).toEqual([made.in_])
})

test('[PR5] raising waits for posts under the old version, and posts wait for it', async () => {
  const { db } = database
  for (const [key, raise] of [
    [1, (tx: Connection) => raiseDirectory(tx, [everyone])],
    [2, raiseSettings],
  ] as const) {
    const poster = await db.connect()
    await poster.query('BEGIN')
    await poster.query('SELECT pg_advisory_xact_lock_shared($1, 0)', [key])
    let raised = false
    const raising = transaction(db, raise).then(() => {
      raised = true
    })
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(raised).toBe(false)
    await poster.query('COMMIT')
    poster.release()
    await raising
  }
})
