import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Category } from '../src/protocol/category.ts'
import type { Input } from '../src/protocol/request.ts'
import type { Room } from '../src/protocol/room.ts'
import { type Live, openSite, type Person, type Site } from './harness.ts'
import { openRaceServer, openStore, type RaceServer, type Store } from './race-server.ts'

let site: Site
let store: Store
/** Hears of the other server nothing at all: only the stamps of what is posted at itself. */
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

const post = (person: Pick<Person, 'call'>, room: Room, text: string) =>
  person.call('message.post', { room: room.id, clientId: randomUUID(), text })
const there = (person: Person) => other.at(person)
const of = (session: Live, room: Room) =>
  session.events.filter(event => ('room' in event && typeof event.room === 'string' ? event.room : '') === room.id)
const texts = (session: Live, room: Room) =>
  session.heard('message.posted').flatMap(event => (event.room === room.id ? [event.message.text] : []))

let made = 0
/** A secret room with alice and bob in it, and someone who is to lose it. */
async function addCell(more: Partial<Input<'room.create'>> = {}) {
  made += 1
  const rita = await site.addUser(`rita${made}@in.example`)
  const members = [alice.me.id, bob.me.id, rita.me.id]
  const room = await site.addRoom({ category: category.id, privacy: 'secret', members, ...more })
  const removal = { room: room.id, members: { remove: [rita.me.id] } }
  return { rita, room, remove: (by: Person = site.admin) => by.call('room.update', removal) }
}

/** Waits until the other server has told its sessions everything that was posted there so far. */
async function caughtUp(witness: Live, room: Room, text: string) {
  await post(there(bob), room, text)
  await witness.hears('message.posted', event => event.message.text === text)
}

describe('joining against a removal', () => {
  const cases = ['a witness stays', 'the witness leaves', 'nobody else is there'].flatMap(witness =>
    ['told by the bus', 'told by nobody'].map(told => [witness, told] as const),
  )
  test.each(cases)(
    '[RC20] removed between the decision of the join and going live (%s, %s): nothing posted since is heard',
    async (who, told) => {
      const { rita, room, remove } = await addCell()
      const witness = who === 'nobody else is there' ? undefined : await there(alice).open()
      await witness?.call('room.join', { room: room.id })
      const session = await there(rita).open()
      const held = other.gate.hold('before', 'room-user', 'transaction')
      const joining = session.ask('room.join', { room: room.id })
      await held.reached
      if (who === 'the witness leaves') await witness!.close()
      await remove(told === 'told by the bus' ? there(site.admin) : site.admin)
      await post(there(bob), room, 'after')
      await sleep(50)
      held.release()
      // The answer is of the moment of the decision, and what follows is not.
      expect(JSON.stringify(await joining)).not.toContain('after')
      await session.hears('room.closed')
      await post(there(bob), room, 'after that')
      await session.settled()
      await sleep(50)
      expect(of(session, room)).toEqual([{ event: 'room.closed', room: room.id, reason: 'removed' }])
      await session.close()
      await witness?.close()
    },
  )

  test('[RC21] deleted between the decision of the join and going live: the session is told', async () => {
    const { rita, room } = await addCell()
    const witness = await there(alice).open()
    await witness.call('room.join', { room: room.id })
    const session = await there(rita).open()
    const held = other.gate.hold('before', 'room-user', 'transaction')
    const joining = session.call('room.join', { room: room.id })
    await held.reached
    await there(site.admin).call('room.delete', { room: room.id })
    await witness.hears('room.closed')
    held.release()
    await joining
    expect(await session.hears('room.closed')).toMatchObject({ reason: 'deleted' })
    await session.close()
    await witness.close()
  })

  test('[RC22] a session that settles under an old stamp while a recheck is under way is decided anew before anything is delivered', async () => {
    const { rita, room, remove } = await addCell()
    const witness = await there(alice).open()
    await witness.call('room.join', { room: room.id })
    const session = await there(rita).open()
    const join = other.gate.hold('before', 'room-user', 'transaction')
    const joining = session.call('room.join', { room: room.id })
    await join.reached
    const recheck = other.gate.hold('after', 'access', 'pool')
    await remove(there(site.admin))
    await recheck.reached
    await post(there(bob), room, 'after')
    join.release()
    await joining
    await session.settled()
    recheck.release()
    await witness.hears('message.posted', event => event.message.text === 'after')
    await session.hears('room.closed')
    await session.settled()
    expect(texts(session, room)).toEqual([])
    await session.close()
    await witness.close()
  })

  test('[RC23] a part that overtakes the join leaves a session that hears what its answer promises', async () => {
    const { rita, room } = await addCell()
    const session = await there(rita).open()
    const held = other.gate.hold('before', 'room-user', 'transaction')
    const joining = session.call('room.join', { room: room.id })
    await held.reached
    await session.call('room.part', { room: room.id })
    held.release()
    await joining
    await caughtUp(session, room, 'heard')
    await session.close()
  })

  test('[RC24] joining again while history is filled in: each message once more at most, in order, none missing', async () => {
    const { rita, room } = await addCell()
    const witness = await there(alice).open()
    await witness.call('room.join', { room: room.id })
    const session = await there(rita).open()
    const held = other.gate.hold('after', 'sync-counts', 'pool')
    const syncing = session.call('session.sync', { rooms: [{ room: room.id }] })
    await held.reached
    for (const text of ['1', '2', '3']) await caughtUp(witness, room, text)
    const filling = other.gate.hold('after', 'range', 'pool')
    held.release()
    await syncing
    await filling.reached
    const joined = await session.call('room.join', { room: room.id })
    await post(there(bob), room, '4')
    await session.hears('message.posted', event => event.message.text === '4')
    filling.release()
    await caughtUp(session, room, '5')
    expect(joined.lastSeq).toBe(3)
    expect(texts(session, room)).toEqual(['4', '5'])
    await session.close()
    await witness.close()
  })

  test('[RC25] what is removed between the reading of a sync and its going live is told after the answer', async () => {
    const { rita, room } = await addCell()
    const witness = await there(alice).open()
    await witness.call('room.join', { room: room.id })
    await caughtUp(witness, room, 'to be removed')
    const session = await there(rita).open()
    const { epoch } = session.opened
    const held = other.gate.hold('after', 'sync', 'pool')
    const syncing = session.call('session.sync', { epoch, rooms: [{ room: room.id, seq: 0 }] })
    await held.reached
    await there(site.admin).call('message.remove', { room: room.id, seq: 1 })
    await witness.hears('message.removed')
    held.release()
    expect((await syncing).rooms[0]!.revision).toBe(0)
    expect(await session.hears('message.removed')).toMatchObject({ room: room.id, seq: 1, revision: 1 })
    await session.close()
    await witness.close()
  })
})

describe('a server that heard nothing', () => {
  test('[RC26] a room that moved under it is delivered to who may still read it only, however old the new scope is', async () => {
    // Made and last changed before the first one: its scope has the lower version.
    const walled = await site.addCategory({ allowedMembers: [alice.me.id, bob.me.id] })
    const young = await site.addCategory({ allowedMembers: ['in.example'] })
    await site.admin.call('category.update', { category: young.id, deniedMembers: [] })
    const { rita, room } = await addCell({ category: young.id, privacy: 'open' })
    const [session, witness] = [await there(rita).open(), await there(alice).open()]
    for (const one of [session, witness]) await one.call('room.join', { room: room.id })
    await caughtUp(session, room, 'before')
    await site.admin.call('room.update', { room: room.id, category: walled.id })
    await caughtUp(witness, room, 'after')
    await session.hears('room.closed')
    expect(texts(session, room)).toEqual(['before'])
    await session.close()
    await witness.close()
  })

  test('[RC27] newer settings are known before what came under them is delivered', async () => {
    const { room } = await addCell()
    const witness = await there(alice).open()
    await witness.call('room.join', { room: room.id })
    await site.admin.call('settings.update', { settings: { maxTextCodePoints: 100 } })
    const held = other.gate.hold('before', 'pool.settings', 'pool')
    const posting = post(there(bob), room, 'under the new settings')
    await held.reached
    await posting
    await witness.settled()
    expect(texts(witness, room)).toEqual([])
    held.release()
    await witness.hears('message.posted')
    expect(
      await there(bob).code('message.post', { room: room.id, clientId: randomUUID(), text: 'x'.repeat(101) }),
    ).toBe('too_large')
    await site.admin.call('settings.update', { settings: { maxTextCodePoints: 8000 } })
    await witness.close()
  })

  test('[RC28] a last message that nothing follows is found within two seconds, and who was removed before it does not get it', async () => {
    const sweeping = await openRaceServer(site, 1_000)
    const { rita, room, remove } = await addCell()
    const [session, witness] = [await sweeping.at(rita).open(), await sweeping.at(alice).open()]
    for (const one of [session, witness]) await one.call('room.join', { room: room.id })
    await remove()
    await post(bob, room, 'the last one')
    const postedAt = Date.now()
    await witness.hears('message.posted')
    expect(Date.now() - postedAt).toBeLessThan(2_000)
    await session.hears('room.closed')
    expect(texts(session, room)).toEqual([])
    await session.close()
    await witness.close()
    await sweeping.stop()
  })

  test('[RC29] what a long transaction commits after others that began later is not skipped', async () => {
    const sweeping = await openRaceServer(site, 50)
    const [slow, quick] = [await addCell(), await addCell()]
    const witness = await sweeping.at(alice).open()
    for (const { room } of [slow, quick]) await witness.call('room.join', { room: room.id })
    const paused = await store.pause()
    const posting = post(bob, slow.room, 'pause while others pass')
    await store.waiting(1)
    // Not of the same lane: posted over another server.
    for (const text of ['1', '2', '3']) {
      await post(there(bob), quick.room, text)
      await witness.hears('message.posted', event => event.message.text === text)
    }
    await sleep(200)
    await paused.go()
    await posting
    await witness.hears('message.posted', event => event.room === slow.room.id)
    await witness.close()
    await sweeping.stop()
  })

  test('[RC38] a replacement that the sweep brings is told to who may read it once it is read, and to nobody who lost the right before it was written', async () => {
    const sweeping = await openRaceServer(site, 50)
    const { rita, room, remove } = await addCell()
    await post(bob, room, 'original')
    const [session, witness] = [await sweeping.at(rita).open(), await sweeping.at(alice).open()]
    for (const one of [session, witness]) await one.call('room.join', { room: room.id })
    const held = sweeping.gate.hold('before', 'rooms', 'pool')
    await site.admin.call('message.remove', { room: room.id, seq: 1, replaceWith: 'first replacement' })
    await held.reached
    await remove()
    await site.admin.call('message.remove', { room: room.id, seq: 1, replaceWith: 'after the removal' })
    held.release()
    await witness.hears('message.removed', event => event.text === 'after the removal')
    await session.hears('room.closed')
    await session.settled()
    expect(JSON.stringify(session.events)).not.toContain('after the removal')
    await session.close()
    await witness.close()
    await sweeping.stop()
  })

  test('[RC30] sign-ins that an administrator ended are closed when it next sweeps', async () => {
    const sweeping = await openRaceServer(site, 50)
    const { rita } = await addCell()
    const session = await sweeping.at(rita).open()
    await site.admin.call('session.end', { user: rita.me.id })
    expect((await session.closed).code).toBe(4003)
    await sweeping.stop()
  })
})

describe('the directory', () => {
  /** Two rooms that rita reads as one of a group, and another group to change. */
  async function addGroups() {
    made += 1
    const rita = await site.addUser(`rita${made}@in.example`)
    const [group, unrelated] = [`crew ${made}`, `others ${made}`]
    for (const name of [group, unrelated])
      await site.admin.call('principal.create', { kind: 'group', name, displayName: name })
    await site.admin.call('group.update', { group, add: [rita.me.id] })
    const own = await site.addCategory({ allowedMembers: ['in.example', group] })
    const members = [alice.me.id, bob.me.id, group]
    const rooms = [
      await site.addRoom({ category: own.id, privacy: 'secret', members }),
      await site.addRoom({ category: own.id, privacy: 'secret', members }),
    ] as const
    const remove = () => site.admin.call('group.update', { group, remove: [rita.me.id] })
    const change = () => site.admin.call('group.update', { group: unrelated, add: [alice.me.id] })
    const [session, witness] = [await there(rita).open(), await there(alice).open()]
    for (const room of rooms) {
      await session.call('room.join', { room: room.id })
      await witness.call('room.join', { room: room.id })
    }
    // From here on the other server is behind by what the test changes, and by nothing else.
    await caughtUp(witness, rooms[0], 'before')
    await session.hears('message.posted')
    session.events.length = 0
    return { rita, rooms, remove, change, session, witness }
  }
  const changes = 'directory_change c'

  test('[RC31] a member of a group who was taken out of it hears nothing posted since, where only the stamp tells', async () => {
    const { rooms, remove, session, witness } = await addGroups()
    await remove()
    await caughtUp(witness, rooms[0], 'after')
    await session.hears('room.closed', event => event.room === rooms[1].id)
    expect([texts(session, rooms[0]), texts(session, rooms[1])]).toEqual([[], []])
    await session.close()
    await witness.close()
  })

  test('[RC32] a catching up that read before the change does not count for it', async () => {
    const { rooms, change, remove, session, witness } = await addGroups()
    await change()
    const held = other.gate.hold('after', changes, 'pool')
    await post(there(bob), rooms[0], 'under the first change')
    await held.reached
    await remove()
    await post(there(bob), rooms[1], 'after the removal')
    await sleep(50)
    held.release()
    await witness.hears('message.posted', event => event.message.text === 'after the removal')
    await session.hears('room.closed', event => event.room === rooms[1].id)
    await session.settled()
    expect(texts(session, rooms[1])).toEqual([])
    await session.close()
    await witness.close()
  })

  test('[RC33] who comes in while the changes are read is decided under them too', async () => {
    const { rita, rooms, change, remove, session, witness } = await addGroups()
    await session.close()
    await change()
    const held = other.gate.hold('before', changes, 'pool')
    await post(there(bob), rooms[0], 'under the first change')
    await held.reached
    const late = await there(rita).open()
    await late.call('room.join', { room: rooms[1].id })
    await remove()
    held.release()
    await witness.hears('message.posted', event => event.message.text === 'under the first change')
    await caughtUp(witness, rooms[1], 'after the removal')
    await late.hears('room.closed')
    expect(texts(late, rooms[1])).toEqual([])
    await late.close()
    await witness.close()
  })

  test('[RC34] where the store fails in the middle of deciding anew, nothing is delivered before that was done', async () => {
    const { rooms, remove, session, witness } = await addGroups()
    await remove()
    other.gate.fail('access', 'pool')
    await caughtUp(witness, rooms[0], 'after')
    await caughtUp(witness, rooms[1], 'after that')
    for (const room of rooms) await session.hears('room.closed', event => event.room === room.id)
    await session.settled()
    expect([texts(session, rooms[0]), texts(session, rooms[1])]).toEqual([[], []])
    await session.close()
    await witness.close()
  })
})

describe('a sign-in that ends', () => {
  async function upgrade(person: Person) {
    const socket = new WebSocket(`${other.url.replace('http', 'ws')}/ws`, 'pchat.v1', {
      headers: { authorization: `Bearer ${person.token}` },
    })
    const frames: { id: number; result?: unknown; error?: { code: string } }[] = []
    socket.on('message', data => frames.push(JSON.parse(data.toString())))
    await once(socket, 'open')
    return { socket, frames, closed: once(socket, 'close') as Promise<[number, Buffer]> }
  }
  const openFrame = JSON.stringify({ id: 1, verb: 'session.open', input: {} })

  test('[RC35] between the upgrade and session.open: the connection is refused', async () => {
    const { rita } = await addCell()
    const { socket, frames, closed } = await upgrade(rita)
    await site.admin.call('session.end', { user: rita.me.id })
    socket.send(openFrame)
    expect((await closed)[0]).toBe(4001)
    expect(frames.map(frame => frame.error?.code)).toEqual(['unauthenticated'])
  })

  test('[RC36] while session.open looks at it: neither that nor what was sent along is answered', async () => {
    const { rita, room } = await addCell()
    const { socket, frames, closed } = await upgrade(rita)
    const held = other.gate.hold('before', 'SELECT principal FROM session', 'pool')
    socket.send(openFrame)
    await held.reached
    socket.send(JSON.stringify({ id: 2, verb: 'room.join', input: { room: room.id } }))
    await sleep(50)
    await site.admin.call('session.end', { user: rita.me.id })
    held.release()
    expect((await closed)[0]).toBe(4001)
    expect(frames.filter(frame => frame.result !== undefined)).toEqual([])
  })
})

describe('coming back', () => {
  test('[RC37] to another epoch, or to a room that is shorter than what was seen of it: counts only, and reset', async () => {
    const { rita, room } = await addCell()
    for (const text of ['1', '2', '3']) await post(bob, room, text)
    const session = await rita.open()
    const { epoch } = session.opened
    const sync = async (asked: Input<'session.sync'>) => (await session.call('session.sync', asked)).rooms[0]!
    const same = await sync({ epoch, rooms: [{ room: room.id, seq: 1 }] })
    expect(same).toMatchObject({ lastSeq: 3, gap: false, messages: [{ seq: 2 }, { seq: 3 }] })
    expect(same.reset).toBeUndefined()
    for (const asked of [
      { epoch: randomUUID(), rooms: [{ room: room.id, seq: 1 }] },
      { epoch, rooms: [{ room: room.id, seq: 4 }] },
    ])
      expect(await sync(asked)).toMatchObject({ lastSeq: 3, reset: true, messages: [], gap: false })
    expect(await session.code('session.sync', { rooms: [{ room: room.id, seq: 1 }] })).toBe('invalid_argument')
    await session.close()
  })
})
