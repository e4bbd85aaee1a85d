import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { connect } from '../src/client/index.ts'
import { openSite, type Site } from './harness.ts'
import { type Nats, openNats } from './nats.ts'
import { until } from './stage.ts'

type Another = Awaited<ReturnType<Site['another']>>
let nats: Nats
let site: Site
let second: Another
beforeAll(async () => {
  nats = await openNats()
  site = await openSite({ server: 'one', natsUrl: nats.url })
  second = await site.another({ server: 'two' })
})
afterAll(async () => {
  await site.stop()
  await nats.stop()
})

/** Both active, and both know it. */
beforeEach(async () => {
  await site.admin.call('pool.update', { activeServers: ['one', 'two'], state: 'normal' })
  await until(async () => [...(await knownAt(site.url)), ...(await knownAt(second.url))].length === 4)
})

let visitors = 0
/** The addresses that a server tells. */
async function knownAt(url: string): Promise<string[]> {
  const { user, password } = { user: 'visitor@example.com', password: 'correct horse battery' }
  if (visitors === 0) await site.addUser(user)
  visitors += 1
  const response = await fetch(`${url}/api/v1/session.signIn`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, password }),
  })
  const { result } = (await response.json()) as { result: { servers: string[] } }
  return result.servers
}

const pool = async () => (await site.admin.call('pool.get', {})).pool
const ready = async (url: string) => {
  const response = await fetch(`${url}/readyz`)
  return { ...((await response.json()) as { notes: string[] }), code: response.status }
}
const metric = async (url: string, name: string) =>
  Number(new RegExp(`^${name} (\\S+)`, 'm').exec(await (await fetch(`${url}/metrics`)).text())?.[1])
const socket = (url: string) => `${url.replace('http', 'ws')}/ws`

test('[SV1] servers of a pool are known by name, with what runs of them; only administrators see it', async () => {
  await until(async () => (await pool()).servers.every(server => server.alive))
  const { state, servers } = await pool()
  expect(state).toBe('normal')
  expect(servers.map(({ name, active, alive }) => [name, active, alive])).toEqual([
    ['one', true, true],
    ['two', true, true],
  ])
  expect(servers.map(server => server.processes.map(process => process.url))).toEqual([
    [socket(site.url)],
    [socket(second.url)],
  ])
  const person = await site.addUser('nosy@example.com')
  expect(await person.code('pool.get', {})).toBe('forbidden')
  expect(await person.code('pool.update', { activeServers: [] })).toBe('forbidden')
})

test('[SV2] sign-in and session.open tell the addresses of all active servers, the own one first', async () => {
  const person = await site.addUser('reader@example.com')
  const addresses = [socket(site.url), socket(second.url)]
  const live = await site.person(person.token).open()
  expect(live.opened.servers).toEqual(addresses)
  expect((await second.at(person).open()).opened.servers).toEqual([...addresses].reverse())
})

test('[SV3] a server that is taken out of the active ones takes no new session and keeps those that it has', async () => {
  const person = await site.addUser('stayer@example.com')
  const kept = await second.at(person).open()
  await site.admin.call('pool.update', { activeServers: ['one'] })
  await until(async () => (await ready(second.url)).notes.includes('on stand-by'))
  await until(async () => (await knownAt(site.url)).length === 1)
  await expect(second.at(person).open()).rejects.toThrow(/503/)
  expect(await kept.code('session.list', {})).toBe('ok')
  expect((await site.person(person.token).open()).opened.servers).toEqual([socket(site.url)])
  expect(await metric(second.url, 'pchat_active')).toBe(0)
  expect((await ready(second.url)).code).toBe(200)

  await site.admin.call('pool.update', { swap: true })
  await until(async () => (await ready(site.url)).notes.includes('on stand-by'))
  await until(async () => (await knownAt(second.url))[0] === socket(second.url))
  expect(await knownAt(second.url)).toEqual([socket(second.url)])
  expect((await second.at(person).open()).opened.servers).toEqual([socket(second.url)])
})

test('[SV4] an unknown server, too many of them or two wishes at once are refused with a sentence, and nothing changes', async () => {
  const before = await pool()
  const refused = async (input: Parameters<typeof site.admin.ask<'pool.update'>>[1], sentence: RegExp) => {
    const { error } = await site.admin.ask('pool.update', input)
    expect(error).toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(sentence) })
  }
  await refused({ activeServers: ['three'] }, /knows no server three; it knows one, two/)
  await refused({ activeServers: ['one'], swap: true }, /not both/)
  await refused({ swap: true, state: 'failed-over' }, /nobody to swap with/)
  expect((await pool()).servers.map(server => server.active)).toEqual(before.servers.map(server => server.active))
  expect((await pool()).state).toBe('normal')
})

test('[SV5] the state of the pool is set by an administrator, written down, and shown by every server', async () => {
  await site.admin.call('pool.update', { state: 'failed-over' })
  for (const url of [site.url, second.url]) await until(async () => (await ready(url)).notes.includes('failed-over'))
  const { entries } = await site.admin.call('audit.list', { limit: 1 })
  expect(entries[0]).toMatchObject({ action: 'pool.update', detail: { state: 'failed-over' } })
  await site.admin.call('pool.update', { state: 'normal' })
  for (const url of [site.url, second.url]) await until(async () => (await ready(url)).notes.length === 0)
})

test('[SV6] of more than four servers the fifth stands by; a ninth is refused; one that runs no more can be taken out', async () => {
  const more = []
  for (const name of ['three', 'four', 'five', 'six', 'seven', 'eight'])
    more.push(await site.another({ server: name, natsUrl: undefined }))
  expect((await pool()).servers.map(server => server.active)).toEqual([
    ...Array.from({ length: 4 }, () => true),
    ...Array.from({ length: 4 }, () => false),
  ])
  await expect(site.another({ server: 'nine' })).rejects.toThrow(/has 8 servers already/)
  expect(
    (await site.admin.ask('pool.update', { activeServers: ['one', 'two', 'three', 'four', 'five'] })).error?.message,
  ).toMatch(/At most 4/)
  await Promise.all(more.map(server => server.stop()))
  expect((await pool()).servers.map(server => server.alive)).toEqual([true, true, ...more.map(() => false)])
})

test('[PO5] with NATS stopped the pool goes on: posts are acknowledged, others get them by the sweep, and every server says “bus away”', async () => {
  const [alice, bob] = [await site.addUser('alice@example.com'), await site.addUser('bob@example.com')]
  const category = await site.addCategory({ allowedMembers: ['example.com'] })
  const room = await site.addRoom({ category: category.id, members: null })
  const [hers, his] = [await alice.open(), await second.at(bob).open()]
  for (const live of [hers, his]) await live.call('room.join', { room: room.id })
  await hers.post(room.id, 'over the bus')
  await his.hears('message.posted', event => event.message.text === 'over the bus')
  await nats.stop()
  for (const url of [site.url, second.url])
    await until(async () => {
      const { code, notes } = await ready(url)
      return code === 200 && notes.includes('bus away')
    })
  await until(async () => (await metric(site.url, 'pchat_bus_away')) === 1)
  for (let n = 1; n <= 3; n += 1) await hers.post(room.id, `without ${n}`)
  await his.hears('message.posted', event => event.message.text === 'without 3')
  await his.post(room.id, 'and back')
  await hers.hears('message.posted', event => event.message.text === 'and back')
  expect(his.heard('message.posted').map(event => event.message.seq)).toEqual([1, 2, 3, 4, 5])
  await nats.start()
  for (const url of [site.url, second.url]) await until(async () => (await ready(url)).notes.length === 0)
  await until(async () => (await metric(site.url, 'pchat_bus_away')) === 0)
  await hers.post(room.id, 'over the bus again')
  await his.hears('message.posted', event => event.message.text === 'over the bus again')
})

const textOf = (message: object) => ('text' in message ? message.text : undefined)

test('[SV7] a client moves to another server when its own goes away, and misses nothing', async () => {
  const leaving = await site.another({ server: 'two' })
  const [ann, ben] = [await site.addUser('ann@example.com'), await site.addUser('ben@example.com')]
  const category = await site.addCategory({ allowedMembers: ['example.com'] })
  const room = await site.addRoom({ category: category.id, members: null })
  const client = connect({ url: leaving.url, token: ann.token })
  await client.ready()
  await client.join(room.id)
  const hers = await ben.open()
  await hers.post(room.id, 'before')
  await leaving.stop()
  await hers.post(room.id, 'meanwhile')
  await until(async () => client.room(room.id)?.messages.map(textOf).at(-1) === 'meanwhile')
  expect(client.room(room.id)?.messages.map(textOf)).toEqual(['before', 'meanwhile'])
  client.close()
})
