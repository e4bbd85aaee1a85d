import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Live, openSite } from './harness.ts'
import { openStage, pause, postAll, postMany, type Stage, seqs, until } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.stop())

const range = (from: number, through: number) => Array.from({ length: through - from + 1 }, (_, i) => from + i)
const heardSeqs = (live: Live) => seqs(live.heard('message.posted').map(event => event.message))

test('[LV1] a join answers the room, where it stands and the newest messages: 30 by default, as many as were asked for', async () => {
  const { alice } = stage
  const room = await stage.room()
  const live = await alice.open()
  await postMany(live, room.id, 40)
  await alice.call('room.markRead', { room: room.id, seq: 7 })
  const joined = await live.call('room.join', { room: room.id })
  expect(joined).toMatchObject({ epoch: live.opened.epoch, lastSeq: 40, firstSeq: 1, revision: 0, readSeq: 7 })
  expect(joined.room).toMatchObject({ id: room.id, uri: room.uri, lastSeq: 40 })
  expect(joined.room).not.toHaveProperty('members')
  expect(joined.participants).toEqual([expect.objectContaining({ id: alice.me.id })])
  expect(seqs(joined.messages)).toEqual(range(11, 40))
  expect(seqs((await live.call('room.join', { room: room.id, history: 500 })).messages)).toEqual(range(1, 40))
  expect((await live.call('room.join', { room: room.id, history: 0 })).messages).toEqual([])
  expect(await live.code('room.join', { room: room.id, history: 501 })).toBe('invalid_argument')
  await live.close()
})

test('[LV2] a message goes to every joined session, the sender’s too, and to no other', async () => {
  const { alice, bob } = stage
  const room = await stage.room()
  const [hers, second, his, idle] = await Promise.all([alice.open(), alice.open(), bob.open(), bob.open()])
  for (const live of [hers, second, his]) await live.call('room.join', { room: room.id })
  await hers.post(room.id, 'hello')
  const told = await Promise.all([hers, second, his].map(live => live.hears('message.posted')))
  for (const event of told) expect(event).toEqual(told[0])
  expect(told[0]).toMatchObject({ room: room.id, message: { seq: 1, text: 'hello', author: { id: alice.me.id } } })
  await idle.settled()
  expect(idle.events).toEqual([])
  await Promise.all([hers, second, his, idle].map(live => live.close()))
})

test('[LV3] events follow the answer that joined the room, rising by one from its lastSeq, however busy the room is', async () => {
  const { alice, bob } = stage
  const room = await stage.room()
  const sender = await bob.open()
  const posting = Promise.all(range(1, 300).map(n => sender.post(room.id, `n${n}`)))
  const joined = await Promise.all(
    range(1, 6).map(async n => {
      const live: Live = await alice.open()
      await pause(n * 5)
      const { lastSeq, messages } = await live.call('room.join', { room: room.id, history: 500 })
      return { live, lastSeq, messages }
    }),
  )
  await posting
  for (const { live, lastSeq, messages } of joined) {
    if (lastSeq < 300) await live.hears('message.posted', event => event.message.seq === 300)
    expect(seqs(messages)).toEqual(range(1, lastSeq))
    expect(heardSeqs(live)).toEqual(range(lastSeq + 1, 300))
    await live.close()
  }
  await sender.close()
})

test('[LV4] joining again is harmless: nothing is missed, and what comes twice is known by its seq', async () => {
  const { alice, bob } = stage
  const room = await stage.room()
  const [live, sender] = [await alice.open(), await bob.open()]
  await live.call('room.join', { room: room.id })
  const posting = Promise.all(range(1, 200).map(n => sender.post(room.id, `n${n}`)))
  const again = await Promise.all(range(1, 10).map(() => live.call('room.join', { room: room.id, history: 0 })))
  await posting
  await live.hears('message.posted', event => event.message.seq === 200)
  await live.settled()
  expect([...new Set(heardSeqs(live))].sort((a, b) => a - b)).toEqual(range(1, 200))
  expect(again.every(one => one.lastSeq <= 200)).toBe(true)
  await postAll(bob, room.id, ['once'])
  await live.hears('message.posted', event => event.message.seq === 201)
  await live.settled()
  expect(heardSeqs(live).filter(seq => seq === 201)).toHaveLength(1)
  await Promise.all([live.close(), sender.close()])
})

test('[LV5] after a part the room is heard no more, and may be posted into and joined again', async () => {
  const { alice } = stage
  const room = await stage.room()
  const live = await alice.open()
  await live.call('room.join', { room: room.id })
  expect(await live.call('room.part', { room: room.id })).toEqual({})
  await live.post(room.id, 'unheard')
  await live.settled()
  expect(live.events).toEqual([])
  expect(await live.code('room.part', { room: room.id })).toBe('ok')
  expect(await live.code('room.part', { room: randomUUID() })).toBe('ok')
  expect((await live.call('room.join', { room: room.id })).lastSeq).toBe(1)
  await live.post(room.id, 'heard')
  expect((await live.hears('message.posted')).message.text).toBe('heard')
  await live.close()
})

test('[LV6] only who may read joins: others are forbidden, or told that there is no such room', async () => {
  const { admin, carol, zoe } = stage
  const [closed, secret] = await Promise.all([stage.room(), stage.room({ privacy: 'secret' })])
  for (const [who, room, code] of [
    [carol, closed.id, 'forbidden'],
    [carol, secret.id, 'not_found'],
    [zoe, closed.id, 'not_found'],
    [admin, secret.id, 'forbidden'],
    [carol, randomUUID(), 'not_found'],
  ] as const) {
    const live = await who.open()
    expect(await live.code('room.join', { room })).toBe(code)
    await live.close()
  }
})

test('[LV7] sessions on another server hear by the store what no bus brought: posts, removals, clears, closings', async () => {
  const { admin, alice, bob } = stage
  const room = await stage.room()
  await postAll(bob, room.id, ['one', 'two', 'three'])
  const other = await stage.another()
  const live = await other.at(alice).open()
  expect((await live.call('room.join', { room: room.id })).lastSeq).toBe(3)
  await postAll(bob, room.id, ['four', 'five'])
  await live.hears('message.posted', event => event.message.seq === 5)
  expect(heardSeqs(live)).toEqual([4, 5])
  await admin.call('message.remove', { room: room.id, seq: 4, replaceWith: 'calm' })
  expect(await live.hears('message.removed')).toMatchObject({ seq: 4, revision: 1, text: 'calm' })
  const { messages } = await bob.call('message.list', { room: room.id })
  await admin.call('room.clear', { room: room.id, until: messages[1]!.at })
  expect(await live.hears('history.changed')).toMatchObject({ fromSeq: 1, throughSeq: 2, firstSeq: 3, revision: 2 })
  await admin.call('room.update', { room: room.id, members: { remove: ['alice@example.com'] } })
  expect(await live.hears('room.closed')).toMatchObject({ reason: 'removed' })
  await live.close()
  await other.stop()
})

test('[LV8] whoever does not read is closed as a slow reader (4008), and finds everything again by a sync', async () => {
  const { admin, alice, bob } = stage
  await admin.call('settings.update', { settings: { slowReaderBytes: 1024 * 1024 } })
  const room = await stage.room()
  const [live, quick] = [await alice.open(), await alice.open()]
  for (const one of [live, quick]) await one.call('room.join', { room: room.id })
  live.socket.pause()
  const text = 'x'.repeat(60_000)
  const sender = await bob.open()
  let last = 0
  const slow = async () =>
    /pchat_slow_readers_total (\d+)/.exec(await (await fetch(`${stage.url}/metrics`)).text())?.[1]
  for (let n = 0; n < 400 && (await slow()) === '0'; n += 1) {
    const posts = range(1, 8).map(() =>
      sender.call('message.post', { room: room.id, clientId: randomUUID(), title: 'story', text }),
    )
    last = (await Promise.all(posts)).at(-1)!.seq
  }
  expect(await slow()).toBe('1')
  // It takes its time to read on, and is told all the same.
  await pause(2_500)
  live.socket.resume()
  expect(await live.closed).toMatchObject({ code: 4008 })
  await quick.hears('message.posted', event => event.message.seq === last)
  expect(heardSeqs(quick)).toEqual(range(1, last))
  expect(heardSeqs(live)).toEqual(range(1, heardSeqs(live).length))
  const back = await alice.open()
  const answer = await back.call('session.sync', {
    epoch: back.opened.epoch,
    rooms: [{ room: room.id, seq: heardSeqs(live).length }],
  })
  // How much the kernel had taken for it differs from machine to machine.
  const { messages } = answer.rooms[0]!
  const missed = last - heardSeqs(live).length
  expect(missed).toBeGreaterThan(0)
  expect(messages.map(message => message.seq)).toEqual(range(last - messages.length + 1, last))
  expect(answer.rooms[0]).toMatchObject({ lastSeq: last, gap: messages.length < missed })
  await Promise.all([quick, back, sender].map(one => one.close()))
})

test('[LV9] an ended sign-in closes its sessions (4003), one of another stays', async () => {
  const { admin, bob } = stage
  const [live, other] = [await bob.open(), await stage.alice.open()]
  await admin.call('session.end', { user: 'bob@example.com' })
  expect(await live.closed).toMatchObject({ code: 4003 })
  expect(await bob.code('category.list', {})).toBe('unauthenticated')
  await other.settled()
  await other.close()
})

test('[LV10] a server that stops answers what it was asked, then sends everybody away (1001), and is not ready meanwhile', async () => {
  const site = await openSite()
  const category = await site.addCategory({ allowedMembers: ['example.com'] })
  const room = await site.addRoom({ category: category.id, privacy: 'open' })
  const [live, deaf] = [await site.admin.open(), await site.admin.open()]
  deaf.socket.pause()
  const posts = Promise.all(range(1, 20).map(n => live.post(room.id, `n${n}`)))
  // The frames are on their way before the stop begins.
  await until(async () => (await site.admin.call('message.list', { room: room.id })).lastSeq > 0, 'the first post')
  const stopping = site.stop()
  const ready = await fetch(`${site.url}/readyz`)
  expect(ready.status).toBe(503)
  expect(await live.closed).toMatchObject({ code: 1001 })
  expect(seqs(await posts)).toEqual(range(1, 20))
  await stopping
  await expect(fetch(`${site.url}/healthz`)).rejects.toThrow()
})

test('[WS5] whoever answers no ping is cut, whoever answers stays', async () => {
  const { alice } = stage
  const server = await stage.another({ pingMs: 600 })
  const person = server.at(alice)
  const [silent, answering] = [await person.open(), await person.open()]
  // Its end of the connection is there, but nobody is behind it.
  silent.socket.pause()
  const pinged = new Promise(resolve => answering.socket.once('ping', resolve))
  await until(async () => (await sessionsAt(server.url)) === 1)
  await pinged
  expect((await answering.call('session.sync', {})).rooms).toBeDefined()
  silent.socket.terminate()
  await answering.close()
  await server.stop()
})

test('[OP8] a full server refuses further sessions, serves those that it has, and takes others when some are gone', async () => {
  const { alice } = stage
  const server = await stage.another({ maxSessions: 2 })
  const [first, second] = [await server.at(alice).open(), await server.at(alice).open()]
  const status = () =>
    new Promise<number>(resolve => {
      const socket = new WebSocket(`${server.url.replace(/^http/, 'ws')}/ws`, 'pchat.v1')
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0))
      socket.on('open', () => resolve(101))
      socket.on('error', () => {})
    })
  expect(await status()).toBe(503)
  const room = await stage.room()
  await second.call('room.join', { room: room.id })
  await first.post(room.id, 'goes on')
  await second.hears('message.posted')
  await first.close()
  await until(async () => (await status()) === 101)
  await second.close()
  await server.stop()
})

test('[OP8] connections that ask nothing do not take what a full server needs for itself', async () => {
  const { alice } = stage
  const server = await stage.another({ maxSessions: 1 })
  const live = await server.at(alice).open()
  const { hostname, port } = new URL(server.url)
  const idle: Socket[] = []
  let closed = 0
  for (let n = 0; n < 80; n += 1) {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    socket.once('close', () => {
      closed += 1
    })
    idle.push(socket)
  }
  await until(async () => closed >= 30)
  expect((await live.call('session.sync', {})).rooms).toBeDefined()
  for (const socket of idle) socket.destroy()
  await until(async () => (await fetch(`${server.url}/healthz`)).ok)
  await live.close()
  await server.stop()
})

async function sessionsAt(url: string): Promise<number> {
  return Number(/^pchat_sessions (\d+)/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1])
}
