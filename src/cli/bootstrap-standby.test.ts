import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase, urlOf } from '../../test/database.ts'
import { readPool, registerServer, setActiveServers } from '../store/server.ts'
import type { Site } from './bootstrap-doing.ts'
import { standbyDoing } from './bootstrap-serve.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())

test('[BS62] a server comes on stand-by before it starts, also as the first one, and one that was made active since stays active', async () => {
  const { db } = database
  const process = { roles: ['persistent-chat'], standby: true, settings: { databaseUrl: urlOf(database) }, secrets: [] }
  const { look, act } = standbyDoing({ plan: { fqdn: 'spare', processes: [process] }, env: {} } as unknown as Site)
  const active = async () => (await readPool(db)).servers.filter(one => one.active).map(({ name }) => name)
  expect(await look()).toMatchObject({ done: false })
  await act()
  // As the server does when it starts.
  await registerServer(db, 'spare')
  expect([await look(), await active()]).toMatchObject([{ done: true, found: 'on stand-by' }, []])
  await registerServer(db, 'first')
  const connection = await db.connect()
  await setActiveServers(connection, ['spare'])
  connection.release()
  expect(await look()).toMatchObject({ done: true, found: expect.stringContaining('active-servers') })
  expect(await active()).toEqual(['spare'])
})
