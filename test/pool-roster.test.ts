import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLog } from '../src/base/log.ts'
import type { Bus } from '../src/pool/bus.ts'
import { type NatsBus, openNatsBus } from '../src/pool/nats.ts'
import type { Room } from '../src/protocol/room.ts'
import type { Live, Person } from './harness.ts'
import { type Nats, openNats } from './nats.ts'
import { openRaceServer, type RaceServer } from './race-server.ts'
import { names, openStage, pause, type Stage, until } from './stage.ts'
import { openWire, type Wire, type WireBus } from './wire.ts'

const limit = 5
const silentMs = 1_500
const lingerMs = 1_500
const quick = { aliveMs: 100, silentMs, lingerMs, digestMs: 300, askAgainMs: 200 }

let stage: Stage
let crowd: Person[]
beforeAll(async () => {
  stage = await openStage()
  const made = ['ann', 'ben', 'cat', 'dan'].map(name => stage.addUser(`${name}@example.com`))
  crowd = [stage.alice, stage.bob, stage.carol, ...(await Promise.all(made))]
  await stage.admin.call('settings.update', { settings: { participantUpdateLimit: limit } })
})
afterAll(() => stage.stop())

const serverOn = (bus: Bus, sweepMs = 100) => openRaceServer(stage, sweepMs, { bus, hub: quick })
const mail = (...people: Person[]) => people.map(person => person.me.name).sort()
const openRoom = () => stage.room({ privacy: 'open' })
const comings = (live: Live) =>
  live.events.flatMap(event =>
    event.event === 'participant.joined' || event.event === 'participant.left'
      ? [`${event.event.slice('participant.'.length)} ${event.principal.displayName} ${event.participants}`]
      : [],
  )
const closeAll = (lives: Live[]) => Promise.all(lives.map(live => live.close()))

/** Every server answers with these people, over HTTP too, and counts as many. */
async function agree(servers: RaceServer[], room: Room, people: Person[]) {
  for (const server of servers) {
    await until(
      async () => {
        const { participants } = await server.at(stage.admin).call('participant.list', { room: room.id })
        return JSON.stringify(names(participants)) === JSON.stringify(mail(...people))
      },
      `a server lists ${mail(...people)}`,
    )
    const got = await server.at(stage.admin).call('room.get', { room: room.id })
    expect(got.room.participants).toBe(people.length)
  }
}

/** Servers know of each other before anybody is asked about anybody. */
async function acquainted(wire: Wire, servers: RaceServer[]) {
  const spoke = new Set<string>()
  await until(() => {
    for (const { message } of wire.sent) if (message.head.kind === 'alive') spoke.add(message.head.member)
    return spoke.size >= servers.length
  }, 'all servers have spoken')
  await pause(50)
}

describe('two servers on NATS', () => {
  let nats: Nats
  let buses: NatsBus[]
  let servers: RaceServer[]
  beforeAll(async () => {
    nats = await openNats()
    buses = ['one', 'two'].map(() => openNatsBus({ url: nats.url, pool: 'rosters', log: silentLog }))
    await until(() => buses.every(bus => bus.isConnected()), 'NATS is there')
    servers = await Promise.all(buses.map(bus => serverOn(bus)))
  })
  afterAll(async () => {
    await Promise.all(servers.map(server => server.stop()))
    await nats.stop()
  })

  test('[RO8] whoever is in a room at any server is in the list and the count of each, by join and by sync, once', async () => {
    const room = await openRoom()
    const [one, two] = servers as [RaceServer, RaceServer]
    const [alice, bob, carol] = crowd as [Person, Person, Person]
    const hers = await one.at(alice).open()
    await hers.call('room.join', { room: room.id })
    const his = [await two.at(bob).open(), await one.at(bob).open()]
    await his[0]!.call('session.sync', { rooms: [{ room: room.id }] })
    await hers.hears('participant.joined', event => event.principal.id === bob.me.id)
    await his[1]!.call('room.join', { room: room.id })
    const carols = await two.at(carol).open()
    const joined = await carols.call('room.join', { room: room.id })
    expect(names(joined.participants)).toEqual(mail(alice, bob, carol))
    await hers.hears('participant.joined', event => event.principal.id === carol.me.id)
    await agree(servers, room, [alice, bob, carol])
    await his[0]!.call('room.part', { room: room.id })
    await carols.call('room.part', { room: room.id })
    await hers.hears('participant.left')
    await agree(servers, room, [alice, bob])
    expect(comings(hers)).toEqual(['joined bob 2', 'joined carol 3', 'left carol 2'])
    await closeAll([hers, carols, ...his])
  })

  test('[RO14] the limit counts participants of all servers, and the room is small again for all at once', async () => {
    const room = await openRoom()
    const lives: Live[] = []
    for (const [i, person] of crowd.slice(0, 6).entries()) {
      const live = await servers[i % 2]!.at(person).open()
      lives.push(live)
      const { participants } = await live.call('room.join', { room: room.id })
      expect(participants?.length).toBe(i < limit ? i + 1 : undefined)
      // The next one asks the other server, which has to have heard.
      await agree(servers, room, crowd.slice(0, i + 1))
    }
    for (const live of lives.slice(0, 5))
      expect(await live.hears('room.roster')).toMatchObject({ participants: 6, suspended: true })
    for (const live of lives.slice(3)) await live.call('room.part', { room: room.id })
    for (const live of lives.slice(0, 3)) {
      const again = await live.hears('room.roster', event => !event.suspended)
      expect(names(again.list)).toEqual(mail(...crowd.slice(0, 3)))
    }
    await closeAll(lives)
  })

  test('[RO13] while NATS is away nobody is gone for that, and what was missed is there when it is back', async () => {
    const room = await openRoom()
    const [one, two] = servers as [RaceServer, RaceServer]
    const [alice, bob, carol, ann] = crowd as [Person, Person, Person, Person]
    const [hers, his] = [await one.at(alice).open(), await two.at(bob).open()]
    await hers.call('room.join', { room: room.id })
    await his.call('room.join', { room: room.id })
    await agree(servers, room, [alice, bob])
    await nats.stop()
    await until(() => buses.every(bus => !bus.isConnected()), 'NATS is away')
    const carols = await two.at(carol).open()
    await carols.call('room.join', { room: room.id })
    await pause(silentMs + lingerMs)
    expect(names((await hers.call('participant.list', { room: room.id })).participants)).toEqual(mail(alice, bob))
    expect(comings(hers)).toEqual(['joined bob 2'])
    await nats.start()
    const anns = await one.at(ann).open()
    await anns.call('room.join', { room: room.id })
    await agree(servers, room, [alice, bob, carol, ann])
    await hers.hears('participant.joined', event => event.principal.id === carol.me.id)
    expect(comings(hers).filter(one => one.startsWith('left'))).toEqual([])
    await closeAll([hers, his, carols, anns])
  })
})

describe('three servers', () => {
  let wire: Wire
  let buses: WireBus[]
  let servers: RaceServer[]
  beforeAll(async () => {
    wire = openWire()
    buses = [wire.open(), wire.open(), wire.open()]
    servers = await Promise.all(buses.map(bus => serverOn(bus)))
    await acquainted(wire, servers)
  })
  afterAll(() => Promise.all(servers.map(server => server.stop())))

  test('[RO8] three servers agree, and one without a session in the room asks', async () => {
    const room = await openRoom()
    const lives: Live[] = []
    for (const [i, person] of crowd.slice(0, 4).entries()) {
      const live = await servers[i % 2]!.at(person).open()
      lives.push(live)
      if (i % 2 === 0) await live.call('room.join', { room: room.id })
      else await live.call('session.sync', { rooms: [{ room: room.id }] })
    }
    await agree(servers, room, crowd.slice(0, 4))
    const found = await servers[2]!.at(stage.admin).call('room.find', { text: room.name })
    expect(found.rooms.find(one => one.id === room.id)?.participants).toBe(4)
    await lives[0]!.close()
    await agree(servers, room, crowd.slice(1, 4))
    await closeAll(lives.slice(1))
  })

  test('[RO7] whom a change shuts out leaves the rosters of all servers at once', async () => {
    const room = await stage.room({ members: mail(...crowd.slice(0, 3)) })
    const lives: Live[] = []
    for (const [i, person] of crowd.slice(0, 3).entries()) lives.push(await servers[i]!.at(person).open())
    for (const live of lives) await live.call('room.join', { room: room.id })
    await agree(servers, room, crowd.slice(0, 3))
    await servers[0]!.at(stage.admin).call('room.update', { room: room.id, members: { remove: [crowd[2]!.me.id] } })
    await lives[2]!.hears('room.closed')
    for (const live of lives.slice(0, 2))
      expect(await live.hears('participant.left')).toMatchObject({
        principal: { id: crowd[2]!.me.id },
        participants: 2,
      })
    await agree(servers, room, crowd.slice(0, 2))
    await closeAll(lives)
  })

  test('[RO12] the users of a dead server are told as gone once, unless they are back at another one in time', async () => {
    const [one, two] = servers as [RaceServer, RaceServer]
    const bus = wire.open()
    const dying = await serverOn(bus)
    await acquainted(wire, [...servers, dying])
    const room = await openRoom()
    const [alice, bob, carol] = crowd as [Person, Person, Person]
    const hers = await one.at(alice).open()
    await hers.call('room.join', { room: room.id })
    const lost = [await dying.at(bob).open(), await dying.at(carol).open()]
    for (const live of lost) await live.call('room.join', { room: room.id })
    await agree([one, two], room, [alice, bob, carol])
    bus.silence()
    for (const live of lost) live.socket.terminate()
    await agree([one, two], room, [alice])
    const back = await two.at(bob).open()
    await back.call('session.sync', { rooms: [{ room: room.id }] })
    await agree([one, two], room, [alice, bob])
    await hers.hears('participant.left')
    await pause(lingerMs)
    expect(comings(hers)).toEqual(['joined bob 2', 'joined carol 3', 'left carol 2'])
    expect(back.heard('participant.left')).toEqual([])
    await closeAll([hers, back])
    await dying.stop()
  })

  test('[LV20] while the store is away from a server its sessions are told nothing under older rights, and then the list', async () => {
    const [one, two] = servers as [RaceServer, RaceServer]
    const room = await stage.room({ members: mail(...crowd.slice(0, 3)) })
    const [alice, bob, carol] = crowd as [Person, Person, Person]
    const [hers, carols] = [await one.at(alice).open(), await one.at(carol).open()]
    for (const live of [hers, carols]) await live.call('room.join', { room: room.id })
    one.gate.setAway(true)
    await pause(2_500)
    // The bus says nothing of her removal; that somebody came it does say.
    wire.lose((_, { head }) => head.kind === 'room')
    await two.at(stage.admin).call('room.update', { room: room.id, members: { remove: [carol.me.id] } })
    wire.lose(undefined)
    const his = await two.at(bob).open()
    await his.call('room.join', { room: room.id })
    await two.at(stage.admin).call('room.update', { room: room.id, description: 'not for carol' })
    await until(() => one.hub.roster.count(room.id) === 3, 'the first server heard of bob')
    await pause(300)
    expect([...hers.events, ...carols.events].map(event => event.event)).toEqual(['participant.joined'])
    one.gate.setAway(false)
    await carols.hears('room.closed')
    const told = await hers.hears('room.roster')
    expect(told).toMatchObject({ suspended: false })
    expect(names(told.list)).toEqual(expect.arrayContaining(mail(alice, bob)))
    await hers.hears('room.changed', event => event.room.description === 'not for carol')
    await pause(300)
    expect(carols.events.map(event => event.event)).toEqual(['room.closed'])
    await closeAll([hers, carols, his])
  })

  test('[LV25] what is owed in many rooms is read in one statement, and rooms that nobody opened owe nothing', async () => {
    const [one, two] = servers as [RaceServer, RaceServer]
    const [alice, bob] = crowd as [Person, Person]
    const rooms = await Promise.all(Array.from({ length: 24 }, openRoom))
    const [opened, synced] = [rooms.slice(0, 12), rooms.slice(12)]
    const hers = await one.at(alice).open()
    for (const room of opened) await hers.call('room.join', { room: room.id })
    await hers.call('session.sync', { rooms: synced.map(room => ({ room: room.id })) })
    // New rooms are looked at once.
    await pause(400)
    one.gate.setAway(true)
    await pause(2_500)
    const his = await two.at(bob).open()
    await his.call('session.sync', { rooms: rooms.map(room => ({ room: room.id })) })
    await until(() => opened.every(room => one.hub.roster.count(room.id) === 2), 'the first server heard of bob')
    const before = one.gate.asked('stamp')
    one.gate.setAway(false)
    await until(() => hers.heard('room.roster').length === opened.length, 'all are told')
    expect(new Set(hers.heard('room.roster').map(event => event.room))).toEqual(new Set(opened.map(room => room.id)))
    expect(one.gate.asked('stamp') - before).toBe(1)
    await closeAll([hers, his])
  })

  test('[LV26] what the bus lost is filled without deciding anew about everybody, unless rights have changed', async () => {
    const [one, two] = servers as [RaceServer, RaceServer]
    const [alice, bob, carol] = crowd as [Person, Person, Person]
    const room = await stage.room({ members: mail(alice, bob, carol) })
    const [hers, carols] = [await one.at(alice).open(), await one.at(carol).open()]
    for (const live of [hers, carols]) await live.call('session.sync', { rooms: [{ room: room.id }] })
    const post = (text: string) =>
      two.at(bob).call('message.post', { room: room.id, clientId: crypto.randomUUID(), text })
    await post('first')
    await carols.hears('message.posted')
    await pause(400)
    const before = one.gate.asked('access')
    wire.lose((_, { head }) => head.kind === 'message' || head.kind === 'room')
    await post('second')
    for (const live of [hers, carols]) await live.hears('message.posted', event => event.message.text === 'second')
    expect(one.gate.asked('access')).toBe(before)
    await two.at(stage.admin).call('room.update', { room: room.id, members: { remove: [carol.me.id] } })
    await post('third')
    wire.lose(undefined)
    await hers.hears('message.posted', event => event.message.text === 'third')
    await carols.hears('room.closed')
    expect(carols.heard('message.posted').map(event => event.message.text)).toEqual(['first', 'second'])
    expect(one.gate.asked('access')).toBeGreaterThan(before)
    await closeAll([hers, carols])
  })

  test('[LV23] the sweep begins at once when the bus is back', async () => {
    const bus = wire.open()
    const seldom = await serverOn(bus, 60_000)
    const room = await openRoom()
    const hers = await seldom.at(stage.alice).open()
    await hers.call('room.join', { room: room.id })
    bus.connect(false)
    await pause(200)
    await servers[0]!
      .at(stage.bob)
      .call('message.post', { room: room.id, clientId: crypto.randomUUID(), text: 'missed' })
    bus.connect(true)
    await hers.hears('message.posted', event => event.message.text === 'missed')
    await hers.close()
    await seldom.stop()
  })
})

describe('edits that the bus lost', () => {
  let deaf: RaceServer
  beforeAll(async () => {
    deaf = await openRaceServer(stage, 100)
  })
  afterAll(() => deaf.stop())

  const shown = (live: Live) => live.heard('room.changed').map(({ room }) => [room.name, room.description])

  test('[LV21] the sweep tells of a new name or description, once', async () => {
    const room = await openRoom()
    const live = await deaf.at(stage.alice).open()
    await live.call('room.join', { room: room.id })
    await stage.admin.call('room.update', { room: room.id, name: `${room.name} renamed` })
    await live.hears('room.changed')
    await pause(400)
    expect(shown(live)).toEqual([[`${room.name} renamed`, '']])
    await stage.admin.call('room.update', { room: room.id, description: 'described' })
    await live.hears('room.changed', event => event.room.description === 'described')
    await live.close()
  })

  test('[LV21] the sweep tells of a category’s new name and switches in each of its rooms, once', async () => {
    const category = await stage.sameScope()
    const rooms = [await stage.room({ category: category.id }), await stage.room({ category: category.id })]
    const live = await deaf.at(stage.alice).open()
    for (const room of rooms) await live.call('room.join', { room: room.id })
    await stage.admin.call('category.update', { category: category.id, name: 'the new floor', fileUpload: true })
    for (const { id } of rooms) {
      const told = await live.hears('room.changed', event => event.room.id === id)
      expect(told.room).toMatchObject({ categoryName: 'the new floor', fileUpload: true })
    }
    await pause(400)
    expect(live.heard('room.changed')).toHaveLength(2)
    await live.close()
  })

  test('[LV21] what the bus told the sweep does not tell again, nor the other way round', async () => {
    const wire = openWire()
    const buses = [wire.open(), wire.open()]
    const [one, two] = await Promise.all(buses.map(bus => serverOn(bus)))
    const category = await stage.sameScope()
    const room = await stage.room({ category: category.id })
    const live = await one!.at(stage.alice).open()
    await live.call('room.join', { room: room.id })
    await two!.at(stage.admin).call('room.update', { room: room.id, description: 'first' })
    await two!.at(stage.admin).call('category.update', { category: category.id, name: 'floor of both' })
    await live.hears('room.changed', event => event.room.categoryName === 'floor of both')
    wire.lose(() => true)
    await two!.at(stage.admin).call('room.update', { room: room.id, description: 'second' })
    wire.lose(undefined)
    await live.hears('room.changed', event => event.room.description === 'second')
    // The bus brings it late.
    const late = wire.sent.filter(({ message: { head } }) => head.kind === 'room').at(-1)!
    buses[1]!.publish(late.subject, late.message)
    await pause(400)
    expect(live.heard('room.changed').map(({ room }) => [room.description, room.categoryName])).toEqual([
      ['first', category.name],
      ['first', 'floor of both'],
      ['second', 'floor of both'],
    ])
    await live.close()
    await Promise.all([one!.stop(), two!.stop()])
  })

  test.each(['join', 'sync'])(
    '[LV22] who was answered by %s with what the others were shown since is shown it too, once',
    async how => {
      const room = await openRoom()
      const [his, hers] = [await deaf.at(stage.bob).open(), await deaf.at(stage.alice).open()]
      await his.call('room.join', { room: room.id })
      const held =
        how === 'join'
          ? deaf.gate.hold('before', 'room-user', 'transaction')
          : deaf.gate.hold('after', 'sync-counts', 'pool')
      const answer =
        how === 'join'
          ? hers.call('room.join', { room: room.id })
          : hers.call('session.sync', { rooms: [{ room: room.id }] })
      await held.reached
      await stage.admin.call('room.update', { room: room.id, description: 'meanwhile' })
      await his.hears('room.changed')
      held.release()
      await answer
      await hers.hears('room.changed')
      await pause(300)
      expect(shown(hers)).toEqual([[room.name, 'meanwhile']])
      expect(shown(his)).toEqual([[room.name, 'meanwhile']])
      await closeAll([his, hers])
    },
  )
})
