import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApartSite, openApartSite, serversAt } from './apart-site.ts'
import { openSocket } from './bare-socket.ts'
import { openRoomFor } from './files.ts'
import { type Person, password } from './harness.ts'
import { openRawUpgrade } from './raw-upgrade.ts'
import { until } from './stage.ts'
import { getFile, patch, sha256, someBytes } from './upload.ts'

let apart: ApartSite
let ann: Person
let bob: Person
beforeAll(async () => {
  apart = await openApartSite()
  ann = await apart.site.addUser('ann@example.com')
  bob = await apart.site.addUser('bob@example.com')
})
afterAll(() => apart.stop())

const socketOf = ({ url }: { url: string }) => `${url.replace('http', 'ws')}/ws`
const notes = async (url: string) => ((await (await fetch(`${url}/readyz`)).json()) as { notes: string[] }).notes

test('[FR1] a Front End Server signs in, answers verbs and shows how it is; at /ws it says where to go', async () => {
  const { site, one, two } = apart
  expect(await ann.code('room.find', {})).toBe('ok')
  for (const path of ['/healthz', '/readyz', '/metrics', '/web/setup'])
    expect((await fetch(`${site.url}${path}`)).status, path).toBe(200)
  expect(await notes(site.url)).toEqual([])
  const { status, body } = await openRawUpgrade(site.url)
  expect(status).toBe(404)
  expect(body.error.code).toBe('not_found')
  for (const server of [one, two]) expect(body.error.message).toContain(socketOf(server))
})

test('[FR2] a Front End Server is none of the servers of the pool', async () => {
  const { servers } = (await apart.site.admin.call('pool.get', {})).pool
  expect(servers.map(({ name, active, alive }) => [name, active, alive])).toEqual([
    ['one', true, true],
    ['two', true, true],
  ])
  expect(await apart.site.admin.code('pool.update', { activeServers: ['fe1'] })).toBe('invalid_argument')
})

test('[FR3] a Persistent Chat Server has live sessions, and for all else says where the web services are', async () => {
  const { site, one } = apart
  for (const path of ['/healthz', '/readyz', '/metrics'])
    expect((await fetch(`${one.url}${path}`)).status, path).toBe(200)
  expect(await notes(one.url)).toEqual([])
  const headers = { authorization: `Bearer ${ann.token}`, 'content-type': 'application/json' }
  for (const [method, path] of [
    ['POST', '/api/v1/room.find'],
    ['POST', '/api/v1/session.signIn'],
    ['POST', '/web/signin'],
    ['GET', '/web/session'],
    ['GET', '/'],
    ['GET', '/files/00000000-0000-4000-8000-000000000000'],
    ['PATCH', '/files/uploads/00000000-0000-4000-8000-000000000000'],
    ['GET', '/api/v1/openapi.json'],
  ] as const) {
    const body = method === 'POST' ? '{}' : undefined
    const answer = await fetch(`${one.url}${path}`, { method, headers: body ? headers : {}, ...(body ? { body } : {}) })
    const { error } = (await answer.json()) as { error: { code: string; message: string } }
    expect([answer.status, error.code], path).toEqual([404, 'not_found'])
    expect(error.message, path).toContain(site.url)
  }
  const socket = await openSocket(one.url)
  const { error } = await socket.ask('session.signIn', { user: 'ann@example.com', password })
  expect([error?.code, error?.message.includes(site.url)]).toEqual(['not_found', true])
  await socket.close()
})

test('[FR4] what is done at a Front End Server over HTTP comes to the sessions at every server, and it knows who is in a room', async () => {
  const { one, two } = apart
  const [left, right] = [await one.at(ann).open(), await two.at(bob).open()]
  const room = await openRoomFor(apart.site, [ann, bob])
  await left.call('room.join', { room: room.id })
  await right.call('room.join', { room: room.id })
  await ann.call('message.post', { room: room.id, clientId: crypto.randomUUID(), text: 'from the front' })
  for (const live of [left, right])
    await live.hears('message.posted', ({ message }) => 'text' in message && message.text === 'from the front')
  await until(async () => {
    const { participants } = await ann.call('participant.list', { room: room.id })
    return participants.length === 2
  })
  await right.close()
  await until(async () => (await ann.call('participant.list', { room: room.id })).participants.length === 1)
  await left.close()
})

test('[FR7] a sign-in at a Front End Server answers where the active Persistent Chat Servers are', async () => {
  const { site, one, two } = apart
  expect((await serversAt(site)).sort()).toEqual([one, two].map(socketOf).sort())
  await site.admin.call('pool.update', { activeServers: ['two'] })
  await until(async () => (await serversAt(site)).join() === socketOf(two))
  await site.admin.call('pool.update', { activeServers: ['one', 'two'] })
  await until(async () => (await serversAt(site)).length === 2)
})

test('[FR7] whoever has a token alone is told where sessions are, at either door', async () => {
  const { site, one, two } = apart
  const live = await one.at(ann).open()
  const servers = [one, two].map(socketOf).sort()
  for (const told of [await ann.call('session.servers', {}), await live.call('session.servers', {}), live.opened]) {
    expect([...told.servers].sort()).toEqual(servers)
    expect(told.webServices).toEqual([site.url])
  }
  await live.close()
})

test('[FR8] a file that is begun at a Persistent Chat Server goes up and down at a Front End Server', async () => {
  const { site, one } = apart
  const room = await openRoomFor(site, [ann, bob])
  const [live, other] = [await one.at(ann).open(), await apart.two.at(bob).open()]
  await other.call('room.join', { room: room.id })
  const bytes = someBytes(50_000, 1)
  const { file, upload } = await live.call('file.begin', { room: room.id, name: 'a.bin', size: bytes.length })
  expect(upload).toBe(`${site.url}/files/uploads/${file}`)
  expect((await patch(ann, upload, 0, bytes)).status).toBe(204)
  await live.call('file.post', { room: room.id, file, clientId: crypto.randomUUID() })
  await other.hears('message.posted', ({ message }) => 'file' in message && message.file?.id === file)
  const got = await getFile(site, bob, file)
  expect(sha256(new Uint8Array(await got.arrayBuffer()))).toBe(sha256(bytes))
  for (const one of [live, other]) await one.close()
})

test('[FR8] uploads spread over the Front End Servers that take files; where none does they are refused', async () => {
  const { site, one } = apart
  const room = await openRoomFor(site, [ann])
  const live = await one.at(ann).open()
  const begin = () => live.ask('file.begin', { room: room.id, name: 'a.bin', size: 1 })
  const second = await apart.more({ server: 'fe2' })
  const without = await apart.more({ server: 'fe3', files: undefined })
  // By the server that is asked: each looks for itself who takes files.
  await until(async () => (await live.call('session.servers', {})).webServices?.length === 3)
  const hosts = new Set<string>()
  for (let i = 0; i < 30; i += 1) hosts.add(new URL((await begin()).result!.upload).origin)
  expect([...hosts].sort()).toEqual([site.url, second.url].sort())
  await without.stop()
  await second.stop()
  await until(async () => (await live.call('session.servers', {})).webServices?.length === 1)
  // Again and again: its next beat says that it takes some.
  await until(async () => {
    await site.db.query('UPDATE front_end_process SET takes_files = false')
    return (await begin()).error?.code === 'unavailable'
  })
  await until(async () => (await begin()).error === undefined)
  await live.close()
})
