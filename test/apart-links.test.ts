import { afterEach, expect, test } from 'vitest'
import { silentLog } from '../src/base/log.ts'
import { serve } from '../src/cli/serve.ts'
import type { ServeOptions, Serving } from '../src/cli/serve-options.ts'
import { openTestDatabase } from './database.ts'
import { openLive, password, signInAt } from './harness.ts'
import { shell } from './shell.ts'
import { until } from './stage.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function start(database: Awaited<ReturnType<typeof openTestDatabase>>, more: Partial<ServeOptions>) {
  const usual = { address: database.address, host: '127.0.0.1', port: 0, log: silentLog, webRoot: '/nonexistent' }
  const serving: Serving = await serve({ ...usual, ...more })
  ends.push(() => serving.stop())
  return serving
}

async function openStore() {
  const database = await openTestDatabase()
  ends.push(() => database.drop())
  return database
}

test('[FR9] the link for the first administrator is made by Front End Servers and leads there', async () => {
  const database = await openStore()
  expect((await start(database, { role: 'persistent-chat', server: 'chat1' })).setupUrl).toBeUndefined()
  const front = await start(database, { role: 'front-end', server: 'fe1' })
  expect(front.setupUrl).toMatch(new RegExp(`^${front.url}/setup#token=`))
})

test('[FR9] a passkey that is made over a live session is for the pages of the Front End Servers; without one none is made', async () => {
  const database = await openStore()
  const front = await start(database, {
    ...{ role: 'front-end', server: 'fe1', publicUrl: 'https://front.example.com' },
    admin: { user: 'admin@example.com', password },
  })
  const chat = await start(database, { role: 'persistent-chat', server: 'chat1' })
  const { token, me } = await signInAt(front.url, 'admin@example.com')
  const live = await openLive(chat.url, token, me)
  const begin = () => live.ask('factor.begin', { kind: 'passkey' })
  await until(async () => live !== undefined && (await begin()).error === undefined)
  expect((await begin()).result).toMatchObject({ options: { rp: { id: 'front.example.com' } } })
  expect((await live.call('session.servers', {})).webServices).toEqual(['https://front.example.com'])
  await ends.splice(1, 1)[0]!()
  await until(async () => (await begin()).error?.code === 'conflict')
  await live.close()
})

test('[FR15] the shell asks a Front End Server, and is told by another server where that is', async () => {
  const database = await openStore()
  const admin = { user: 'admin@example.com', password }
  const front = await start(database, { role: 'front-end', server: 'fe1', admin })
  const chat = await start(database, { role: 'persistent-chat', server: 'chat1' })
  const { token } = await signInAt(front.url, admin.user)
  const state = (url: string) => shell(['category', 'get', '--server', url], { env: { PCHAT_TOKEN: token } })
  expect(await state(front.url)).toMatchObject({ code: 0, err: '' })
  await until(async () => (await state(chat.url)).err.includes(front.url))
  expect((await state(chat.url)).code).not.toBe(0)
})
