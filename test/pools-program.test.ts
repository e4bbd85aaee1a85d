import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { keepSignIn } from '../src/cli/kept-sign-in.ts'
import { type Client, connect } from '../src/client/client.ts'
import { openPool } from '../src/client/pool.ts'
import { askHttp } from './ask-http.ts'
import { addTotp } from './factor-people.ts'
import { type Person, password, signInAt } from './harness.ts'
import { runPchat } from './pchat.ts'
import { shellOf } from './shell.ts'
import { arrive, giveTicket, openTwoPools, type TwoPools } from './two-pools.ts'

let pools: TwoPools
let folder: string
const clients: Client[] = []
beforeAll(async () => {
  ;[pools, folder] = await Promise.all([openTwoPools(), mkdtemp(join(tmpdir(), 'pchat-pools-'))])
}, 60_000)
afterAll(async () => {
  for (const client of clients) client.close()
  await pools?.stop()
  await rm(folder, { recursive: true, force: true })
})

let made = 0
async function both(): Promise<Person> {
  made += 1
  const name = `cat${made}@example.com`
  await pools.north.admin.call('principal.create', { kind: 'user', name, displayName: name, password })
  return pools.main.addUser(name)
}

function take(client: Client): Client {
  clients.push(client)
  return client
}

test('[PL17] the client library names the pools and opens another one, with its own rooms', async () => {
  const { main, north } = pools
  const cat = await both()
  for (const site of [main, north]) await site.addCategory({ name: `of ${site.url}`, allowedMembers: ['example.com'] })
  const client = take(connect({ url: main.url, signIn: { user: cat.me.name, password } }))
  expect(client.pools).toBeUndefined()
  await client.ready()
  expect(client.pools?.map(one => one.displayName)).toEqual(['Main rooms', 'North rooms'])
  const other = take(await openPool(client, 'north'))
  expect((await other.ready()).name).toBe(cat.me.name)
  expect(other.pools?.find(one => one.own)?.name).toBe('north')
  const categories = async (one: Client) =>
    (await one.request('category.list', {})).categories.map(category => category.name)
  expect([await categories(client), await categories(other)]).toEqual([[`of ${main.url}`], [`of ${north.url}`]])
  await expect(openPool(client, 'south')).rejects.toMatchObject({ code: 'not_found' })
  await expect(openPool(client, 'pchat')).rejects.toMatchObject({ code: 'not_found' })
  const alone = await main.addUser('alone@example.com')
  const lone = take(connect({ url: main.url, token: alone.token }))
  await expect(openPool(lone, 'north')).rejects.toMatchObject({ code: 'forbidden' })
})

test('[PL17] a pool that does not answer, or answers nonsense, rejects and leaves the client as it was', async () => {
  const { main, places } = pools
  const client = take(connect({ url: main.url, token: (await both()).token }))
  await client.ready()
  const [, north] = places
  const other = createServer((_request, response) => response.end('<p>Hello</p>')).listen(0, '127.0.0.1')
  await once(other, 'listening')
  try {
    for (const port of [1, (other.address() as AddressInfo).port]) {
      places[1] = { ...north!, url: `http://127.0.0.1:${port}` }
      await expect(openPool(client, 'north')).rejects.toMatchObject({ code: 'unavailable' })
    }
  } finally {
    places[1] = north!
    other.close()
  }
  expect(client.state).toBe('open')
  take(await openPool(client, 'north'))
})

test('[PL18] pchat pool list shows the pools, and pchat sign-in --pool comes to another one with the sign-in that is kept', async () => {
  const { main, north } = pools
  const cat = await both()
  const pchat = shellOf(main, cat.token)
  expect((await pchat('pool', 'list')).out.split('\n').map(line => line.trim().split(/ {2,}/))).toEqual([
    ['NAME', 'DISPLAY NAME', 'ADDRESS', 'HERE', 'ROOMS OF THIS SITE'],
    ['pchat', 'Main rooms', main.url, 'here', 'made here'],
    ['north', 'North rooms', north.url],
    [''],
  ])
  expect((await pchat.json('pool', 'list')).pools).toHaveLength(2)
  expect((await pchat.machine('pool', 'list')).out).toBe('There is one pool.\n')

  const env = { XDG_CONFIG_HOME: folder }
  const file = join(folder, 'pchat', 'sign-ins.json')
  await keepSignIn(file, main.url, { token: cat.token, user: cat.me.name })
  const run = async (...args: string[]) => {
    const program = runPchat(['sign-in', ...args], { env })
    return { code: await program.ended, said: program.said() }
  }
  expect(await run('--pool', 'north')).toEqual({
    code: 0,
    said: expect.stringContaining(`You are signed in as ${cat.me.name} at ${north.url}.`),
  })
  const kept = JSON.parse(await readFile(file, 'utf8')).signIns
  expect(Object.keys(kept)).toEqual([main.url, north.url])
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await askHttp(north.url, kept[north.url].token, 'pool.list', {})).result?.pools[1]?.own).toBe(true)
  expect(await run('--pool', 'south', '--server', main.url)).toEqual({
    code: 1,
    said: expect.stringContaining('no such pool'),
  })
  expect(await run()).toEqual({ code: 2, said: expect.stringContaining('--server URL, or a pool with --pool') })
  await addTotp(await signInAt(north.url, cat.me.name))
  const asked = await run('--pool', 'north', '--server', main.url)
  expect(asked).toEqual({ code: 1, said: expect.stringContaining('asks for a second factor') })
}, 60_000)

test('[PL19] policies of a site count at the servers of that site, in each pool by its own', async () => {
  const { main, north } = pools
  const cat = await both()
  const there = north.person((await arrive(north, await giveTicket(cat, 'north'))).result!.token)
  const enabled = async (person: Person) => {
    const live = await person.open()
    await live.close()
    return live.opened.me.enabled
  }
  const both2 = async () => [await enabled(cat), await enabled(there)]
  for (const site of [main, north]) {
    await site.admin.call('policy.grant', { scope: 'global', enabled: false })
    await site.admin.call('policy.grant', { scope: 'site:oslo', enabled: true })
  }
  expect(await both2()).toEqual([false, true])
  await main.admin.call('policy.grant', { scope: 'site:london', enabled: true })
  expect(await both2()).toEqual([true, true])
  await main.admin.call('policy.grant', { scope: 'site:oslo', enabled: false })
  expect(await both2()).toEqual([true, true])
  await north.admin.call('policy.grant', { scope: 'site:oslo', enabled: false })
  expect(await both2()).toEqual([true, false])
  // Who may not use it there is signed in all the same, and told that; here he goes on.
  expect((await arrive(north, await giveTicket(cat, 'north'))).result?.me.enabled).toBe(false)
  for (const scope of ['global', 'site:oslo'])
    for (const site of [main, north]) await site.admin.call('policy.grant', { scope, enabled: true })
})

test('[PL20] nothing of one pool is heard, found or answered in another: its rooms, people and records stay in its store', async () => {
  const { main, north } = pools
  const cat = await both()
  const secret = `Zephyr ${made}`
  const category = await north.addCategory({ name: `${secret} matters`, allowedMembers: ['example.com'] })
  const room = await north.addRoom({ name: secret, category: category.id, privacy: 'secret', members: [cat.me.name] })
  const there = north.person((await arrive(north, await giveTicket(cat, 'north'))).result!.token)
  await there.call('message.post', { room: room.id, clientId: crypto.randomUUID(), text: `${secret} is the word` })
  const live = await cat.open()
  const answers = [
    live.opened,
    await live.call('session.sync', {}),
    await live.call('room.find', { text: 'Zephyr' }),
    await live.call('message.search', { text: 'word' }),
    await live.call('category.list', {}),
    await live.call('pool.list', {}),
    await live.call('session.list', {}),
    await live.call('session.record', {}),
    await live.call('session.handOver', { pool: 'north', challenge: 'x'.repeat(43) }),
  ]
  for (const answer of answers) {
    expect(JSON.stringify(answer)).not.toContain('Zephyr')
    expect(JSON.stringify(answer)).not.toContain(room.id)
  }
  expect(await live.code('room.get', { room: room.id })).toBe('not_found')
  expect(live.events.filter(one => JSON.stringify(one).includes(room.id))).toEqual([])
  await live.close()
  // The token of one is nothing to the other.
  expect((await askHttp(main.url, there.token, 'pool.list', {})).error?.code).toBe('unauthenticated')
  expect((await askHttp(north.url, cat.token, 'pool.list', {})).error?.code).toBe('unauthenticated')
})

test('[PL16] pchat start reads the file and the keys, and each of its workers follows it', async () => {
  const { north, keys } = pools
  const [file, keyFile] = [join(folder, 'pools.yaml'), join(folder, 'hand-over.keys')]
  const list = (name: string) =>
    `pools:\n- {name: pchat, displayName: ${name}, url: "${pools.main.url}"}\n- {name: north, displayName: North, url: "${north.url}"}\n`
  await writeFile(file, list('Main'))
  await writeFile(keyFile, `${Buffer.from(keys[0]!).toString('base64')}\n`)
  const { host, user, database } = north.database.address
  const store = ['--database-url', `postgres://${user}@${encodeURIComponent(host)}/${database}`, '--pool', 'north']
  const where = ['start', ...store, '--data-dir', join(folder, 'north'), '--port', '0', '--workers', '2']
  const server = runPchat([...where, '--pools', file, '--hand-over-key-file', keyFile])
  try {
    const url = await server.ready()
    const cat = await both()
    const came = await arrive({ url }, await giveTicket(cat, 'north'))
    expect(came.result?.me.name).toBe(cat.me.name)
    const names = async () => {
      const asked = await Promise.all([1, 2, 3, 4].map(() => askHttp(url, came.result!.token, 'pool.list', {})))
      return [...new Set(asked.map(({ result }) => result?.pools.map(one => one.displayName).join()))]
    }
    expect(await names()).toEqual(['Main,North'])
    await writeFile(file, list('All'))
    await vi.waitFor(async () => expect(await names()).toEqual(['All,North']), { timeout: 25_000, interval: 500 })
    await writeFile(file, 'torn')
    const notes = async () => ((await (await fetch(`${url}/readyz`)).json()) as { notes: string[] }).notes
    await vi.waitFor(async () => expect(await notes()).toEqual(['pools not understood']), {
      timeout: 25_000,
      interval: 500,
    })
    expect(await names()).toEqual(['All,North'])
  } finally {
    server.kill('SIGTERM')
    await server.ended
  }
  const refused = runPchat([...where, '--pools', file])
  expect(await refused.ended).toBe(2)
  expect(refused.said()).toMatch(/--pools .*pools.yaml: /)
}, 120_000)
