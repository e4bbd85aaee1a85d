import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { syncSession } from '../src/chat/sync.ts'
import type { WireError } from '../src/protocol/error.ts'
import type { PoolSettings } from '../src/protocol/settings-verbs.ts'
import type { Db } from '../src/store/db.ts'
import type { Person } from './harness.ts'
import { openRaceServer, type RaceServer } from './race-server.ts'
import { openStage, pause, postMany, type Stage, until } from './stage.ts'

let stage: Stage
let server: RaceServer
let statements: Statements
beforeAll(async () => {
  stage = await openStage()
  server = await openRaceServer(stage)
  statements = watch(server.chat.db)
  server.chat.db = statements.db
})
afterAll(async () => {
  await server.stop()
  await stage.stop()
})

type Statements = { db: Db; names: string[]; most(): number }
const admission = new Set(['find-session', 'person-of-session', 'sync', 'sync-counts'])

/** What the store is asked, and how many of those that need admission were under way at once. */
function watch(db: Db): Statements {
  const names: string[] = []
  let underWay = 0
  let most = 0
  const query = async (statement: string | { name?: string; text: string }, values?: unknown[]) => {
    const name = typeof statement === 'string' ? statement : (statement.name ?? statement.text)
    const counts = admission.has(name)
    names.push(name)
    if (counts) underWay += 1
    most = Math.max(most, underWay)
    try {
      return await db.query(statement as string, values)
    } finally {
      if (counts) underWay -= 1
    }
  }
  const watched = new Proxy(db, {
    get(of, key) {
      if (key === 'query') return query
      const value = Reflect.get(of, key)
      return typeof value === 'function' ? value.bind(of) : value
    },
  })
  return { db: watched, names, most: () => most }
}

/** The limits of this server from now on. A bucket that holds more than its burst is cut to it. */
function limit(settings: Partial<PoolSettings>) {
  server.chat.settings = { ...server.chat.settings, ...settings }
}

/** Tokens of as many sign-ins of somebody. */
async function signIns(who: Person, count: number): Promise<string[]> {
  const tokens = Array.from({ length: count }, () => randomUUID())
  const hashes = tokens.map(token => createHash('sha256').update(token).digest())
  await stage.db.query(
    `INSERT INTO session (principal, token_hash, kind, address) SELECT $1, h, 'person', '::1' FROM unnest($2::bytea[]) h`,
    [who.me.id, hashes],
  )
  return tokens
}

type Raw = {
  ask(verb: string, input: object): Promise<{ result?: Record<string, unknown>; error?: WireError }>
  end(): void
  closed: Promise<number>
}

/** A connection that hides nothing. */
async function connect(headers: Record<string, string> = {}): Promise<Raw> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, 'pchat.v1', { headers })
  const waiting = new Map<number, (answer: never) => void>()
  let last = 0
  socket.on('message', data => {
    const frame = JSON.parse(String(data))
    waiting.get(frame.id)?.(frame as never)
  })
  const closed = once(socket, 'close').then(([code]) => code as number)
  await once(socket, 'open')
  return {
    ask: (verb, input) =>
      new Promise(resolve => {
        last += 1
        waiting.set(last, resolve)
        socket.send(JSON.stringify({ id: last, verb, input }))
      }),
    end: () => socket.terminate(),
    closed,
  }
}

/** Asks until it is let in, as it was told. */
async function letIn(raw: Raw, verb: string, input: object, refused: WireError[]) {
  for (;;) {
    const { result, error } = await raw.ask(verb, input)
    if (result) return result
    refused.push(error!)
    if (error!.code !== 'unavailable') throw new Error(`${verb}: ${error!.code} ${error!.message}`)
    await pause(error!.retryAfterMs!)
  }
}

test('[AD1] [AD2] [AD6] [AD7] [AD9] in a storm all come back, each when it was told, and who is here goes on', async () => {
  const { alice, bob } = stage
  const room = await stage.room()
  await alice.call('room.follow', { room: room.id })
  const tokens = await signIns(alice, 200)
  const [poster, reader] = [await server.at(bob).open(), await server.at(alice).open()]
  await reader.call('room.join', { room: room.id })
  const raws = await Promise.all(tokens.map(() => connect()))
  limit({ admissionsPerSecond: 50, admissionBurst: 20 })
  const refused: WireError[] = []
  let back = 0
  const storm = Promise.all(
    raws.map(async (raw, i) => {
      const token = tokens[i]!
      await letIn(raw, 'session.open', { token }, refused)
      const { rooms } = await letIn(raw, 'session.sync', {}, refused)
      expect(rooms).toMatchObject([{ room: room.id }])
      back += 1
    }),
  )
  let posts = 0
  let meanwhile = 0
  while (back < tokens.length) {
    await poster.post(room.id, `still here ${posts}`)
    posts += 1
    if (back > 0 && back < tokens.length) meanwhile += 1
    // What fails ends the loop by the storm's own rejection.
    await Promise.race([storm, pause(5)])
  }
  await storm
  expect(meanwhile).toBeGreaterThan(5)
  await reader.hears('message.posted', event => event.message.seq === posts)
  expect(reader.heard('message.posted')).toHaveLength(posts)
  expect(refused.length).toBeGreaterThan(50)
  for (const { retryAfterMs } of refused) {
    expect(retryAfterMs).toBeGreaterThan(0)
    expect(retryAfterMs).toBeLessThanOrEqual(30_000)
  }
  // Each a time of his own, not all the same one.
  expect(new Set(refused.map(error => error.retryAfterMs)).size).toBeGreaterThan(refused.length / 4)
  expect(statements.most()).toBeLessThanOrEqual(8)
  for (const raw of raws) raw.end()
  await Promise.all([poster.close(), reader.close()])
  limit({ admissionsPerSecond: 300, admissionBurst: 600 })
}, 60_000)

test('[AD1] [AD5] [AD8] who is refused costs the store nothing, an unknown token no admission, and an open brings its sync', async () => {
  const [first, second] = await signIns(stage.alice, 2)
  limit({ admissionsPerSecond: 0.01, admissionBurst: 1 })
  const stranger = await connect()
  expect((await stranger.ask('session.open', { token: randomUUID() })).error?.code).toBe('unauthenticated')
  expect(await stranger.closed).toBe(4001)
  const one = await connect()
  expect((await one.ask('session.open', { token: first })).error).toBeUndefined()
  const two = await connect({ authorization: `Bearer ${second}` })
  const before = statements.names.length
  // Both frames at once: what came along is told the same, and the connection stays.
  const [opened, along] = await Promise.all([two.ask('session.open', {}), two.ask('room.find', {})])
  for (const { error } of [opened, along])
    expect(error).toMatchObject({ code: 'unavailable', retryAfterMs: expect.any(Number) })
  const asked = statements.names.slice(before)
  expect(asked.filter(name => admission.has(name))).toEqual([])
  // The sync of who was let in is let in too, the next one is not.
  expect((await one.ask('session.sync', {})).error).toBeUndefined()
  expect((await one.ask('session.sync', {})).error?.code).toBe('unavailable')
  limit({ admissionsPerSecond: 300, admissionBurst: 600 })
  await until(async () => (await two.ask('session.open', {})).error === undefined, 'let in')
  for (const raw of [one, two]) raw.end()
})

test('[SY19] session.sync is one statement, whatever it brings', async () => {
  const { admin, alice, carol } = stage
  const inviting = await stage.sameScope({ invitations: true })
  const user = await stage.addUser('statement@example.com')
  const room = await stage.room({ members: ['alice@example.com', 'statement@example.com'] })
  const { room: welcome } = await carol.call('room.create', {
    category: inviting.id,
    name: 'one statement',
    members: ['statement@example.com'],
  })
  const live = await alice.open()
  await postMany(live, room.id, 3)
  await admin.call('message.remove', { room: room.id, seq: 1 })
  await user.call('room.follow', { room: room.id })
  const sync = async (who: Person, input: Parameters<typeof syncSession>[2]) => {
    const own = watch(stage.db)
    const nothing = () => {}
    const caller = {
      user: who.me,
      administrator: false,
      session: randomUUID(),
      address: '::1',
      live: { id: randomUUID(), begin: () => ({ settle: nothing, abandon: nothing }), enter: nothing, part: nothing },
    }
    const answer = await syncSession({ ...server.chat, db: own.db }, caller, input).catch(error => error)
    return { answer, names: own.names }
  }
  const { epoch } = live.opened
  const full = await sync(user, { epoch, rooms: [{ room: room.id, seq: 0 }, { room: randomUUID() }] })
  expect(full.names).toEqual(['sync'])
  expect(full.answer).toMatchObject({
    rooms: [{ room: room.id, changed: [{ seq: 1 }], messages: [{ seq: 1 }, { seq: 2 }, { seq: 3 }] }],
    refused: [{ code: 'not_found' }],
    invitations: [{ room: welcome.id, by: { id: carol.me.id }, info: { name: 'one statement' } }],
  })
  const empty = await sync(await stage.addUser('empty@example.com'), {})
  expect(empty).toMatchObject({ names: ['sync-counts'], answer: { rooms: [], refused: [], invitations: [] } })
  const nobody = await stage.addUser('nobody@example.com')
  await admin.call('policy.grant', { scope: 'nobody@example.com', enabled: false })
  const barred = await sync(nobody, {})
  expect(barred).toMatchObject({ names: ['sync-counts'], answer: { code: 'forbidden' } })
  await live.close()
})

test('[SY20] session.open asks the store twice, and the upgrade not at all', async () => {
  const [byOpen, byUpgrade] = await signIns(stage.alice, 2)
  const asksOfSessions = (from: number) =>
    statements.names
      .slice(from)
      .filter(name => admission.has(name) || / session | principal /.test(name) || name === 'person')
  let before = statements.names.length
  const raw = await connect({ authorization: `Bearer ${byUpgrade}` })
  expect(asksOfSessions(before)).toEqual([])
  expect((await raw.ask('session.open', {})).result).toMatchObject({ me: { ...stage.alice.me, enabled: true } })
  expect(asksOfSessions(before)).toEqual(['find-session', 'person-of-session'])
  before = statements.names.length
  const other = await connect()
  expect((await other.ask('session.open', { token: byOpen })).error).toBeUndefined()
  expect(asksOfSessions(before)).toEqual(['find-session', 'person-of-session'])
  raw.end()
  other.end()
})
