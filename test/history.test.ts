import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { purgeSlice, turnPartitions } from '../src/store/upkeep.ts'
import { openStage, pause, postAll, postMany, type Stage, seqs, until } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.stop())

const count = (n: number) => Array.from({ length: n }, (_, i) => `line ${i + 1}`)
const range = (from: number, through: number) => Array.from({ length: through - from + 1 }, (_, i) => from + i)

async function filled(n: number, more: Parameters<Stage['room']>[0] = {}) {
  const room = await stage.room(more)
  const live = await stage.alice.open()
  await postMany(live, room.id, n)
  return { room, live }
}

test('[HI1] message.list answers ascending by seq: the newest, the newest before one, or the oldest after one', async () => {
  const { room, live } = await filled(60)
  const list = async (input: object) => live.call('message.list', { room: room.id, ...input })
  expect(seqs((await list({})).messages)).toEqual(range(11, 60))
  expect(seqs((await list({ limit: 3 })).messages)).toEqual([58, 59, 60])
  expect(seqs((await list({ before: 10, limit: 3 })).messages)).toEqual([7, 8, 9])
  expect(seqs((await list({ before: 3, limit: 500 })).messages)).toEqual([1, 2])
  expect(seqs((await list({ after: 0, limit: 3 })).messages)).toEqual([1, 2, 3])
  expect(seqs((await list({ after: 58, limit: 500 })).messages)).toEqual([59, 60])
  for (const nothing of [{ after: 60 }, { before: 1 }, { before: 0 }])
    expect((await list(nothing)).messages).toEqual([])
  expect(await list({ limit: 1 })).toMatchObject({ firstSeq: 1, lastSeq: 60, revision: 0 })
  expect(await live.code('message.list', { room: room.id, before: 3, after: 1 })).toBe('invalid_argument')
  expect(await live.code('message.list', { room: room.id, limit: 1_001 })).toBe('invalid_argument')
  await live.close()
})

test('[HI12] a page of long stories ends at 1 MiB, and the next one goes on right after it', async () => {
  const room = await stage.room()
  const live = await stage.alice.open()
  const story = { room: room.id, title: 'long', text: 'x'.repeat(65_000) }
  await Promise.all(range(1, 40).map(() => live.call('message.post', { ...story, clientId: randomUUID() })))
  const got: number[] = []
  for (let pages = 1; got.length < 40; pages += 1) {
    const { messages } = await live.call('message.list', { room: room.id, after: got.at(-1) ?? 0, limit: 500 })
    expect(Buffer.byteLength(JSON.stringify(messages))).toBeLessThan(1.2 * 1024 * 1024)
    got.push(...seqs(messages))
    expect(pages).toBeLessThan(5)
  }
  expect(got).toEqual(range(1, 40))
  expect(seqs((await live.call('message.list', { room: room.id, limit: 500 })).messages).at(-1)).toBe(40)
  expect(seqs((await live.call('room.join', { room: room.id, history: 500 })).messages).at(-1)).toBe(40)
  await live.close()
})

test('[HI2] a page covers its range whole: removed messages stand in it by seq and instant alone', async () => {
  const { admin, alice } = stage
  const { room, live } = await filled(5)
  const before = (await alice.call('message.list', { room: room.id })).messages
  for (const seq of [2, 3]) await admin.call('message.remove', { room: room.id, seq })
  const { messages } = await alice.call('message.list', { room: room.id })
  expect(messages).toEqual(
    before.map(message =>
      message.seq === 2 || message.seq === 3 ? { seq: message.seq, at: message.at, removed: true } : message,
    ),
  )
  await live.close()
})

test('[HI3] only administrators remove, also without being members; users neither edit nor delete', async () => {
  const { admin, alice, bob, carol, zoe } = stage
  const { room, live } = await filled(2, { managers: ['bob@example.com'] })
  for (const who of [alice, bob, carol]) {
    expect(await who.code('message.remove', { room: room.id, seq: 1 })).toBe('forbidden')
    expect(await who.code('room.clear', { room: room.id, until: '2100-01-01T00:00:00Z' })).toBe('forbidden')
  }
  expect(await zoe.code('message.remove', { room: room.id, seq: 1 })).toBe('not_found')
  expect(await admin.code('message.list', { room: room.id })).toBe('forbidden')
  expect(await admin.call('message.remove', { room: room.id, seq: 1 })).toEqual({ removed: 1 })
  expect(await admin.call('message.remove', { room: room.id, seq: 1 })).toEqual({ removed: 0 })
  expect(await admin.call('message.remove', { room: room.id, seq: 99 })).toEqual({ removed: 0 })
  const { entries } = await admin.call('audit.list', { limit: 5 })
  expect(entries.filter(entry => entry.action === 'message.remove' && entry.subject === room.id)).toHaveLength(1)
  await live.close()
})

test('[HI4] a removal raises the revision and is told as message.removed; a replacement brings the text along', async () => {
  const { admin, alice } = stage
  const { room, live } = await filled(3)
  await live.call('room.join', { room: room.id })
  await admin.call('message.remove', { room: room.id, seq: 1 })
  await admin.call('message.remove', { room: room.id, seq: 2, replaceWith: 'calmer words' })
  await live.hears('message.removed', event => event.seq === 2)
  expect(live.heard('message.removed')).toEqual([
    { event: 'message.removed', room: room.id, seq: 1, revision: 1 },
    { event: 'message.removed', room: room.id, seq: 2, revision: 2, text: 'calmer words' },
  ])
  const page = await alice.call('message.list', { room: room.id })
  expect(page.revision).toBe(2)
  expect(page.messages[1]).toMatchObject({ seq: 2, text: 'calmer words', replaced: true, format: 'plain' })
  expect((await live.call('room.join', { room: room.id })).revision).toBe(2)
  expect(await admin.code('message.remove', { room: room.id, seq: 2, replaceWith: ' ' })).toBe('invalid_argument')
  expect(await admin.code('message.remove', { room: room.id, seq: 2, replaceWith: 'x'.repeat(8_001) })).toBe(
    'too_large',
  )
  await live.close()
})

test('[HI5] any removal of more than 20 is told as one history.changed, up to 20 one by one', async () => {
  const { admin } = stage
  const { room, live } = await filled(45)
  await live.call('room.join', { room: room.id })
  expect(
    await admin.call('message.remove', {
      room: room.id,
      filter: { authors: ['alice@example.com'], text: 'line', until: '2000-01-01T00:00:00Z' },
    }),
  ).toEqual({ removed: 0 })
  const page = await live.call('message.list', { room: room.id, after: 0, limit: 45 })
  expect(page.revision).toBe(0)
  await postAll(stage.bob, room.id, Array(20).fill('his'))
  expect(await admin.call('message.remove', { room: room.id, filter: { authors: [stage.bob.me.id] } })).toEqual({
    removed: 20,
  })
  await until(() => live.heard('message.removed').length === 20, '20 events')
  expect(live.heard('message.removed').map(event => event.seq)).toEqual(range(46, 65))
  expect(live.heard('history.changed')).toEqual([])
  expect(await admin.call('message.remove', { room: room.id, filter: { text: 'line' } })).toEqual({ removed: 45 })
  const told = await live.hears('history.changed')
  expect(told).toEqual({
    event: 'history.changed',
    room: room.id,
    fromSeq: 1,
    throughSeq: 45,
    firstSeq: 1,
    revision: 2,
  })
  await live.settled()
  expect(live.heard('message.removed')).toHaveLength(20)
  expect(live.heard('history.changed')).toHaveLength(1)
  await live.close()
})

test('[HI6] a removal beyond a slice of a thousand is told by history.changed to its last message', async () => {
  const { admin } = stage
  const { room, live } = await filled(1)
  await stage.db.query(
    `WITH n AS (SELECT g FROM generate_series(2, 1005) g), i AS (
       INSERT INTO message (room, seq, author, client_id, at, text)
       SELECT $1, g, $2, gen_random_uuid(), now(), 'stale' FROM n)
     UPDATE room_head SET last_seq = 1005 WHERE room = $1`,
    [room.id, stage.alice.me.id],
  )
  await live.call('room.join', { room: room.id })
  expect(await admin.call('message.remove', { room: room.id, filter: { text: 'stale' } })).toEqual({ removed: 1004 })
  await live.hears('history.changed', event => event.throughSeq === 1005)
  expect(live.heard('message.removed')).toEqual([])
  expect(live.heard('history.changed').map(event => [event.fromSeq, event.throughSeq])).toEqual([
    [2, 1001],
    [1002, 1005],
  ])
  await live.close()
})

test('[HI7] a filter takes authors, instants and words; one that says nothing is refused and removes nothing', async () => {
  const { admin, alice, bob } = stage
  const room = await stage.room()
  await postAll(alice, room.id, ['red apple', 'green apple', 'red pear'])
  await pause(5)
  const last = await bob.call('message.post', { room: room.id, clientId: randomUUID(), text: 'Red apple' })
  for (const filter of [{}, { text: '' }, { text: ' \n' }, { match: 'all' }, { matchCase: true }] as const)
    expect(await admin.code('message.remove', { room: room.id, filter }), JSON.stringify(filter)).toBe(
      'invalid_argument',
    )
  expect(await admin.code('message.remove', { room: room.id })).toBe('invalid_argument')
  expect(await admin.code('message.remove', { room: room.id, seq: 1, filter: { text: 'red' } })).toBe(
    'invalid_argument',
  )
  expect(await admin.code('message.remove', { room: room.id, filter: { authors: ['nobody@example.com'] } })).toBe(
    'not_found',
  )
  expect(await admin.code('message.remove', { room: room.id, filter: { from: '2026-02-31T00:00:00Z' } })).toBe(
    'invalid_argument',
  )
  const removed = async (filter: object) => (await admin.call('message.remove', { room: room.id, filter })).removed
  expect(await removed({ authors: [] })).toBe(0)
  expect(await removed({ text: 'Red', matchCase: true })).toBe(1)
  expect(await removed({ text: 'apple', match: 'all', from: last.at })).toBe(0)
  expect(await removed({ text: 'red apple' })).toBe(1)
  expect(await removed({ text: 'red apple', match: 'any' })).toBe(2)
  expect((await alice.call('message.list', { room: room.id })).messages.every(message => 'removed' in message)).toBe(
    true,
  )
})

test('[HI8] a clear takes everything up to its instant at once: below firstSeq nothing is answered again, and rows go later', async () => {
  const { admin, alice } = stage
  const room = await stage.room()
  const live = await alice.open()
  await live.call('room.join', { room: room.id })
  await postAll(alice, room.id, count(4))
  const { at } = await alice.call('message.post', { room: room.id, clientId: randomUUID(), text: 'line 5' })
  await pause(5)
  await postAll(alice, room.id, ['kept 6', 'kept 7'])
  expect(await admin.call('room.clear', { room: room.id, until: '2000-01-01T00:00:00Z' })).toMatchObject({
    firstSeq: 1,
  })
  expect(await admin.call('room.clear', { room: room.id, until: at })).toMatchObject({ firstSeq: 6 })
  expect(await live.hears('history.changed')).toEqual({
    event: 'history.changed',
    room: room.id,
    fromSeq: 1,
    throughSeq: 5,
    firstSeq: 6,
    revision: 1,
  })
  expect(await alice.call('message.list', { room: room.id, after: 0 })).toMatchObject({
    firstSeq: 6,
    lastSeq: 7,
    revision: 1,
    messages: [{ seq: 6 }, { seq: 7 }],
  })
  expect((await alice.call('message.list', { room: room.id, before: 6 })).messages).toEqual([])
  expect((await alice.call('message.search', { text: 'line', rooms: [room.id] })).matches).toEqual([])
  expect(await live.call('room.join', { room: room.id })).toMatchObject({ firstSeq: 6, lastSeq: 7 })
  expect(await admin.call('message.remove', { room: room.id, seq: 3 })).toEqual({ removed: 0 })
  const rows = async () => (await stage.db.query('SELECT FROM message WHERE room = $1', [room.id])).rowCount
  expect(await rows()).toBe(7)
  while (await purgeSlice(stage.db));
  expect(await rows()).toBe(2)
  await admin.call('room.clear', { room: room.id, until: '2100-01-01T00:00:00.000+02:00' })
  expect(await alice.call('message.list', { room: room.id })).toEqual({
    messages: [],
    firstSeq: 8,
    lastSeq: 7,
    revision: 2,
  })
  expect(await postAll(alice, room.id, ['goes on'])).toBe(8)
  await live.close()
})

test('[HI9] without history messages are delivered live and never answered: history_off, no search, nothing at join', async () => {
  const { admin, alice, bob } = stage
  const category = await stage.sameScope({ chatHistory: false })
  const room = await stage.room({ category: category.id })
  const live = await alice.open()
  const joined = await live.call('room.join', { room: room.id })
  expect(joined).toMatchObject({ messages: [], lastSeq: 0, room: { chatHistory: false } })
  await postAll(bob, room.id, ['ephemeron'])
  expect((await live.hears('message.posted')).message).toMatchObject({ seq: 1, text: 'ephemeron' })
  expect(await alice.code('message.list', { room: room.id })).toBe('history_off')
  expect((await alice.call('message.search', { text: 'ephemeron' })).matches).toEqual([])
  expect(await live.call('room.join', { room: room.id })).toMatchObject({ messages: [], lastSeq: 1 })
  await admin.call('category.update', { category: category.id, chatHistory: true })
  expect(await postAll(bob, room.id, ['kept'])).toBe(2)
  expect((await alice.call('message.list', { room: room.id, after: 0 })).messages).toMatchObject([
    { seq: 2, text: 'kept' },
  ])
  await admin.call('category.update', { category: category.id, chatHistory: false })
  expect(await alice.code('message.list', { room: room.id })).toBe('history_off')
  await live.close()
})

test('[HI10] messages without history are kept 60 seconds for servers that missed them, and then dropped', async () => {
  const { alice, bob } = stage
  const category = await stage.sameScope({ chatHistory: false })
  const room = await stage.room({ category: category.id })
  const other = await stage.another()
  const live = await other.at(alice).open()
  await live.call('room.join', { room: room.id })
  await postAll(bob, room.id, ['over there'])
  expect((await live.hears('message.posted')).message).toMatchObject({ seq: 1, text: 'over there' })
  const kept = async () => (await stage.db.query('SELECT FROM passing_message WHERE room = $1', [room.id])).rowCount
  await turnPartitions(stage.db, Date.now() + 58_000)
  expect(await kept()).toBe(1)
  await turnPartitions(stage.db, Date.now() + 3 * 60_000)
  expect(await kept()).toBe(0)
  expect((await stage.db.query('SELECT FROM message WHERE room = $1', [room.id])).rowCount).toBe(0)
  await live.close()
  await other.stop()
})

test('[HI11] a server that comes too late for them skips them by history.changed, and goes on from there', async () => {
  const { alice, bob } = stage
  const category = await stage.sameScope({ chatHistory: false })
  const room = await stage.room({ category: category.id })
  const other = await stage.another({ sweepMs: 3_000 })
  const live = await other.at(alice).open()
  await live.call('room.join', { room: room.id })
  await postAll(bob, room.id, ['too', 'late'])
  await stage.db.query('DELETE FROM passing_message WHERE room = $1', [room.id])
  await live.hears('history.changed', event => event.throughSeq === 2)
  // In one piece or in two, as the look after the join fell before or between the posts.
  expect(live.heard('history.changed').flatMap(event => [event.room, event.fromSeq])).toContain(1)
  expect(live.heard('message.posted')).toEqual([])
  await postAll(bob, room.id, ['in time'])
  expect((await live.hears('message.posted')).message).toMatchObject({ seq: 3, text: 'in time' })
  await live.close()
  await other.stop()
})
