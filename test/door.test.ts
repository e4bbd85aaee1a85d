import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { silentLog } from '../src/base/log.ts'
import { errorCodes } from '../src/protocol/error.ts'
import { events } from '../src/protocol/event.ts'
import { type Verb, verbs } from '../src/protocol/request.ts'
import { openStage, type Stage } from './stage.ts'

const logged: { context: { id?: string }; text: string }[] = []
let stage: Stage
beforeAll(async () => {
  stage = await openStage({
    log: { ...silentLog, error: (context, text) => void logged.push({ context: context as { id?: string }, text }) },
  })
})
afterAll(() => stage.stop())

const json = { 'content-type': 'application/json' }
const bearer = (token: string) => ({ ...json, authorization: `Bearer ${token}` })

async function send(path: string, body: string | undefined, headers: Record<string, string>, method = 'POST') {
  const response = await fetch(`${stage.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  }
}
const ask = (verb: string, input: unknown, token = stage.alice.token) =>
  send(`/api/v1/${verb}`, JSON.stringify(input), bearer(token))

type Frame = {
  id?: unknown
  event?: string
  result?: Record<string, unknown>
  error?: { code: string; message: string }
}
/** A WebSocket as a program of others would hold it. */
async function raw(headers: Record<string, string> = {}) {
  const socket = new WebSocket(`${stage.url.replace('http', 'ws')}/ws`, 'pchat.v1', { headers })
  const frames: Frame[] = []
  const waiting: (() => void)[] = []
  socket.on('message', data => {
    frames.push(JSON.parse(data.toString()))
    for (const wake of waiting.splice(0)) wake()
  })
  const closed = new Promise<number>(resolve => socket.once('close', resolve))
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return {
    socket,
    frames,
    closed,
    send: (frame: unknown) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    async answered(id: unknown): Promise<Frame> {
      for (;;) {
        const found = frames.find(frame => frame.id === id)
        if (found) return found
        await new Promise<void>(resolve => waiting.push(resolve))
      }
    },
  }
}
const opening = () => ({ id: 1, verb: 'session.open', input: { token: stage.alice.token } })

test('[DO1] every refusal has the shape {error: {code, message}} and the status of its code', async () => {
  const { admin, alice, category } = stage
  const room = await stage.room()
  const off = await stage.sameScope({ chatHistory: false })
  const passing = await stage.room({ category: off.id })
  const disabled = await stage.room()
  await admin.call('room.update', { room: disabled.id, disabled: true })
  const answers = {
    unauthenticated: await ask('category.list', {}, 'no such token'),
    forbidden: await ask('settings.get', {}),
    not_found: await ask('room.get', { room: randomUUID() }),
    conflict: await ask('category.delete', { category: category.id }, admin.token),
    name_taken: await ask('category.create', { name: room.name }, admin.token),
    invalid_argument: await ask('room.get', { room: 'x' }),
    too_large: await ask('message.post', { room: room.id, clientId: randomUUID(), text: 'x'.repeat(8_001) }),
    room_disabled: await ask('message.list', { room: disabled.id }),
    history_off: await ask('message.list', { room: passing.id }),
  }
  for (const [code, { status, headers, body }] of Object.entries(answers)) {
    expect([code, status]).toEqual([code, errorCodes[code as keyof typeof errorCodes].status])
    expect(body).toEqual({ error: { code, message: expect.any(String) } })
    expect(headers.get('content-type')).toContain('application/json')
  }
  const fine = await ask('room.get', { room: room.id })
  expect([fine.status, Object.keys(fine.body)]).toEqual([200, ['result']])
  expect(await alice.code('room.get', { room: room.id })).toBe('ok')
})

test('[DO2] a fault of the server is internal, with an id that stands in its log, and tells nothing else', async () => {
  await stage.db.query('ALTER TABLE audit RENAME TO audit_away')
  const { status, body } = await ask('audit.list', {}, stage.admin.token)
  await stage.db.query('ALTER TABLE audit_away RENAME TO audit')
  expect(status).toBe(500)
  const { error } = body as { error: { code: string; message: string; id: string } }
  expect(error).toEqual({ code: 'internal', message: expect.any(String), id: expect.any(String) })
  expect(error.message).not.toContain('audit')
  expect(logged.map(line => line.context.id)).toContain(error.id)
})

test('[DO3] every verb is on both doors but those that bind a live session: they are refused over HTTP', async () => {
  const both = Object.entries(verbs).filter(([, verb]) => verb.doors === 'both')
  const bound = Object.keys(verbs).filter(name => verbs[name as Verb].doors === 'websocket')
  expect(bound.sort()).toEqual(['room.join', 'room.part', 'session.open', 'session.sync'])
  for (const name of bound) expect((await ask(name, {})).body).toMatchObject({ error: { code: 'invalid_argument' } })
  const live = await stage.admin.open()
  // A member that no verb has: known on both doors, and changing nothing.
  for (const [name] of both) {
    if (verbs[name as Verb].callers === 'anyone') continue
    const overHttp = (await ask(name, { unheardOf: 1 }, stage.admin.token)).body
    expect(overHttp, name).toMatchObject({ error: { code: 'invalid_argument' } })
    expect(await live.ask(name as Verb, { unheardOf: 1 } as never), name).toMatchObject(overHttp)
  }
  await live.close()
})

test('[DO4] an unknown verb is not_found on both doors, and so is every other address', async () => {
  const live = await stage.alice.open()
  for (const verb of ['room.unheardOf', 'toString', '__proto__', 'constructor']) {
    expect((await ask(verb, {})).body).toMatchObject({ error: { code: 'not_found' } })
    expect((await live.ask(verb as Verb, {} as never)).error?.code).toBe('not_found')
  }
  for (const [method, path] of [
    ['GET', '/api/v1/room.get'],
    ['PUT', '/api/v1/room.get'],
    ['GET', '/nowhere'],
    ['POST', '/api/v2/room.get'],
  ] as const) {
    const { status, body } = await send(path, undefined, {}, method)
    expect([method, path, status]).toEqual([method, path, 404])
    expect(body).toMatchObject({ error: { code: 'not_found' } })
  }
  await live.close()
})

test('[DO5] unknown and wrong members of an input are refused with the path of what is wrong', async () => {
  const { alice } = stage
  const room = randomUUID()
  const post = { room, clientId: randomUUID(), text: 'hello' }
  for (const [verb, input, path] of [
    ['message.post', { ...post, colour: 'red' }, 'colour'],
    ['message.post', { ...post, text: 7 }, 'text'],
    ['message.post', { room, text: 'x' }, 'clientId'],
    ['room.update', { room, members: { add: ['a'], keep: [] } }, 'members'],
    ['message.remove', { room, filter: { author: 'a' } }, 'filter.author'],
    ['message.search', { rooms: [room, 'x'] }, 'rooms.1'],
    ['room.find', { limit: 0 }, 'limit'],
    ['room.find', { limit: '5' }, 'limit'],
    ['session.sync', { rooms: [{ room, since: 1 }] }, 'rooms.0.since'],
  ] as const) {
    const live = await alice.open()
    const answer = await live.ask(verb as Verb, input as never)
    expect(answer.error?.code).toBe('invalid_argument')
    expect(answer.error?.message).toContain(path)
    await live.close()
  }
  for (const text of ['nul \u0000', 'half \ud800'])
    expect((await ask('message.post', { ...post, text })).body).toMatchObject({
      error: { code: 'invalid_argument', message: expect.stringContaining('text') },
    })
})

test('[DO6] a body is a JSON object of at most a megabyte', async () => {
  const token = bearer(stage.alice.token)
  for (const body of ['', '{', 'null x', '[]', '"text"', '7', '{"__proto__": {}}'])
    expect(await send('/api/v1/category.list', body, token), body).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_argument' } },
    })
  const form = { ...token, 'content-type': 'application/x-www-form-urlencoded' }
  expect(await send('/api/v1/category.list', 'a=b', form)).toMatchObject({ status: 400 })
  expect(await send('/api/v1/category.list', `{"x": "${'y'.repeat(1024 * 1024)}"}`, token)).toMatchObject({
    status: 413,
    body: { error: { code: 'too_large' } },
  })
})

test('[DO7] checks come in one order: may know of it, may do it, then its state', async () => {
  const { admin, alice, carol, zoe } = stage
  const off = await stage.sameScope({ chatHistory: false })
  const room = await stage.room({ category: off.id })
  await admin.call('room.update', { room: room.id, disabled: true })
  const list = { room: room.id }
  const update = { room: room.id, ifVersion: 0, name: stage.category.name }
  expect(await zoe.code('message.list', list)).toBe('not_found')
  expect(await carol.code('message.list', list)).toBe('forbidden')
  expect(await alice.code('message.list', list)).toBe('room_disabled')
  expect(await zoe.code('room.update', update)).toBe('not_found')
  expect(await alice.code('room.update', update)).toBe('forbidden')
  expect(await admin.code('room.update', update)).toBe('conflict')
  expect(await zoe.code('room.update', { ...update, disabled: false })).toBe('not_found')
  expect(await alice.code('room.update', { room: room.id, disabled: false })).toBe('forbidden')
})

test('[DO8] on a WebSocket a request is answered under its id, a number or a string; answers may come in any order', async () => {
  const peer = await raw()
  expect(peer.socket.protocol).toBe('pchat.v1')
  peer.send(opening())
  await peer.answered(1)
  peer.send({ id: 7, verb: 'category.list', input: {} })
  peer.send({ id: 'seven', verb: 'category.list' })
  peer.send({ id: -1.5, verb: 'room.get', input: { room: randomUUID() } })
  expect(await peer.answered(7)).toEqual({ id: 7, result: { categories: expect.any(Array) } })
  expect(await peer.answered('seven')).toHaveProperty('result')
  expect(await peer.answered(-1.5)).toEqual({ id: -1.5, error: { code: 'not_found', message: expect.any(String) } })
  peer.socket.close()
})

test('[DO9] session.open is the first frame: it answers who one is, the version, the servers, the epoch and the limits', async () => {
  const peer = await raw()
  peer.send(opening())
  const { result } = await peer.answered(1)
  expect(result).toEqual({
    me: {
      id: stage.alice.me.id,
      kind: 'user',
      name: 'alice@example.com',
      displayName: 'alice',
      administrator: false,
      roles: [],
      enabled: true,
    },
    version: expect.any(Number),
    servers: [`${stage.url.replace('http', 'ws')}/ws`],
    epoch: expect.stringMatching(/^[0-9a-f-]{36}$/),
    limits: expect.objectContaining({
      textCodePoints: 8000,
      storyBytes: 65_536,
      historyOnJoin: 30,
      frameBytes: 262_144,
    }),
  })
  peer.send({ ...opening(), id: 2 })
  expect((await peer.answered(2)).error?.code).toBe('conflict')
  peer.socket.close()
})

test('[DO10] anything else before it is unauthenticated, and so is an unknown token: the session is closed (4001)', async () => {
  for (const first of [
    { id: 1, verb: 'category.list', input: {} },
    { id: 1, verb: 'session.open', input: {} },
    { id: 1, verb: 'session.open', input: { token: 'unknown' } },
  ]) {
    const peer = await raw()
    peer.send(first)
    expect((await peer.answered(1)).error?.code).toBe('unauthenticated')
    expect(await peer.closed).toBe(4001)
  }
})

test('[DO11] the token may come with the upgrade, and is then left out of session.open', async () => {
  const peer = await raw({ authorization: `Bearer ${stage.alice.token}` })
  peer.send({ id: 1, verb: 'session.open' })
  expect((await peer.answered(1)).result?.me).toMatchObject({ name: 'alice@example.com' })
  peer.socket.close()
  const unknown = await raw({ authorization: 'Bearer unknown' })
  unknown.send({ id: 1, verb: 'session.open', input: {} })
  expect(await unknown.closed).toBe(4001)
  const other = await raw({ authorization: `Bearer ${stage.alice.token}` })
  other.send({ id: 1, verb: 'session.open', input: { token: stage.bob.token } })
  expect((await other.answered(1)).result?.me).toMatchObject({ name: 'bob@example.com' })
  other.socket.close()
})

test('[DO12] what is sent right behind session.open is answered after it, in the same order of posts', async () => {
  const room = await stage.room()
  const peer = await raw()
  peer.send(opening())
  for (let id = 2; id < 30; id += 1)
    peer.send({ id, verb: 'message.post', input: { room: room.id, clientId: randomUUID(), text: `n${id}` } })
  const answers = await Promise.all(Array.from({ length: 28 }, (_, i) => peer.answered(i + 2)))
  expect(answers.map(answer => answer.result?.seq)).toEqual(Array.from({ length: 28 }, (_, i) => i + 1))
  expect(peer.frames[0]).toMatchObject({ id: 1, result: {} })
  peer.socket.close()
  const stranger = await raw()
  stranger.send({ id: 1, verb: 'session.open', input: { token: 'unknown' } })
  stranger.send({ id: 2, verb: 'room.get', input: { room: room.id } })
  expect(await stranger.closed).toBe(4001)
  expect(stranger.frames.every(frame => frame.error?.code === 'unauthenticated')).toBe(true)
})

test('[DO13] a frame is one JSON object of at most 256 KiB as text; anything else is told and closed (4009)', async () => {
  const most = 256 * 1024
  const around = JSON.stringify({ id: 2, verb: 'room.find', input: { text: '' } }).length
  const peer = await raw()
  peer.send(opening())
  await peer.answered(1)
  peer.send({ id: 2, verb: 'room.find', input: { text: 'x'.repeat(most - around) } })
  expect(await peer.answered(2)).toHaveProperty('result')
  peer.socket.close()
  for (const [frame, code] of [
    [JSON.stringify({ id: 2, verb: 'room.find', input: { text: 'x'.repeat(most - around + 1) } }), 'too_large'],
    ['{', 'invalid_argument'],
    ['[]', 'invalid_argument'],
    ['null', 'invalid_argument'],
    ['{"verb": "category.list"}', 'invalid_argument'],
    ['{"id": {}, "verb": "category.list"}', 'invalid_argument'],
    ['{"id": 2, "verb": 7}', 'invalid_argument'],
    [Buffer.from('{"id": 2, "verb": "category.list"}'), 'invalid_argument'],
  ] as const) {
    const bad = await raw()
    bad.send(opening())
    await bad.answered(1)
    bad.socket.send(frame)
    expect(await bad.closed).toBe(4009)
    expect(bad.frames.at(-1)).toMatchObject({ id: null, error: { code } })
  }
})

test('[DO14] the upgrade is at /ws, by GET, and refused elsewhere', async () => {
  const elsewhere = new WebSocket(`${stage.url.replace('http', 'ws')}/elsewhere`, 'pchat.v1')
  expect(await new Promise(resolve => elsewhere.once('error', error => resolve(error.message)))).toContain('404')
})

test('[DO15] tokens outlive the connection and the server, and are good on every server of the pool', async () => {
  const other = await stage.another()
  expect(await other.at(stage.alice).code('category.list', {})).toBe('ok')
  const live = await other.at(stage.alice).open()
  expect(live.opened.epoch).toBe((await (await stage.alice.open()).call('session.sync', {})).epoch)
  await live.close()
  await other.stop()
})

type Schema = { [member: string]: unknown }
function refsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) => (key === '$ref' ? [String(member)] : refsOf(member)))
}
function at(document: unknown, ref: string): unknown {
  return ref
    .slice(2)
    .split('/')
    .reduce<unknown>((place, part) => (place as Schema | undefined)?.[part], document)
}

test('[DO16] the OpenAPI document has every verb of the HTTP door, with its input, its result and every error', async () => {
  const document = (await (await fetch(`${stage.url}/api/v1/openapi.json`)).json()) as Schema
  expect(document.openapi).toMatch(/^3\.1\./)
  expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) })
  const paths = document.paths as Record<string, { post: Schema }>
  const expected = Object.entries(verbs).filter(([, verb]) => verb.doors === 'both')
  expect(Object.keys(paths).sort()).toEqual(expected.map(([name]) => `/api/v1/${name}`).sort())
  const ids = new Set<unknown>()
  for (const [name, verb] of expected) {
    const { post } = paths[`/api/v1/${name}`]!
    ids.add(post.operationId)
    const wire = (schema: unknown) => JSON.parse(JSON.stringify(schema))
    expect(post.requestBody).toMatchObject({ content: { 'application/json': { schema: wire(verb.input) } } })
    const responses = post.responses as Record<string, Schema>
    expect(responses['200']).toMatchObject({
      description: expect.any(String),
      content: { 'application/json': { schema: { properties: { result: wire(verb.result) } } } },
    })
    for (const { status } of Object.values(errorCodes)) expect(responses[String(status)]).toHaveProperty('description')
  }
  expect(ids.size).toBe(expected.length)
  for (const ref of refsOf(document)) expect(at(document, ref), ref).toBeDefined()
})

test('[DO17] the AsyncAPI document has every verb with its answer, and every event', async () => {
  const document = (await (await fetch(`${stage.url}/api/v1/asyncapi.json`)).json()) as Schema
  expect(document.asyncapi).toMatch(/^3\./)
  const { messages, address } = (document.channels as { ws: { messages: Record<string, Schema>; address: string } }).ws
  expect(address).toBe('/ws')
  const names = [
    ...Object.keys(verbs).flatMap(name => [`request.${name}`, `answer.${name}`]),
    ...Object.keys(events).map(name => `event.${name}`),
  ]
  expect(Object.keys(messages).sort()).toEqual(names.sort())
  for (const message of Object.values(messages)) expect(message.payload).toMatchObject({ type: 'object' })
  const refs = refsOf(document.operations)
  for (const ref of refs) expect(at(document, ref), ref).toBeDefined()
  expect(refs.filter(ref => ref.includes('/messages/'))).toHaveLength(names.length)
})

test('[DO18] /healthz says that the process lives, /readyz that it can serve, /metrics what it did', async () => {
  for (const path of ['/healthz', '/readyz']) expect((await fetch(`${stage.url}${path}`)).status).toBe(200)
  const room = await stage.room()
  await stage.alice.call('message.post', { room: room.id, clientId: randomUUID(), text: 'counted' })
  const response = await fetch(`${stage.url}/metrics`)
  expect(response.headers.get('content-type')).toContain('text/plain')
  const text = await response.text()
  expect(text).toMatch(/^pchat_posts_total \d+$/m)
  expect(text).toMatch(/^pchat_requests_total\{verb="message.post",outcome="ok"\} \d+$/m)
  expect(text).toMatch(/^pchat_sessions \d+$/m)
  expect(text).not.toContain(room.id)
})
