import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Result } from '../src/protocol/request.ts'
import type { SyncRoom } from '../src/protocol/session-verbs.ts'
import type { Live, Person } from './harness.ts'
import { openStage, postAll, postMany, type Stage, seqs } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.stop())

const range = (from: number, through: number) => Array.from({ length: through - from + 1 }, (_, i) => from + i)
const ofRoom = (answer: Result<'session.sync'>, room: string): SyncRoom | undefined =>
  answer.rooms.find(one => one.room === room)

/** What a session with this place in one room is answered. */
async function synced(live: Live, room: string, from: { seq?: number; revision?: number; version?: number } = {}) {
  const answer = await live.call('session.sync', { epoch: live.opened.epoch, rooms: [{ room, ...from }] })
  return ofRoom(answer, room)!
}

async function withPosts(n: number, more: Parameters<Stage['room']>[0] = {}) {
  const room = await stage.room(more)
  const live = await stage.alice.open()
  await postMany(live, room.id, n)
  return { room, live }
}

test('[SY1] a sync joins the followed rooms and those asked for, and their events follow', async () => {
  const { alice, bob } = stage
  const [followed, asked, neither] = await Promise.all([stage.room(), stage.room(), stage.room()])
  await alice.call('room.follow', { room: followed.id })
  const live = await alice.open()
  const answer = await live.call('session.sync', { rooms: [{ room: asked.id }] })
  expect(answer.epoch).toBe(live.opened.epoch)
  expect(ofRoom(answer, followed.id)).toMatchObject({ followed: true })
  expect(ofRoom(answer, asked.id)).toMatchObject({ followed: false })
  expect(ofRoom(answer, neither.id)).toBeUndefined()
  for (const room of [neither, asked, followed]) await postAll(bob, room.id, ['hello'])
  await live.hears('message.posted', event => event.room === followed.id)
  expect(live.heard('message.posted').map(event => event.room)).toEqual([asked.id, followed.id])
  await live.close()
})

test('[SY2] without seq a room brings counts only', async () => {
  const { admin } = stage
  const { room, live } = await withPosts(3)
  await admin.call('message.remove', { room: room.id, seq: 1 })
  expect(await synced(live, room.id)).toEqual({
    room: room.id,
    lastSeq: 3,
    firstSeq: 1,
    revision: 1,
    readSeq: 0,
    followed: false,
    unread: 3,
    messages: [],
    gap: false,
    info: expect.objectContaining({ id: room.id }),
  })
  await live.close()
})

test('[SY3] with seq come the newest messages after it, at most the history limit, ascending; gap where more was missed', async () => {
  const { room, live } = await withPosts(40)
  const all = (await live.call('message.list', { room: room.id, after: 0, limit: 40 })).messages
  const some = await synced(live, room.id, { seq: 25 })
  expect(some).toMatchObject({ gap: false })
  expect(some.messages).toEqual(all.slice(25))
  const limited = await synced(live, room.id, { seq: 9 })
  expect(limited.gap).toBe(true)
  expect(seqs(limited.messages)).toEqual(range(11, 40))
  expect(await synced(live, room.id, { seq: 10 })).toMatchObject({ gap: false })
  expect(await synced(live, room.id, { seq: 40 })).toMatchObject({ gap: false, messages: [] })
  await live.close()
})

test('[SY4] unread is lastSeq less the greater of readSeq and firstSeq − 1, own posts included until they are marked read', async () => {
  const { admin, alice } = stage
  const { room, live } = await withPosts(5)
  const now = async () => {
    const { readSeq, unread, lastSeq, firstSeq } = await synced(live, room.id)
    return { readSeq, unread, lastSeq, firstSeq }
  }
  expect(await now()).toEqual({ readSeq: 0, unread: 5, lastSeq: 5, firstSeq: 1 })
  await alice.call('room.markRead', { room: room.id, seq: 2 })
  expect(await now()).toEqual({ readSeq: 2, unread: 3, lastSeq: 5, firstSeq: 1 })
  const { messages } = await alice.call('message.list', { room: room.id })
  await admin.call('room.clear', { room: room.id, until: messages.at(-1)!.at })
  expect(await now()).toEqual({ readSeq: 2, unread: 0, lastSeq: 5, firstSeq: 6 })
  await postAll(alice, room.id, ['six', 'seven'])
  expect(await now()).toEqual({ readSeq: 2, unread: 2, lastSeq: 7, firstSeq: 6 })
  await alice.call('room.markRead', { room: room.id, seq: 7 })
  expect(await now()).toEqual({ readSeq: 7, unread: 0, lastSeq: 7, firstSeq: 6 })
  await live.close()
})

test('[SY5] changed is what was removed or replaced since the revision, none counting as 0, and "reload" beyond 100', async () => {
  const { admin } = stage
  const { room, live } = await withPosts(103)
  await admin.call('message.remove', { room: room.id, seq: 2 })
  await admin.call('message.remove', { room: room.id, seq: 3, replaceWith: 'calm' })
  const both = [{ seq: 2 }, { seq: 3, text: 'calm' }]
  expect((await synced(live, room.id, { seq: 103 })).changed).toEqual(both)
  expect((await synced(live, room.id, { seq: 103, revision: 0 })).changed).toEqual(both)
  expect((await synced(live, room.id, { seq: 103, revision: 1 })).changed).toEqual([{ seq: 3, text: 'calm' }])
  expect(await synced(live, room.id, { seq: 103, revision: 2 })).not.toHaveProperty('changed')
  await admin.call('message.remove', { room: room.id, filter: { text: 'line' } })
  expect((await synced(live, room.id, { seq: 103, revision: 0 })).changed).toBe('reload')
  expect((await synced(live, room.id, { seq: 103, revision: 2 })).changed).toBe('reload')
  const fewer = await withPosts(100)
  await admin.call('message.remove', { room: fewer.room.id, filter: { text: 'line' } })
  expect((await synced(fewer.live, fewer.room.id, { seq: 100 })).changed).toEqual(range(1, 100).map(seq => ({ seq })))
  await Promise.all([live.close(), fewer.live.close()])
})

test('[SY6] removed messages among the missed ones come as removed', async () => {
  const { admin } = stage
  const { room, live } = await withPosts(3)
  await admin.call('message.remove', { room: room.id, seq: 2 })
  const { messages, gap } = await synced(live, room.id, { seq: 0 })
  expect(messages).toEqual((await live.call('message.list', { room: room.id })).messages)
  expect(messages[1]).toEqual({ seq: 2, at: expect.any(String), removed: true })
  expect(gap).toBe(false)
  await live.close()
})

test('[SY7] another epoch, or a seq above lastSeq, is answered as without seq, with reset and the room', async () => {
  const { room, live } = await withPosts(3)
  const plain = { lastSeq: 3, unread: 3, messages: [], gap: false, reset: true }
  const above = await synced(live, room.id, { seq: 4, version: room.version })
  expect(above).toMatchObject(plain)
  const asked = { room: room.id, seq: 1, revision: 0, version: room.version }
  const other = await live.call('session.sync', { epoch: randomUUID(), rooms: [asked] })
  expect(other.epoch).toBe(live.opened.epoch)
  expect(ofRoom(other, room.id)).toMatchObject({ ...plain, info: { id: room.id } })
  expect(ofRoom(other, room.id)).not.toHaveProperty('changed')
  expect(await synced(live, room.id, { seq: 3 })).not.toHaveProperty('reset')
  await live.close()
})

test('[SY8] a seq without the epoch that it is of is invalid_argument, and nothing is joined', async () => {
  const { room, live } = await withPosts(1)
  expect(await live.code('session.sync', { rooms: [{ room: room.id, seq: 1 }] })).toBe('invalid_argument')
  expect(await live.code('session.sync', { rooms: [{ room: room.id, revision: 0, version: 1 }] })).toBe('ok')
  await live.close()
})

test('[SY9] info is the room where the given version is older or absent', async () => {
  const { admin } = stage
  const { room, live } = await withPosts(0)
  expect(await synced(live, room.id, { version: room.version })).not.toHaveProperty('info')
  const { room: now } = await admin.call('room.update', { room: room.id, description: 'changed' })
  const { info } = await synced(live, room.id, { version: room.version })
  expect(info).toMatchObject({ id: room.id, description: 'changed', version: now.version, uri: room.uri })
  expect(info).not.toHaveProperty('members')
  expect(await synced(live, room.id, { version: now.version })).not.toHaveProperty('info')
  await live.close()
})

test('[SY10] rooms asked for that may not be read are refused, each with its code; followed ones are left out', async () => {
  const { admin, alice } = stage
  const strange = await stage.room({ members: [] })
  const secret = await stage.room({ members: [], privacy: 'secret' })
  const [lost, disabled] = await Promise.all([stage.room(), stage.room()])
  for (const room of [lost, disabled]) await alice.call('room.follow', { room: room.id })
  await admin.call('room.update', { room: lost.id, members: [] })
  await admin.call('room.update', { room: disabled.id, disabled: true })
  const nowhere = randomUUID()
  const live = await alice.open()
  const answer = await live.call('session.sync', {
    rooms: [strange.id, secret.id, nowhere, disabled.id].map(room => ({ room })),
  })
  const code = (room: string) => answer.refused.find(one => one.room === room)?.code
  expect([strange.id, secret.id, nowhere, disabled.id].map(code)).toEqual([
    'forbidden',
    'not_found',
    'not_found',
    'room_disabled',
  ])
  expect(answer.refused).toHaveLength(4)
  for (const room of [strange, secret, lost, disabled]) expect(ofRoom(answer, room.id)).toBeUndefined()
  await live.close()
})

test('[SY11] a room without history brings no messages and no unread, and a gap where something was missed', async () => {
  const category = await stage.sameScope({ chatHistory: false })
  const { room, live } = await withPosts(3, { category: category.id })
  expect(await synced(live, room.id, { seq: 1 })).toMatchObject({ lastSeq: 3, messages: [], unread: 0, gap: true })
  expect(await synced(live, room.id, { seq: 3 })).toMatchObject({ messages: [], unread: 0, gap: false })
  expect(await synced(live, room.id)).toMatchObject({ messages: [], unread: 0, gap: false })
  await live.close()
})

test('[SY12] one sync brings at most 1 MiB of messages, those of the newest rooms; the rest has gap and no messages', async () => {
  const { alice } = stage
  const rooms = await Promise.all([1, 2, 3].map(() => stage.room()))
  // Quotes and line ends take two bytes each on the wire.
  const story = '"\n'.repeat(32_768)
  for (const room of rooms)
    await Promise.all(
      range(1, 6).map(() =>
        alice.call('message.post', { room: room.id, clientId: randomUUID(), title: 'long', text: story }),
      ),
    )
  const live = await alice.open()
  const answer = await live.call('session.sync', {
    epoch: live.opened.epoch,
    rooms: rooms.map(room => ({ room: room.id, seq: 0 })),
  })
  const [oldest, middle, newest] = rooms.map(room => ofRoom(answer, room.id)!)
  expect(newest).toMatchObject({ gap: false })
  expect(seqs(newest!.messages)).toEqual(range(1, 6))
  expect(middle).toMatchObject({ gap: true })
  expect(middle!.messages.at(-1)?.seq ?? 6).toBe(6)
  expect(oldest).toMatchObject({ lastSeq: 6, unread: 6, gap: true, messages: [] })
  const bytes = answer.rooms.reduce((sum, room) => sum + Buffer.byteLength(JSON.stringify(room.messages)), 0)
  expect(bytes).toBeLessThanOrEqual(1024 * 1024)
  expect(bytes).toBeGreaterThan(800 * 1024)
  await live.close()
})

test('[SY13] beyond the 1,000 newest rooms a room has gap and no messages; more than 1,000 are not asked for at once', async () => {
  const { bob, category } = stage
  const user = await stage.addUser('collector@example.com')
  await stage.db.query(
    `WITH r AS (INSERT INTO room (name, name_key, privacy, created_by) SELECT 'kept ' || g, 'kept ' || g, 'open', $1 FROM generate_series(1, 1002) g RETURNING id),
          h AS (INSERT INTO room_head (room, category) SELECT id, $2 FROM r)
     INSERT INTO room_user (member, room, followed) SELECT $3, id, true FROM r`,
    [bob.me.id, category.id, user.me.id],
  )
  const live = await user.open()
  const { rooms } = await live.call('session.sync', {})
  expect(rooms).toHaveLength(1002)
  expect(rooms.map(room => room.gap)).toEqual([...Array(1000).fill(false), true, true])
  const many = Array.from({ length: 1001 }, () => ({ room: randomUUID() }))
  expect(await live.code('session.sync', { rooms: many })).toBe('invalid_argument')
  await live.close()
})

test('[SY14] follow and read marks are kept by the server: they are the same on every device and told to the other sessions only', async () => {
  const { alice, bob } = stage
  const { room, live } = await withPosts(3)
  const [other, stranger]: [Live, Live] = [await alice.open(), await bob.open()]
  await live.call('room.follow', { room: room.id })
  expect(await other.hears('room.followed')).toEqual({ event: 'room.followed', room: room.id })
  expect(await other.hears('room.read')).toEqual({ event: 'room.read', room: room.id, seq: 3 })
  await postAll(bob, room.id, ['four'])
  await live.call('room.markRead', { room: room.id, seq: 4 })
  expect(await other.hears('room.read', event => event.seq === 4)).toBeDefined()
  const third = await alice.open()
  expect(ofRoom(await third.call('session.sync', {}), room.id)).toMatchObject({ followed: true, readSeq: 4, unread: 0 })
  expect(await third.call('room.join', { room: room.id })).toMatchObject({ followed: true, readSeq: 4 })
  await live.call('room.unfollow', { room: room.id })
  expect(await other.hears('room.unfollowed')).toEqual({ event: 'room.unfollowed', room: room.id })
  expect(ofRoom(await third.call('session.sync', {}), room.id)).toBeUndefined()
  await Promise.all([live.settled(), stranger.settled()])
  for (const silent of [live, stranger]) expect(silent.events).toEqual([])
  await alice.call('room.follow', { room: room.id })
  await live.hears('room.followed')
  await Promise.all([live, other, stranger, third].map(one => one.close()))
})

test('[SY15] follow reads up to lastSeq; a read mark moves forward only, and never beyond the end', async () => {
  const { alice } = stage
  const { room, live } = await withPosts(5)
  await alice.call('room.follow', { room: room.id })
  expect(await synced(live, room.id)).toMatchObject({ readSeq: 5, unread: 0 })
  await postAll(alice, room.id, ['six', 'seven'])
  await alice.call('room.markRead', { room: room.id, seq: 6 })
  await alice.call('room.markRead', { room: room.id, seq: 2 })
  expect(await synced(live, room.id)).toMatchObject({ readSeq: 6, unread: 1 })
  await alice.call('room.markRead', { room: room.id, seq: 1_000 })
  expect(await synced(live, room.id)).toMatchObject({ readSeq: 7, unread: 0 })
  await alice.call('room.unfollow', { room: room.id })
  await live.close()
})

test('[SY16] whoever comes back while others post gets every message once: what was missed, then what follows', async () => {
  const { alice, bob } = stage
  const room = await stage.room()
  const sender = await bob.open()
  let going = true
  const posting = (async () => {
    let n = 0
    for (; going && n < 400; n += 1) await sender.post(room.id, `n${n}`)
    return n
  })()
  const got: number[] = []
  let seq = 0
  for (let round = 0; round < 5; round += 1) {
    const live: Live = await alice.open()
    const answer = await synced(live, room.id, { seq })
    const page = answer.gap ? await live.call('message.list', { room: room.id, after: seq, limit: 500 }) : undefined
    const oldest = answer.messages[0]?.seq ?? answer.lastSeq + 1
    got.push(...seqs(page?.messages ?? []).filter(one => one < oldest), ...seqs(answer.messages))
    const goal = answer.lastSeq + 10
    await live.hears('message.posted', event => event.message.seq >= goal)
    const heard = seqs(live.heard('message.posted').map(event => event.message))
    expect(heard[0]).toBe(answer.lastSeq + 1)
    got.push(...heard)
    seq = got.at(-1)!
    await live.close()
  }
  going = false
  await posting
  expect(got).toEqual(range(1, seq))
  await sender.close()
})

test('[SY17] who may not use Persistent Chat is told so, and syncs nothing', async () => {
  const { admin } = stage
  const user = await stage.addUser('barred@example.com')
  await admin.call('policy.grant', { scope: 'barred@example.com', enabled: false })
  const live: Live = await (user as Person).open()
  expect(await live.code('session.sync', {})).toBe('forbidden')
  await live.close()
})
