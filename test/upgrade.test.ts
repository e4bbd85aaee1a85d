import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { connect } from '../src/client/client.ts'
import type { EventOf } from '../src/protocol/event.ts'
import type { PostedMessage } from '../src/protocol/message.ts'
import type { Input } from '../src/protocol/request.ts'
import { PROTOCOL_VERSION } from '../src/protocol/version.ts'
import { readRange } from '../src/store/message.ts'
import { newestSchema } from '../src/store/migration.ts'
import { openTestDatabase, type TestDatabase } from './database.ts'
import { makeFolder } from './folder.ts'
import { type Live, openLive, type Person, password, personAt, signInAt } from './harness.ts'
import { type Nats, openNats } from './nats.ts'
import { makeNextVersion, makeVersionAfter, nextMember, nextSchema, type Version } from './next-version.ts'
import { type Pchat, runPchat } from './pchat.ts'

const patience = { timeout: 20_000, interval: 50 }
const domain = 'example.com'

let folder: string
let database: TestDatabase
let nats: Nats
let next: Version
let versionAfter: Version
const started: Pchat[] = []
/** The server of this version, and that of the next one. */
let old: { pchat: Pchat; url: string }
let fresh: { pchat: Pchat; url: string }
let admin: Person
let alice: Person
let room: string

/** A server of the pool, of this version or of another one. */
function start(server: string, version?: Version): Pchat {
  const { address } = database
  const pchat = runPchat(
    [
      ...['start', '--port', '0', '--data-dir', join(folder, `${server}-data`), '--server', server],
      ...['--database-url', `postgres://${address.user}@${encodeURIComponent(address.host)}/${address.database}`],
      ...['--nats-url', nats.url, '--log-level', 'warn'],
    ],
    {
      env: {
        PCHAT_ADMIN_USER: `admin@${domain}`,
        PCHAT_ADMIN_PASSWORD: password,
        // Each version is started several times, and half of a start is compiling.
        NODE_COMPILE_CACHE: join(folder, 'compiled'),
      },
      ...(version && { program: version.program }),
    },
  )
  started.push(pchat)
  return pchat
}

async function serve(server: string, version?: Version) {
  const pchat = start(server, version)
  return { pchat, url: await pchat.ready() }
}

const at = (url: string, person: Person) => personAt(url, person.token, person.me)

beforeAll(async () => {
  folder = await makeFolder('pchat-upgrade')
  ;[database, nats, next] = await Promise.all([openTestDatabase(), openNats(), makeNextVersion(join(folder, 'next'))])
  versionAfter = await makeVersionAfter(next, join(folder, 'after'))
  old = await serve('old')
  admin = await signInAt(old.url, `admin@${domain}`)
  await admin.call('settings.update', { settings: { trustedNetworks: ['127.0.0.0/8', '::1/128'] } })
  alice = await addUser('alice')
  room = await addRoom()
})

afterAll(async () => {
  for (const pchat of started) pchat.kill('SIGKILL')
  await Promise.all(started.map(pchat => pchat.ended))
  await nats.stop()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

async function addUser(name: string): Promise<Person> {
  await admin.call('principal.create', { kind: 'user', name: `${name}@${domain}`, displayName: name, password })
  return signInAt(old.url, `${name}@${domain}`)
}

async function addRoom(members: string[] | null = null): Promise<string> {
  const name = randomUUID()
  const here = at(old.url, admin)
  const { category } = await here.call('category.create', { name: `c ${name}`, allowedMembers: [domain] })
  return (await here.call('room.create', { category: category.id, name, members })).room.id
}

async function openIn(url: string, person: Person, where = room): Promise<Live> {
  const live = await openLive(url, person.token, person.me)
  await live.call('room.join', { room: where, history: 0 })
  return live
}

/** Posts one after the other until it is stopped; what is passing is tried again under its client id. */
function keepPosting(live: Live, name: string) {
  const acknowledged = new Map<number, string>()
  let going = true
  const running = (async () => {
    for (let n = 1; going; n += 1) {
      const post = { room, clientId: randomUUID(), text: `${name} ${n}` }
      for (;;) {
        const answer = await live.ask('message.post', post)
        if (answer.result) acknowledged.set(answer.result.seq, post.text)
        if (answer.result) break
        if (answer.error.code !== 'unavailable')
          throw new Error(`${name}: ${answer.error.code} ${answer.error.message}`)
        await sleep(20)
      }
      await sleep(5)
    }
  })()
  running.catch(() => {})
  return {
    acknowledged,
    /** Resolves when so many more are acknowledged than now. */
    async goesOn(count = 10) {
      const before = acknowledged.size
      await vi.waitFor(() => expect(acknowledged.size).toBeGreaterThanOrEqual(before + count), patience)
    },
    async stop() {
      going = false
      await running
      return acknowledged
    },
  }
}

/** The verbs that read most, enough of them at once that each connection to the store has them prepared. */
async function useAll(url: string): Promise<string[]> {
  const live = await openLive(url, alice.token, alice.me)
  const user = at(url, alice)
  const administrator = at(url, admin)
  const round = () => [
    live.code('session.sync', { epoch: live.opened.epoch, rooms: [{ room, seq: 1 }] }),
    live.code('room.join', { room }),
    user.code('message.list', { room, after: 0 }),
    user.code('message.search', { text: 'old', match: 'any' }),
    user.code('room.find', { text: '' }),
    user.code('room.get', { room }),
    user.code('principal.find', { text: 'alice' }),
    user.code('category.list', {}),
    user.code('session.list', {}),
    user.code('message.post', { room, clientId: randomUUID(), text: 'one of many' }),
    user.code('room.markRead', { room, seq: 1 }),
    user.code('room.follow', { room }),
    administrator.code('settings.get', {}),
    administrator.code('pool.get', {}),
    administrator.code('audit.list', {}),
  ]
  const codes = await Promise.all(Array.from({ length: 8 }, round).flat())
  await live.close()
  return codes.filter(code => code !== 'ok')
}

const textsOf = (live: Live) => {
  const posted = live.heard('message.posted').filter(event => event.room === room)
  return posted.map(({ message }) => [message.seq, message.text] as const)
}

/** All that the room has, page by page. */
async function readAll(person: Person): Promise<Map<number, string>> {
  const found = new Map<number, string>()
  for (let after = 0, lastSeq = 1; after < lastSeq; ) {
    const page = await person.call('message.list', { room, after, limit: 1000 })
    for (const message of page.messages) found.set(message.seq, (message as PostedMessage).text)
    lastSeq = page.lastSeq
    after = page.messages.at(-1)?.seq ?? lastSeq
  }
  return found
}

test('[UP3] [UP5] the next version widens the schema under posts: none is lost, and both hear each other in order', async () => {
  expect(await useAll(old.url)).toEqual([])
  expect(await readRange(database.db, room, 1, 3)).toHaveLength(3)
  const hears = await openIn(old.url, admin)
  const posts = keepPosting(await openIn(old.url, alice), 'old')
  await posts.goesOn()
  fresh = await serve('fresh', next)
  const { rows } = await database.db.query<{ version: number }>('SELECT max(version) AS version FROM migration')
  expect(rows[0]!.version).toBe(nextSchema)
  await posts.goesOn()
  const morePosts = keepPosting(await openIn(fresh.url, alice), 'fresh')
  const hearsFresh = await openIn(fresh.url, admin)
  await Promise.all([posts.goesOn(20), morePosts.goesOn(20)])
  const acknowledged = [...(await posts.stop()), ...(await morePosts.stop())]

  const kept = await readAll(at(fresh.url, admin))
  expect([...kept.keys()]).toEqual(Array.from(kept, (_, index) => index + 1))
  expect(acknowledged.filter(([seq, text]) => kept.get(seq) !== text)).toEqual([])
  for (const live of [hears, hearsFresh]) {
    const first = textsOf(live)[0]![0]
    await vi.waitFor(() => expect(textsOf(live).at(-1)?.[0]).toBe(kept.size), patience)
    expect(textsOf(live)).toEqual([...kept].filter(([seq]) => seq >= first))
    expect(live.socket.readyState).toBe(WebSocket.OPEN)
  }
  await hears.close()
  await hearsFresh.close()
})

test('[UP7] what one version does not know of the other it passes over, and each says its own version', async () => {
  const here = await openIn(old.url, admin)
  const there = await openIn(fresh.url, alice)
  expect([here.opened.version, there.opened.version]).toEqual([PROTOCOL_VERSION, next.protocol])
  expect(await there.call('room.join', { room })).toMatchObject({ nextMember })
  const hinted = { room, clientId: randomUUID(), text: 'hinted', nextHint: 'soon' } as Input<'message.post'>
  const { seq } = await there.call('message.post', hinted)
  const isIt = (event: EventOf<'message.posted'>) => event.message.seq === seq
  // The event goes through the pool as it was built.
  expect(await here.hears('message.posted', isIt)).toMatchObject({ nextMember, message: { text: 'hinted' } })
  const refused = await here.ask('message.post', { ...hinted, clientId: randomUUID() })
  expect(refused.error).toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('nextHint') })
  expect(here.events.filter(event => !('event' in event) || event.event.startsWith('next'))).toEqual([])

  const wider = { nextSetting: 8, postBurst: 300 } as Input<'settings.update'>['settings']
  await at(fresh.url, admin).call('settings.update', { settings: wider })
  const seen = async (url: string) => (await at(url, admin).call('settings.get', {})).settings as object
  await vi.waitFor(async () => expect(await seen(old.url)).toMatchObject({ postBurst: 300 }), patience)
  expect(await seen(old.url)).not.toHaveProperty('nextSetting')
  await at(old.url, admin).call('settings.update', { settings: { postBurst: 400 } })
  await vi.waitFor(
    async () => expect(await seen(fresh.url)).toMatchObject({ nextSetting: 8, postBurst: 400 }),
    patience,
  )
  await here.close()
  await there.close()
})

test('[UP7] a right that one version takes away is gone at the other', async () => {
  for (const [taker, other] of [
    [fresh.url, old.url],
    [old.url, fresh.url],
  ] as const) {
    const guarded = await addRoom([alice.me.name, admin.me.name])
    const reader = await openIn(other, alice, guarded)
    const writer = await openIn(taker, admin, guarded)
    const { seq } = await writer.post(guarded, 'before')
    await reader.hears('message.posted', event => event.message.seq === seq)
    await writer.call('room.update', { room: guarded, members: { remove: [alice.me.name] } })
    expect(await reader.code('message.list', { room: guarded })).toBe('forbidden')
    await writer.post(guarded, 'after')
    expect(await reader.hears('room.closed')).toMatchObject({ room: guarded, reason: 'removed' })
    await reader.settled()
    expect(reader.heard('message.posted').map(({ message }) => message.text)).toEqual(['before'])
    await reader.close()
    await writer.close()
  }
})

test('[UP6] the server of the old version goes on with all that it does', async () => {
  expect(await useAll(old.url)).toEqual([])
  expect(await useAll(fresh.url)).toEqual([])
  // A hub reads what it missed by a statement that no verb uses.
  expect((await readRange(database.db, room, 1, 3)).map(message => message.seq)).toEqual([1, 2, 3])
})

test('[UP8] clients of a server that stops go on at the other version and miss nothing', async () => {
  // Who came before the other server did is told of it when he comes again.
  await vi.waitFor(async () => {
    const live = await openLive(old.url, alice.token, alice.me)
    await live.close()
    expect(live.opened.servers).toHaveLength(2)
  }, patience)
  const client = connect({ url: old.url, token: alice.token, catchUp: 'all', random: () => 0 })
  await client.ready()
  const told: number[] = []
  client.on('message.posted', ({ message }) => told.push(message.seq))
  const { lastSeq } = await client.join(room)
  const posts = keepPosting(await openIn(fresh.url, admin), 'upgrade')
  await posts.goesOn()
  old.pchat.kill('SIGTERM')
  const own = client.post(room, { text: 'on the way' })
  expect(await old.pchat.ended).toBe(0)
  const { seq } = await own
  await posts.goesOn()
  const last = Math.max(seq, ...(await posts.stop()).keys())
  const all = Array.from({ length: last - lastSeq }, (_, index) => lastSeq + 1 + index)
  await vi.waitFor(() => expect(told).toEqual(all), patience)
  expect(client.state).toBe('open')
  client.close()
})

test('[UP6] it never met a statement that does not fit, and starts again on the wider schema', async () => {
  expect(old.pchat.said()).not.toMatch(/cached plan|"level":[56]0/)
  old = await serve('old')
  expect(await useAll(old.url)).toEqual([])
  expect(await at(old.url, admin).call('message.remove', { room, seq: 1 })).toEqual({ removed: 1 })
  expect(old.pchat.said()).not.toMatch(/cached plan|"level":[56]0/)
})

test('[UP1] [UP4] a contraction is refused while an old server runs and made after; then the old one says why it does not start', async () => {
  const seesBoth = async () => {
    const { rows } = await database.db.query<{ schema: number }>('SELECT schema FROM server_process ORDER BY schema')
    expect(rows.map(row => row.schema)).toEqual([await newestSchema(), nextSchema])
  }
  await vi.waitFor(seesBoth, patience)
  const early = start('after', versionAfter)
  expect(await early.ended).toBe(1)
  expect(early.said()).toMatch(/pchat: Schema 901 .* some run: old \(program .*Upgrade these servers first/)
  expect(early.said()).not.toContain('fresh')
  expect(await at(old.url, alice).code('room.find', { text: '' })).toBe('ok')

  old.pchat.kill('SIGTERM')
  expect(await old.pchat.ended).toBe(0)
  const after = await serve('after', versionAfter)
  const late = start('old')
  expect(await useAll(after.url)).toEqual([])
  expect(await useAll(fresh.url)).toEqual([])
  expect(await late.ended).toBe(1)
  expect(late.said()).toMatch(/pchat: The database has schema 901, .* Start the newer .* knows schema 900 or later/)
}, 60_000)
