import { randomUUID } from 'node:crypto'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { setUp } from '../src/cli/test-setup.ts'
import { runTest, stepNames } from '../src/cli/test-steps.ts'
import { type Client, connect } from '../src/client/client.ts'
import { type ApartProcesses, admin, openApartProcesses, type Part } from './apart-processes.ts'
import { type Person, password, personAt, signInAt } from './harness.ts'
import { until } from './stage.ts'
import { getFile, patch, sha256, someBytes } from './upload.ts'
import { lines, openBrowser, openRoom, say, sit, stream } from './web-browser.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let site: ApartProcesses
let front: Part
let one: Part
let two: Part
let boss: Person
beforeAll(async () => {
  site = await openApartProcesses()
  front = await site.frontEnd('fe1')
  ;[one, two] = await Promise.all([site.chat('chat1', '127.0.0.2'), site.chat('chat2', '127.0.0.3')])
  boss = await signInAt(front.url, admin)
  await boss.call('settings.update', { settings: { trustedNetworks: ['127.0.0.0/8', '::1/128'] } })
  for (const name of ['ann@example.com', 'bob@example.com'])
    await boss.call('principal.create', { kind: 'user', name, displayName: name.split('@')[0]!, password })
  await until(async () => (await serversNow()).length === 2)
})
afterAll(() => site?.stop())

/** A server that was killed counts as one that lives for ten seconds. */
const untilSeen = (holds: () => Promise<boolean>) => until(holds).catch(() => until(holds))
const serversNow = async () => (await boss.call('session.servers', {})).servers

async function makeRoom(): Promise<{ id: string }> {
  const name = `room ${randomUUID()}`
  const { category } = await boss.call('category.create', {
    name: `of ${name}`,
    allowedMembers: ['example.com'],
    fileUpload: true,
  })
  return (
    await boss.call('room.create', { category: category.id, name, members: ['ann@example.com', 'bob@example.com'] })
  ).room
}

function open(options: Parameters<typeof connect>[0]): Client {
  const client = connect(options)
  onTestFinished(() => client.close())
  return client
}

/** Texts of what a client heard in a room. */
function hearing(client: Client, room: string): string[] {
  const heard: string[] = []
  client.on('message.posted', ({ room: at, message }) => {
    if (at === room && 'text' in message) heard.push(message.text)
  })
  return heard
}

test('[FR13] programs that know a Front End Server alone chat at Persistent Chat Servers: by name and password, and by a token', async () => {
  const room = await makeRoom()
  const ann = open({ url: front.url, signIn: { user: 'ann@example.com', password } })
  const bob = open({ url: front.url, token: (await signInAt(front.url, 'bob@example.com')).token })
  await Promise.all([ann.ready(), bob.ready()])
  await Promise.all([ann.join(room.id), bob.join(room.id)])
  const heard = hearing(bob, room.id)
  await ann.post(room.id, { text: 'over there' })
  await until(async () => heard.includes('over there'))
  const page = await fetch(`${front.url}/metrics`)
  expect(await page.text()).toMatch(/^pchat_sessions 0$/m)
})

test('[FR13] a Persistent Chat Server is killed: its clients go on at the other one, and nothing is missing', async () => {
  const third = await site.chat('chat3', '127.0.0.4')
  const socket = `${third.url.replace('http', 'ws')}/ws`
  await boss.call('pool.update', { activeServers: ['chat3'] })
  await until(async () => (await serversNow()).join() === socket)
  const room = await makeRoom()
  const ann = open({ url: front.url, signIn: { user: 'ann@example.com', password } })
  await ann.join(room.id)
  const heard = hearing(ann, room.id)
  await boss.call('pool.update', { activeServers: ['chat1', 'chat2', 'chat3'] })
  await until(async () => (await serversNow()).length === 3)
  await third.kill()
  const bob = await signInAt(front.url, 'bob@example.com')
  await bob.call('message.post', { room: room.id, clientId: randomUUID(), text: 'while it was away' })
  await until(async () => heard.includes('while it was away'))
  await ann.post(room.id, { text: 'back' })
  expect(heard.filter(text => text === 'while it was away')).toHaveLength(1)
  await untilSeen(async () => (await serversNow()).length === 2)
})

test('[FR14] a Front End Server is killed: sessions go on, the same token counts at another one, which takes the files then', async () => {
  const other = await site.frontEnd('fe2', '127.0.0.5')
  const doomed = await site.frontEnd('fe3', '127.0.0.6')
  const room = await makeRoom()
  const ann = await signInAt(doomed.url, 'ann@example.com')
  const client = open({ url: doomed.url, token: ann.token })
  await client.join(room.id)
  let closed = 0
  client.on('state', () => {
    closed += 1
  })
  await doomed.kill()
  await client.post(room.id, { text: 'goes on' })
  expect(closed).toBe(0)
  const elsewhere = personAt(other.url, ann.token, ann.me)
  expect((await elsewhere.call('message.list', { room: room.id })).messages).toMatchObject([{ text: 'goes on' }])
  await untilSeen(async () => {
    const { webServices } = await client.request('session.servers', {})
    return webServices?.length === 2 && !webServices.includes(doomed.url)
  })
  const bytes = someBytes(10_000, 2)
  const { file, upload } = await client.request('file.begin', { room: room.id, name: 'a.bin', size: bytes.length })
  expect([front.url, other.url]).toContain(new URL(upload).origin)
  expect((await patch(ann, upload, 0, bytes)).status).toBe(204)
  await client.request('file.post', { room: room.id, file, clientId: randomUUID() })
  const got = await getFile(front, ann, file)
  expect(sha256(new Uint8Array(await got.arrayBuffer()))).toBe(sha256(bytes))
  other.process.kill('SIGTERM')
  expect(await other.process.ended).toBe(0)
})

test('[FR14] a client whose sign-in has ended signs in again at a Front End Server that lives', async () => {
  const other = await site.frontEnd('fe4', '127.0.0.7')
  await until(async () => (await boss.call('session.servers', {})).webServices?.includes(other.url) === true)
  const client = open({ url: other.url, signIn: { user: 'ann@example.com', password } })
  const { id } = await client.ready()
  await other.kill()
  // Where they come back the sign-in is gone, and nobody could say so; the given address is away.
  await Promise.all([one, two].map(part => part.kill()))
  await site.database.db.query('DELETE FROM session WHERE principal = $1', [id])
  await Promise.all([one, two].map(part => restart(part)))
  await untilSeen(
    async () => client.state === 'open' && (await client.request('session.list', {})).sessions.length === 1,
  )
})

/** At the port that it had. */
async function restart(part: Part): Promise<void> {
  const { port, hostname } = new URL(part.url)
  const name = part === one ? 'chat1' : 'chat2'
  const next = await site.chat(name, hostname, ['--port', port])
  Object.assign(part, next)
}

test('[FR15] pchat test message takes the address of a Front End Server', async () => {
  const people = { sender: { password: 'sender secret 1' }, receiver: { password: 'receiver secret 1' } }
  const { sender, receiver, room } = await setUp({ server: front.url, token: boss.token, ...people })
  const { fault, steps } = await runTest({ server: front.url, sender, receiver, room, timeoutMs: 30_000 })
  expect(fault).toBeUndefined()
  expect(steps.map(({ step }) => step)).toEqual([...stepNames])
})

test('[FR6] with workers each role serves, as one server', async () => {
  const [web, chat] = await Promise.all([
    site.frontEnd('fe5', '127.0.0.8', ['--workers', '2']),
    site.chat('chat5', '127.0.0.9', ['--workers', '2']),
  ])
  await boss.call('pool.update', { activeServers: ['chat5'] })
  const socket = `${chat.url.replace('http', 'ws')}/ws`
  await until(async () => (await serversNow()).join() === socket)
  const room = await makeRoom()
  const [ann, bob] = ['ann@example.com', 'bob@example.com'].map(user =>
    open({ url: web.url, signIn: { user, password } }),
  ) as [Client, Client]
  await Promise.all([ann.join(room.id), bob.join(room.id)])
  const heard = hearing(bob, room.id)
  await ann.post(room.id, { text: 'from worker to worker' })
  await until(async () => heard.includes('from worker to worker'))
  const { servers } = (await boss.call('pool.get', {})).pool
  expect(servers.find(({ name }) => name === 'chat5')?.processes).toHaveLength(2)
  expect(servers.some(({ name }) => name.startsWith('fe'))).toBe(false)
  await boss.call('pool.update', { activeServers: ['chat1', 'chat2'] })
  await until(async () => (await serversNow()).length === 2)
  await Promise.all([web.kill(), chat.kill()])
})

test('[FR16] the web client of a Front End Server talks over Persistent Chat Servers of other hosts, and goes on at another one', async () => {
  const room = await makeRoom()
  for (const name of ['ann@example.com', 'bob@example.com'])
    await (await signInAt(front.url, name)).call('room.follow', { room: room.id })
  const browser: Browser = await openBrowser()
  onTestFinished(() => browser.close())
  const [ann, bob] = [
    await sit(browser, front.url, 'ann@example.com'),
    await sit(browser, front.url, 'bob@example.com'),
  ]
  const sockets: string[] = []
  ann.page.on('websocket', socket => sockets.push(socket.url()))
  await openRoom(ann.page, room.id)
  await openRoom(bob.page, room.id)
  await say(ann.page, 'talk 1')
  await stream(bob.page).getByText('talk 1').waitFor()
  await say(bob.page, 'talk 2')
  await stream(ann.page).getByText('talk 2').waitFor()
  const policy = (await fetch(front.url, { headers: { accept: 'text/html' } })).headers.get('content-security-policy')
  for (const { url } of [one, two]) expect(policy).toContain(url.replace('http', 'ws'))
  // All loaded pages know both hosts: whichever of them goes, its sessions come to the other one.
  await one.kill()
  await say(ann.page, 'talk 3')
  await stream(bob.page).getByText('talk 3').waitFor()
  await say(bob.page, 'talk 4')
  await stream(ann.page).getByText('talk 4').waitFor()
  expect(await lines(ann.page, /talk \d/)).toEqual(['talk 1', 'talk 2', 'talk 3', 'talk 4'])
  expect(ann.faults).toEqual([])
  for (const url of sockets) expect(new URL(url).hostname).toMatch(/^127\.0\.0\.[23]$/)
})
