import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { turnPartitions } from '../src/store/upkeep.ts'
import type { Live } from './harness.ts'
import { openStage, postAll, type Stage, seqs } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.stop())

const post = (room: string, more: object = {}) => ({ room, clientId: randomUUID(), text: 'hello', ...more })

test('[MS4] a post is answered with its sequence, counted up by one from 1 in each room, and its instant in UTC milliseconds', async () => {
  const { alice, bob } = stage
  const [one, two] = await Promise.all([stage.room(), stage.room()])
  const before = Date.now()
  for (const [who, room, seq] of [
    [alice, one, 1],
    [bob, one, 2],
    [alice, two, 1],
    [alice, one, 3],
  ] as const) {
    const answer = await who.call('message.post', post(room.id))
    expect(answer).toEqual({
      seq,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      repeated: false,
    })
    expect(Math.abs(Date.parse(answer.at) - before)).toBeLessThan(10_000)
  }
})

test('[MS5] a repeat is answered with the first result; other content under its clientId is a conflict', async () => {
  const { alice } = stage
  const room = await stage.room()
  const first = post(room.id, { text: 'once' })
  const answer = await alice.call('message.post', first)
  const again = await Promise.all([1, 2, 3].map(() => alice.call('message.post', first)))
  for (const one of again) expect(one).toEqual({ ...answer, repeated: true })
  for (const change of [{ text: 'twice' }, { format: 'markdown' }, { alert: true }, { title: 'story' }] as const)
    expect(await alice.code('message.post', { ...first, ...change })).toBe('conflict')
  expect(await alice.code('message.post', { ...first, format: 'plain', alert: false })).toBe('ok')
  expect((await alice.call('message.list', { room: room.id })).lastSeq).toBe(1)
})

test('[MS6] a clientId counts for one author in one room', async () => {
  const { alice, bob } = stage
  const [one, two] = await Promise.all([stage.room(), stage.room()])
  const clientId = randomUUID()
  expect(await alice.call('message.post', post(one.id, { clientId }))).toMatchObject({ seq: 1, repeated: false })
  expect(await bob.call('message.post', post(one.id, { clientId, text: 'other' }))).toMatchObject({
    seq: 2,
    repeated: false,
  })
  expect(await alice.call('message.post', post(two.id, { clientId, text: 'other' }))).toMatchObject({
    seq: 1,
    repeated: false,
  })
})

test('[MS7] a repeat is known through remove, clear, history off and disabling, but not to who lost the right to post', async () => {
  const { admin, alice, bob } = stage
  const category = await stage.sameScope()
  const room = await stage.room({ category: category.id })
  const his = post(room.id, { text: 'removed' })
  const hers = post(room.id, { text: 'cleared' })
  const first = await bob.call('message.post', his)
  const second = await alice.call('message.post', hers)
  await admin.call('message.remove', { room: room.id, seq: 1 })
  expect(await bob.call('message.post', his)).toEqual({ ...first, repeated: true })
  await admin.call('room.clear', { room: room.id, until: second.at })
  expect(await alice.call('message.post', hers)).toEqual({ ...second, repeated: true })
  await admin.call('category.update', { category: category.id, chatHistory: false })
  expect(await alice.call('message.post', hers)).toEqual({ ...second, repeated: true })
  await admin.call('room.update', { room: room.id, disabled: true })
  expect(await alice.call('message.post', hers)).toEqual({ ...second, repeated: true })
  expect(await alice.code('message.post', { ...hers, text: 'other' })).toBe('conflict')
  expect(await alice.code('message.post', post(room.id))).toBe('room_disabled')
  await admin.call('room.update', { room: room.id, members: { remove: ['alice@example.com'] } })
  expect(await alice.code('message.post', hers)).toBe('forbidden')
})

test('[MS8] posts of one session to one room are taken in order of sending', async () => {
  const room = await stage.room()
  const live = await stage.alice.open()
  const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => live.post(room.id, `line ${i + 1}`)))
  expect(seqs(answers)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1))
  const page = await live.call('message.list', { room: room.id, after: 0, limit: 500 })
  expect(page.messages.map(message => 'text' in message && message.text)).toEqual(
    Array.from({ length: 500 }, (_, i) => `line ${i + 1}`),
  )
  await live.close()
})

test('[MS9] posts of many sessions come to every reader in one order without a gap, the senders among them', async () => {
  const { alice, bob } = stage
  const room = await stage.room()
  const lives: Live[] = await Promise.all([alice.open(), alice.open(), bob.open(), bob.open()])
  for (const live of lives) await live.call('room.join', { room: room.id })
  await Promise.all(lives.flatMap((live, l) => Array.from({ length: 50 }, (_, i) => live.post(room.id, `${l}-${i}`))))
  const heard = await Promise.all(
    lives.map(async live => {
      await live.hears('message.posted', event => event.message.seq === 200)
      return live.heard('message.posted').map(event => [event.message.seq, event.message.text])
    }),
  )
  expect(heard[0]!.map(([seq]) => seq)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
  for (const one of heard) expect(one).toEqual(heard[0])
  for (let l = 0; l < 4; l += 1) {
    const own = heard[0]!.map(([, text]) => String(text)).filter(text => text.startsWith(`${l}-`))
    expect(own).toEqual(Array.from({ length: 50 }, (_, i) => `${l}-${i}`))
  }
  await Promise.all(lives.map(live => live.close()))
})

test('[MS10] a text has at most 8,000 code points, a story 65,536 bytes; beyond is too_large, and both are settings', async () => {
  const { admin, alice } = stage
  const room = await stage.room()
  const text = (content: string) => alice.code('message.post', post(room.id, { text: content }))
  const story = (content: string) => alice.code('message.post', post(room.id, { text: content, title: 'a story' }))
  expect(await text('🜂'.repeat(8_000))).toBe('ok')
  expect(await text('🜂'.repeat(8_001))).toBe('too_large')
  expect(await story('é'.repeat(32_768))).toBe('ok')
  expect(await story(`${'é'.repeat(32_768)}x`)).toBe('too_large')
  expect(await text(' \n ')).toBe('invalid_argument')
  expect(await alice.code('message.post', post(room.id, { title: ' ' }))).toBe('invalid_argument')
  const { settings } = await admin.call('settings.get', {})
  await admin.call('settings.update', { settings: { maxTextCodePoints: 5, maxStoryBytes: 10 } })
  expect(await text('12345')).toBe('ok')
  expect(await text('123456')).toBe('too_large')
  expect(await story('1234567890')).toBe('ok')
  expect(await story('12345678901')).toBe('too_large')
  await admin.call('settings.update', {
    settings: { maxTextCodePoints: settings.maxTextCodePoints, maxStoryBytes: settings.maxStoryBytes },
  })
})

test('[MS11] format is plain or markdown, plain by default; alert and title stand only where they were given', async () => {
  const { alice } = stage
  const room = await stage.room()
  const live = await alice.open()
  await live.call('room.join', { room: room.id })
  const rich = post(room.id, { text: '**bold**', format: 'markdown', alert: true, title: ' The news ' })
  const plain = post(room.id, { alert: false })
  const answers = [await alice.call('message.post', rich), await alice.call('message.post', plain)]
  const author = { id: alice.me.id, kind: 'user', name: 'alice@example.com', displayName: 'alice' }
  const expected = [
    {
      seq: 1,
      at: answers[0]!.at,
      author,
      text: '**bold**',
      format: 'markdown',
      clientId: rich.clientId,
      alert: true,
      title: 'The news',
    },
    { seq: 2, at: answers[1]!.at, author, text: 'hello', format: 'plain', clientId: plain.clientId },
  ]
  await live.hears('message.posted', event => event.message.seq === 2)
  expect(live.heard('message.posted').map(event => event.message)).toEqual(expected)
  expect((await alice.call('message.list', { room: room.id })).messages).toEqual(expected)
  expect((await live.call('room.join', { room: room.id })).messages).toEqual(expected)
  const epoch = live.opened.epoch
  const synced = await live.call('session.sync', { epoch, rooms: [{ room: room.id, seq: 0 }] })
  expect(synced.rooms[0]!.messages).toEqual(expected)
  expect(await alice.code('message.post', post(room.id, { format: 'html' }))).toBe('invalid_argument')
  await live.close()
})

test('[MS12] a clientId is a UUID, and who may not know of the room is told not_found, who may not post forbidden', async () => {
  const { alice, carol, zoe } = stage
  const room = await stage.room()
  expect(await alice.code('message.post', post(room.id, { clientId: 'mine' }))).toBe('invalid_argument')
  expect(await carol.code('message.post', post(room.id))).toBe('forbidden')
  expect(await zoe.code('message.post', post(room.id))).toBe('not_found')
  expect(await alice.code('message.post', post(randomUUID()))).toBe('not_found')
  expect((await alice.call('message.list', { room: room.id })).lastSeq).toBe(0)
})

test('[MS13] posting needs no joining, and one bad post leaves its neighbours alone', async () => {
  const { alice } = stage
  const room = await stage.room()
  const live = await alice.open()
  const answers = await Promise.all([
    live.ask('message.post', post(room.id)),
    live.ask('message.post', post(room.id, { text: 'nul \u0000' })),
    live.ask('message.post', post(randomUUID())),
    live.ask('message.post', post(room.id)),
  ])
  expect(answers.map(answer => answer.error?.code ?? answer.result?.seq)).toEqual([
    1,
    'invalid_argument',
    'not_found',
    2,
  ])
  await live.close()
})

test('[MS14] whatever characters a text holds come out as they went in', async () => {
  const { alice } = stage
  const room = await stage.room()
  const texts = [
    '"quoted" \\ back',
    'tab\tand\r\nlines',
    '🜂 \u{1F468}\u200D\u{1F469}',
    'e\u0301 é',
    '\u202e turned',
    "'; DROP TABLE room; --",
    ' spaces around ',
  ]
  await postAll(alice, room.id, texts)
  const { messages } = await alice.call('message.list', { room: room.id })
  expect(messages.map(message => 'text' in message && message.text)).toEqual(texts)
})

// The last one: it turns the store's partitions into the future.
test('[MS15] a clientId is known for 30 days at least, and then forgotten', async () => {
  const { alice } = stage
  const room = await stage.room()
  const first = post(room.id)
  await alice.call('message.post', first)
  const dayMs = 24 * 3_600_000
  await turnPartitions(stage.db, Date.now() + 29 * dayMs)
  expect(await alice.call('message.post', first)).toMatchObject({ seq: 1, repeated: true })
  await turnPartitions(stage.db, Date.now() + 38 * dayMs)
  expect(await alice.call('message.post', first)).toMatchObject({ seq: 2, repeated: false })
})
