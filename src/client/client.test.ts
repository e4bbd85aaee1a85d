import { afterEach, expect, test, vi } from 'vitest'
import { message, ROOM, RoomModel } from '../../test/room-model.ts'
import { type Asked, type Reply, type Script, ScriptedServer } from '../../test/scripted-server.ts'
import type { WireError } from '../protocol/error.ts'
import { type Client, type ClientOptions, connect } from './client.ts'
import { movingMs, retryMs } from './wait.ts'

const ME = { id: ROOM, kind: 'user', name: 'a@example.com', displayName: 'A', administrator: false, enabled: true }
const LIMITS = {
  textCodePoints: 1,
  storyBytes: 1,
  historyOnJoin: 30,
  frameBytes: 1,
  participantUpdateLimit: 1,
  fileBytes: 1,
}
const refuse = (code: WireError['code'], retryAfterMs?: number): Reply => ({
  error: { code, message: code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
})
const parted = { room: ROOM }

const open: { close(): unknown }[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const each of open.splice(0).reverse()) await each.close()
})

/** Answers like a server with one room. */
function room(model: RoomModel, servers: string[] = []): Script {
  return ({ verb, input }: Asked): Reply => {
    if (verb === 'session.open') return { result: { me: ME, version: 1, servers, epoch: model.epoch, limits: LIMITS } }
    if (verb === 'session.sync') return { result: model.sync(input as never) }
    if (verb === 'room.join') return { result: model.join((input.history as number) ?? 30) }
    if (verb === 'message.list') return { result: model.list(input as never) }
    return { result: {} }
  }
}

async function serve(script: Script, port = 0): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(script, port)
  open.push(server)
  return server
}

/** The shortest waits: 0.5 s. */
function openClient(server: ScriptedServer, more: Partial<ClientOptions> = {}): Client {
  const client = connect({ url: server.url, token: 'token', random: () => 0, ...more })
  open.push(client)
  return client
}

test('[CL4] answers find their request by its id whatever their order, and a refusal is a PchatError', async () => {
  const usual = room(new RoomModel())
  const server = await serve((asked, self) => (asked.verb === 'category.list' ? undefined : usual(asked, self)))
  const client = openClient(server)
  expect((await client.ready()).name).toBe('a@example.com')
  server.play(({ verb }) => {
    if (verb === 'room.find') return { result: { rooms: [] } }
    return { error: { code: 'internal', message: 'fault', id: 'x1' } }
  })
  const [found, refused] = await Promise.allSettled([
    client.request('room.find', {}),
    client.request('room.get', parted),
  ])
  expect(found).toMatchObject({ status: 'fulfilled', value: { rooms: [] } })
  expect(refused).toMatchObject({ reason: { name: 'PchatError', code: 'internal', id: 'x1' } })
})

test('[CL5] after a broken connection the session is opened and synced again with the end of what it knows', async () => {
  const model = new RoomModel()
  for (let count = 0; count < 5; count += 1) model.post()
  const server = await serve(room(model))
  const client = openClient(server)
  const told: number[] = []
  client.on('message.posted', ({ message: { seq } }) => told.push(seq))
  const states: string[] = []
  client.on('state', state => states.push(state))
  await client.join(ROOM, { history: 2 })
  server.drop()
  model.post()
  model.remove(5)
  await vi.waitFor(() => expect(told).toEqual([6]), 4000)
  expect(states).toEqual(['open', 'waiting', 'connecting', 'open'])
  const synced = server.askedFor('session.sync').at(-1)?.input
  expect(synced).toEqual({ epoch: 'one', rooms: [{ room: ROOM, seq: 5, revision: 0, version: 1 }] })
  expect(client.room(ROOM)).toMatchObject({ messages: model.messages.slice(3), revision: 1 })
  // Participants come with a join only.
  await vi.waitFor(() =>
    expect(server.askedFor('room.join').at(-1)).toMatchObject({ connection: 2, input: { history: 0 } }),
  )
})

test('[CL5] what comes right behind the answer that opens a session does not keep it from being synced', async () => {
  const usual = room(new RoomModel())
  const server = await serve((asked, self) => {
    if (asked.verb === 'session.open') queueMicrotask(() => self.tell({ event: 'room.followed', room: ROOM }))
    return usual(asked, self)
  })
  const client = openClient(server)
  await client.ready()
  await vi.waitFor(() => expect(client.room(ROOM)).toBeDefined())
})

test('[CL6] a jump in the sequence is filled by message.list before anything above it is told', async () => {
  const model = new RoomModel()
  model.post()
  const server = await serve(room(model))
  const client = openClient(server)
  const told: number[] = []
  client.on('message.posted', ({ message: { seq } }) => told.push(seq))
  await client.join(ROOM)
  for (let count = 0; count < 3; count += 1) model.post()
  server.tell(model.post())
  await vi.waitFor(() => expect(told).toEqual([2, 3, 4, 5]))
  expect(server.askedFor('message.list').map(({ input }) => input)).toEqual([{ room: ROOM, after: 1, limit: 3 }])
})

test('[CL7] what can be repeated waits for the next connection, the rest fails as unavailable', async () => {
  const usual = room(new RoomModel())
  const server = await serve((asked, self) =>
    asked.connection === 1 && asked.verb.startsWith('room.') ? undefined : usual(asked, self),
  )
  const client = openClient(server)
  await client.ready()
  const safe = client.request('room.find', {})
  const unsafe = client.request('room.update', { ...parted, name: 'other' })
  unsafe.catch(() => {})
  await vi.waitFor(() => expect(server.askedFor('room.update')).toHaveLength(1))
  server.drop()
  await expect(unsafe).rejects.toMatchObject({ code: 'unavailable' })
  await expect(client.request('room.clear', { ...parted, until: 'x' })).rejects.toMatchObject({ code: 'unavailable' })
  await expect(safe).resolves.toEqual({})
  expect(server.askedFor('room.update')).toHaveLength(1)
})

test('[CL8] a post is tried again under its client id until answered for good, in order per room', async () => {
  const usual = room(new RoomModel())
  const errors = ['rate_limited', 'unavailable', 'drop'] as const
  let tries = 0
  let seq = 0
  const server = await serve((asked, self) => {
    if (asked.verb !== 'message.post') return usual(asked, self)
    const error = errors[tries]
    tries += 1
    if (error === 'drop') self.drop()
    else if (error !== undefined) return refuse(error, 10)
    else if (asked.input.text === 'bad') return refuse('forbidden')
    seq += 1
    return { result: { seq, at: 'now', repeated: false } }
  })
  const client = openClient(server)
  const posts = ['one', 'two', 'bad', 'three'].map(text => client.post(ROOM, { text }))
  const settled = await Promise.allSettled(posts)
  expect(settled.map(each => each.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  const asked = server.askedFor('message.post').map(({ input }) => input)
  expect(asked.map(({ text }) => text)).toEqual(['one', 'one', 'one', 'one', 'two', 'bad', 'three'])
  expect(new Set(asked.slice(0, 4).map(({ clientId }) => clientId)).size).toBe(1)
})

test('[CL9] a session that the server ended, or does not know, is closed for good; any other close is tried again', async () => {
  for (const code of [4001, 4003]) {
    const server = await serve(room(new RoomModel()))
    const client = openClient(server)
    await client.ready()
    server.drop(code)
    await vi.waitFor(() => expect(client.state).toBe('closed'))
    await expect(client.request('room.find', {})).rejects.toMatchObject({ code: 'unauthenticated' })
  }
  const server = await serve(room(new RoomModel()))
  const client = openClient(server)
  await client.ready()
  server.drop(4008)
  await vi.waitFor(() => expect(server.askedFor('session.open')).toHaveLength(2), 3000)
})

test('[CL9] ready rejects where the sign-in is not known', async () => {
  const server = await serve(() => refuse('unauthenticated'))
  await expect(openClient(server).ready()).rejects.toMatchObject({ code: 'unauthenticated' })
})

test('[CL10] another server of the pool is tried when the current one goes away or refuses', async () => {
  const second = await serve(room(new RoomModel()))
  const servers = [`ws://127.0.0.1:${second.port}/ws`]
  const first = await serve(room(new RoomModel(), servers))
  const client = openClient(first)
  await client.ready()
  first.drop(1001)
  await vi.waitFor(() => expect(second.askedFor('session.open')).toHaveLength(1), 3000)
})

test('[CL11] another epoch makes the client load anew', async () => {
  const model = new RoomModel()
  for (let count = 0; count < 9; count += 1) model.post()
  const server = await serve(room(model))
  const client = openClient(server)
  const told: number[] = []
  client.on('message.posted', ({ message: { seq } }) => told.push(seq))
  await client.join(ROOM)
  model.epoch = 'two'
  model.messages = [message(1, 'restored'), message(2, 'restored')]
  server.drop()
  await vi.waitFor(() => expect(client.room(ROOM)?.messages).toEqual(model.messages), 3000)
  expect(client.epoch).toBe('two')
  expect(told).toEqual([])
})

test('[CL12] a room that is gone for the caller is dropped, a disabled one is kept hidden', async () => {
  const model = new RoomModel()
  model.post()
  const server = await serve(room(model))
  const client = openClient(server)
  await client.join(ROOM)
  server.tell({ event: 'room.closed', room: ROOM, reason: 'disabled' })
  await vi.waitFor(() => expect(client.room(ROOM)?.closed).toBe('disabled'))
  expect(client.room(ROOM)?.messages).toHaveLength(1)
  server.tell({ event: 'room.closed', room: ROOM, reason: 'removed' })
  await vi.waitFor(() => expect(client.room(ROOM)).toBeUndefined())
})

test('[CL12] older messages are loaded from the newest range down, to the first one', async () => {
  const model = new RoomModel()
  for (let count = 0; count < 9; count += 1) model.post()
  const server = await serve(room(model))
  const client = openClient(server)
  await client.join(ROOM, { history: 2 })
  expect(await client.loadOlder(ROOM, 3)).toBe(true)
  expect(client.room(ROOM)?.messages.map(({ seq }) => seq)).toEqual([5, 6, 7, 8, 9])
  expect(await client.loadOlder(ROOM)).toBe(false)
  expect(client.room(ROOM)?.messages).toEqual(model.messages)
})

/** A pool of two whose first server names both. */
async function pool(): Promise<{ first: ScriptedServer; second: ScriptedServer; script: Script }> {
  const second = await serve(room(new RoomModel()))
  const first = await serve(() => undefined)
  const script = room(
    new RoomModel(),
    [first, second].map(({ port }) => `ws://127.0.0.1:${port}/ws`),
  )
  first.play(script)
  second.play(script)
  return { first, second, script }
}

test('[CL16] who lost his server, told (1001, 1012) or not, goes to another one of the pool', async () => {
  for (const code of [1001, 1012, undefined]) {
    const { first, second } = await pool()
    const client = openClient(first)
    await client.ready()
    first.drop(code)
    await vi.waitFor(() => expect(second.askedFor('session.open')).toHaveLength(1), 5000)
    expect(first.askedFor('session.open')).toHaveLength(1)
    client.close()
  }
})

test('[CL16] the first try elsewhere comes after up to two seconds, by chance', () => {
  expect(movingMs(() => 0)).toBe(0)
  expect(movingMs(() => 0.5)).toBe(1_000)
  expect(movingMs(() => 0.999)).toBeLessThan(2_000)
})

test('[CL17] a server that refuses is passed over for the next', async () => {
  const { first, second } = await pool()
  const client = openClient(first)
  await client.ready()
  second.play(() => refuse('unavailable', 60_000))
  first.drop(1001)
  await vi.waitFor(() => expect(first.askedFor('session.open')).toHaveLength(2), 5000)
  await client.request('room.find', {})
  expect(second.askedFor('session.open')).toHaveLength(1)
})

test('[CL19] a refused sync is asked again on the same connection', async () => {
  const usual = room(new RoomModel())
  let refusals = 0
  const server = await serve((asked, self) => {
    if (asked.verb !== 'session.sync' || refusals === 2) return usual(asked, self)
    refusals += 1
    return refuse('unavailable', 20)
  })
  const client = openClient(server)
  const synced = new Promise(resolve => client.on('synced', resolve))
  await synced
  expect(server.askedFor('session.sync').map(({ connection }) => connection)).toEqual([1, 1, 1])
  expect(client.state).toBe('open')
})

test('[CL20] a new connection does not wait for what an older one was told to wait', async () => {
  const usual = room(new RoomModel())
  const server = await serve((asked, self) =>
    asked.verb === 'session.sync' && asked.connection === 1 ? refuse('unavailable', 600_000) : usual(asked, self),
  )
  const client = openClient(server)
  const synced = new Promise(resolve => client.on('synced', resolve))
  await client.ready()
  await vi.waitFor(() => expect(server.askedFor('session.sync')).toHaveLength(1), 5000)
  // The refusal has arrived, and the wait begun, when a later answer has.
  await client.request('room.find', {})
  server.drop()
  await synced
  expect(server.askedFor('session.sync').map(({ connection }) => connection)).toEqual([1, 2])
})

test('[CL21] who is told when to come waits so long and a little more, by chance', async () => {
  expect(retryMs(20_000, 0, () => 0)).toBe(20_000)
  expect(retryMs(20_000, 0, () => 0.5)).toBe(20_500)
  expect(retryMs(100, 7, () => 0.5)).toBe(150)
  expect(retryMs(undefined, 0, () => 0)).toBe(500)
  const usual = room(new RoomModel())
  const opened: number[] = []
  const server = await serve((asked, self) => {
    if (asked.verb === 'session.open') opened.push(performance.now())
    return opened.length === 1 ? refuse('unavailable', 300) : usual(asked, self)
  })
  await openClient(server).ready()
  expect(opened[1]! - opened[0]!).toBeGreaterThan(290)
})

test('[FR22] a server of an older program, which takes no tickets, sends no page away: it goes on at another one', async () => {
  const older = await serve(({ verb }) => (verb === 'session.open' ? refuse('invalid_argument') : { result: {} }))
  const newer = await serve((asked, self) => room(new RoomModel(), [older.url, newer.url])(asked, self))
  let given = 0
  const ticket = async () => {
    given += 1
    return { ticket: `ticket ${given}`, servers: [older.url, newer.url].map(ws), webServices: [older.url] }
  }
  const ws = (url: string) => `${url.replace('http', 'ws')}/ws`
  // The first of those that it may choose from.
  const client = connect({ url: older.url, ticket, random: () => 0 })
  open.push(client)
  expect((await client.ready()).name).toBe('a@example.com')
  expect(given).toBe(2)
  expect(client.state).toBe('open')
})
