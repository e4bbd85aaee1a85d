import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventFrame } from '../src/pool/frame.ts'
import type { Category } from '../src/protocol/category.ts'
import type { Input, Result } from '../src/protocol/request.ts'
import type { Room } from '../src/protocol/room.ts'
import type { Answer } from './ask-http.ts'
import { type Live, openSite, type Person, type Site } from './harness.ts'
import { openRaceServer, openStore, type RaceServer, type Store } from './race-server.ts'

let site: Site
let store: Store
let other: RaceServer
let alice: Person
let bob: Person
let category: Category
beforeAll(async () => {
  site = await openSite()
  store = await openStore(site)
  other = await openRaceServer(site)
  alice = await site.addUser('alice@in.example')
  bob = await site.addUser('bob@in.example')
  category = await site.addCategory({ allowedMembers: ['in.example'] })
})
afterAll(async () => {
  await other.stop()
  await site.stop()
})

const addRoom = (more: Partial<Input<'room.create'>> = {}) =>
  site.addRoom({ category: category.id, privacy: 'open', ...more })
const post = (person: Pick<Person, 'ask'>, room: Room, text: string, clientId: string = randomUUID()) =>
  person.ask('message.post', { room: room.id, clientId, text })
const seqs = (answers: Answer<'message.post'>[]) => answers.map(answer => answer.result?.seq)

/** Says whether something was settled, without waiting for it. */
function watch<T>(work: Promise<T>): { work: Promise<T>; done: boolean } {
  const watched = { work, done: false }
  void work.then(() => {
    watched.done = true
  })
  return watched
}

describe('a post in flight', () => {
  const changes: Record<
    string,
    { before?: (room: Room, who: Person) => Promise<unknown>; change: (room: Room, who: Person) => Promise<unknown> }
  > = {
    'a scope change': {
      change: (room, who) =>
        site.admin.call('category.update', { category: room.category, deniedMembers: { add: [who.me.id] } }),
    },
    'a switch of the history': {
      change: (room, who) =>
        site.admin.call('category.update', {
          category: room.category,
          chatHistory: false,
          deniedMembers: { add: [who.me.id] },
        }),
    },
    'a removal from the list': {
      before: (room, who) => site.admin.call('room.update', { room: room.id, privacy: 'secret', members: [who.me.id] }),
      change: room => site.admin.call('room.update', { room: room.id, members: [] }),
    },
    'a move': {
      async change(room, who) {
        const walled = await site.addCategory({ allowedMembers: [alice.me.id], deniedMembers: [who.me.id] })
        return site.admin.call('room.update', { room: room.id, category: walled.id })
      },
    },
    disabling: {
      change: room => site.admin.call('room.update', { room: room.id, disabled: true }),
    },
    deletion: {
      change: room => site.admin.call('room.delete', { room: room.id }),
    },
    'a change of a group': {
      async before(room, who) {
        const name = `group of ${room.id}`
        await site.admin.call('principal.create', { kind: 'group', name, displayName: name })
        await site.admin.call('group.update', { group: name, add: [who.me.id] })
        await site.admin.call('category.update', { category: room.category, allowedMembers: { add: [name] } })
        await site.admin.call('room.update', { room: room.id, privacy: 'secret', members: [name] })
      },
      change: (room, who) => site.admin.call('group.update', { group: `group of ${room.id}`, remove: [who.me.id] }),
    },
    'the policy': {
      change: (_room, who) => site.admin.call('policy.grant', { scope: who.me.id, enabled: false }),
    },
    'disabling the account': {
      change: (_room, who) => site.admin.call('principal.update', { principal: who.me.id, disabled: true }),
    },
  }
  test.each(Object.keys(changes))(
    '[RC1] holds back %s until it is committed, and from the acknowledgement of the change on none is accepted',
    async name => {
      const own = await site.addCategory({ allowedMembers: ['in.example'] })
      const room = await addRoom({ category: own.id })
      const who = await site.addUser(`who-${room.id}@in.example`)
      await changes[name]!.before?.(room, who)
      // The right to post is known to both servers by now.
      const there = other.at(who)
      expect(seqs([await post(who, room, 'one'), await post(there, room, 'two')])).toEqual([1, 2])
      const paused = await store.pause()
      const posting = watch(post(who, room, 'pause here'))
      await store.waiting(1)
      const changing = watch(changes[name]!.change(room, who))
      await store.waiting(2)
      // A post that comes behind the change waits for it, and is decided anew.
      const late = watch(post(there, room, 'too late'))
      await sleep(50)
      expect([posting.done, changing.done, late.done]).toEqual([false, false, false])
      await paused.go()
      expect((await posting.work).result?.seq).toBe(3)
      await changing.work
      const after = [await post(who, room, 'after'), await post(there, room, 'after')]
      for (const { error } of after) expect(error).toBeDefined()
      const { rows } = await site.db.query<{ text: string }>('SELECT text FROM message WHERE room = $1 ORDER BY seq', [
        room.id,
      ])
      // What came behind the change may still have been first, but never after its acknowledgement.
      const { error } = await late.work
      expect(rows.map(row => row.text)).toEqual(['one', 'two', 'pause here', ...(error ? [] : ['too late'])])
    },
  )

  test('[RC2] that meets a change under way waits for it and is decided under it, however often the answer was yes before', async () => {
    const own = await site.addCategory({ allowedMembers: ['in.example'] })
    const room = await addRoom({ category: own.id })
    expect((await post(bob, room, 'one')).result?.seq).toBe(1)
    const held = other.gate.hold('before', 'COMMIT', 'transaction')
    const changing = other
      .at(site.admin)
      .call('category.update', { category: own.id, deniedMembers: { add: [bob.me.id] } })
    await held.reached
    const posting = watch(post(bob, room, 'two'))
    await store.waiting(1)
    expect(posting.done).toBe(false)
    held.release()
    await changing
    expect((await posting.work).error?.code).toBe('not_found')
  })
})

/** Posts that share a batch: the lane of the room is kept busy while they come. Answers in their order. */
async function inOneBatch(room: Room, drafts: { text: string; clientId?: string; by?: Live }[], by: Live) {
  const paused = await store.pause()
  const first = post(by, room, 'pause until all are there')
  await store.waiting(1)
  const answers = drafts.map(draft => post(draft.by ?? by, room, draft.text, draft.clientId))
  await by.settled()
  await sleep(50)
  await paused.go()
  await first
  return Promise.all(answers)
}

describe('one batch', () => {
  test('[RC3] one bad post fails alone: its neighbours are posted, in their order, without a gap', async () => {
    const room = await addRoom()
    const session = await bob.open()
    const texts = ['a', 'b', 'poison', 'c', 'poison', 'd', 'e']
    const answers = await inOneBatch(
      room,
      texts.map(text => ({ text })),
      session,
    )
    expect(answers.map(answer => answer.error?.code ?? 'ok')).toEqual([
      'ok',
      'ok',
      'internal',
      'ok',
      'internal',
      'ok',
      'ok',
    ])
    expect(seqs(answers.filter(answer => answer.result))).toEqual([2, 3, 4, 5, 6])
    const { messages } = await bob.call('message.list', { room: room.id })
    expect(messages.map(message => 'text' in message && message.text)).toEqual([
      'pause until all are there',
      'a',
      'b',
      'c',
      'd',
      'e',
    ])
    await session.close()
  })

  test('[RC4] twins get one number, other content under the same id is a conflict, and what was refused takes no id', async () => {
    const room = await addRoom()
    const [mine, again, theirs] = [await bob.open(), await bob.open(), await alice.open()]
    const clientId = randomUUID()
    const answers = await inOneBatch(
      room,
      [
        { text: 'same', clientId },
        { text: 'same', clientId, by: again },
        { text: 'another', clientId },
        { text: 'same', clientId, by: theirs },
        { text: 'same', clientId },
      ],
      mine,
    )
    const told = answers.map(({ result, error }) => (result ? [result.seq, result.repeated] : error?.code))
    // Two sessions may come in either order: one of bob's three is first.
    expect(told[2]).toBe('conflict')
    expect(
      told.filter(one => JSON.stringify(one) === '[2,false]').length +
        told.filter(one => JSON.stringify(one) === '[3,false]').length,
    ).toBe(2)
    expect(told.filter(one => Array.isArray(one) && one[1]).length).toBe(2)
    expect((await bob.call('message.list', { room: room.id })).lastSeq).toBe(3)

    const out = await site.addUser(`out-${room.id}@out.example`)
    const session = await out.open()
    const refused = await inOneBatch(
      room,
      ['one', 'other', 'one'].map(text => ({ text, clientId, by: session })),
      mine,
    )
    expect(refused.map(answer => answer.error?.code)).toEqual(['not_found', 'not_found', 'not_found'])
    for (const one of [mine, again, theirs, session]) await one.close()
  })
})

describe('two servers', () => {
  test('[RC5] batches over the same rooms: each room one gapless order, the same for readers of both, and no deadlock', async () => {
    const rooms = [await addRoom(), await addRoom(), await addRoom(), await addRoom()]
    const writers = [await alice.open(), await bob.open(), await other.at(alice).open(), await other.at(bob).open()]
    const paused = await store.pause()
    // Each server holds the first rooms of its batch while the other one comes from the far end.
    const held = [post(writers[0]!, rooms[0]!, 'pause here'), post(writers[2]!, rooms[3]!, 'pause there')]
    await store.waiting(2)
    const answers = writers.flatMap((writer, w) =>
      Array.from({ length: 40 }, (_, i) => {
        const room = rooms[w % 2 === 0 ? i % 4 : 3 - (i % 4)]!
        return post(writer, room, `${w} ${i}`)
      }),
    )
    await sleep(100)
    await paused.go()
    expect((await Promise.all([...held, ...answers])).filter(answer => answer.error)).toEqual([])
    for (const room of rooms) {
      const [here, there] = await Promise.all(
        [alice, other.at(bob)].map(person => person.call('message.list', { room: room.id, limit: 500 })),
      )
      expect(here).toEqual(there)
      expect(here!.messages.map(message => message.seq)).toEqual(here!.messages.map((_, i) => i + 1))
      // Posts of one session keep their order.
      for (const [w] of writers.entries()) {
        const own = here!.messages.flatMap(m =>
          'text' in m && m.text.startsWith(`${w} `) ? [Number(m.text.split(' ')[1])] : [],
        )
        expect(own).toEqual(own.toSorted((a, b) => a - b))
      }
    }
    for (const writer of writers) await writer.close()
  })

  test('[RC6] a room that moved since a server posted there: the batch begins again under the lock of its new category', async () => {
    const from = await site.addCategory({ allowedMembers: ['in.example'] })
    const to = await site.addCategory({ allowedMembers: ['in.example'] })
    const room = await addRoom({ category: from.id })
    expect((await post(other.at(bob), room, 'one')).result?.seq).toBe(1)
    await site.admin.call('room.update', { room: room.id, category: to.id })
    const rollback = other.gate.hold('after', 'ROLLBACK', 'transaction')
    const posting = post(other.at(bob), room, 'two')
    await rollback.reached
    rollback.release()
    expect((await posting).result?.seq).toBe(2)
    // From now on a change of the new category holds its posts back, and one of the old one does not.
    const { rows } = await site.db.query<{ lock_key: number }>(
      'SELECT lock_key FROM category WHERE id = ANY ($1) ORDER BY lock_key',
      [[from.id, to.id]],
    )
    const connection = await site.db.connect()
    await connection.query('SELECT pg_advisory_lock(3, $1)', [rows[0]!.lock_key])
    expect((await post(other.at(bob), room, 'three')).result?.seq).toBe(3)
    await connection.query('SELECT pg_advisory_lock(3, $1)', [rows[1]!.lock_key])
    const waits = watch(post(other.at(bob), room, 'four'))
    await store.waiting(1)
    expect(waits.done).toBe(false)
    await connection.query('SELECT pg_advisory_unlock_all()')
    connection.release()
    expect((await waits.work).result?.seq).toBe(4)
  })
})

describe('a retry', () => {
  const ways: Record<string, (room: Room) => Promise<unknown>> = {
    'after a clear': room => site.admin.call('room.clear', { room: room.id, until: '2099-01-01T00:00:00Z' }),
    'after a removal': room => site.admin.call('message.remove', { room: room.id, seq: 1 }),
    'after a replacement': room => site.admin.call('message.remove', { room: room.id, seq: 1, replaceWith: 'other' }),
    'with history off': room => site.admin.call('category.update', { category: room.category, chatHistory: false }),
    'after disabling': room => site.admin.call('room.update', { room: room.id, disabled: true }),
    'after a move': async room => {
      const to = await site.addCategory({ allowedMembers: ['in.example'] })
      await site.admin.call('room.update', { room: room.id, category: to.id })
    },
  }
  test.each(Object.keys(ways))(
    '[RC7] %s is answered with the first result and posts nothing, on either server',
    async way => {
      const own = await site.addCategory({ allowedMembers: ['in.example'] })
      const room = await addRoom({ category: own.id })
      const clientId = randomUUID()
      const first = (await post(bob, room, 'once', clientId)).result as Result<'message.post'>
      await ways[way]!(room)
      for (const person of [bob, other.at(bob)]) {
        expect((await post(person, room, 'once', clientId)).result).toEqual({ ...first, repeated: true })
        expect((await post(person, room, 'another', clientId)).error?.code).toBe('conflict')
      }
      const { rows } = await site.db.query<{ last_seq: number }>('SELECT last_seq FROM room_head WHERE room = $1', [
        room.id,
      ])
      expect(rows[0]!.last_seq).toBe(1)
    },
  )

  test('[RC8] in a category without history a retry that comes while the first try is in flight is answered with its number', async () => {
    const own = await site.addCategory({ allowedMembers: ['in.example'], chatHistory: false })
    const room = await addRoom({ category: own.id })
    const clientId = randomUUID()
    const held = other.gate.hold('before', 'COMMIT', 'transaction')
    const first = post(other.at(bob), room, 'passing', clientId)
    await held.reached
    const retry = watch(post(bob, room, 'passing', clientId))
    await store.waiting(1)
    expect(retry.done).toBe(false)
    held.release()
    expect((await first).result).toMatchObject({ seq: 1, repeated: false })
    expect((await retry.work).result).toMatchObject({ seq: 1, repeated: true })
  })
})

test('[RC39] a hint that names messages that there are not is dropped, and what is posted then is delivered in order', async () => {
  const room = await addRoom()
  const live = await other.at(alice).open()
  await live.call('room.join', { room: room.id })
  await post(bob, room, 'first')
  const stamp = { room: 1, scope: 1, directory: 1, settings: 1 }
  for (const seq of [900, 5])
    other.chat.bus.publish(`room.${room.id}`, {
      head: { kind: 'message', room: room.id, seq, stamp },
      frame: eventFrame({ event: 'room.followed', room: room.id }),
    })
  await live.hears('message.posted', event => event.message.seq === 1)
  for (const text of ['second', 'third'])
    await other.at(bob).ask('message.post', { room: room.id, clientId: randomUUID(), text })
  await live.hears('message.posted', event => event.message.seq === 3)
  expect(live.heard('message.posted').map(event => event.message.text)).toEqual(['first', 'second', 'third'])
  expect([live.heard('history.changed'), live.heard('room.followed')]).toEqual([[], []])
  expect((await live.call('room.join', { room: room.id })).lastSeq).toBe(3)
  await live.close()
})
