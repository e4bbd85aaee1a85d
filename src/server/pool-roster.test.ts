import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openRandom, type Random } from '../../test/random.ts'
import { openWire, type Wire, type WireBus } from '../../test/wire.ts'
import { silentLog } from '../base/log.ts'
import type { Chat } from '../chat/chat.ts'
import type { Principal } from '../protocol/principal.ts'
import { openPoolRoster, type PoolRoster, type PoolRosterOptions } from './pool-roster.ts'
import type { RosterNews } from './roster.ts'

/** A server as far as rosters go: a room is heard from its first session to its last, who all are told of it unless `sync` says no. */
type Server = {
  id: string
  roster: PoolRoster
  bus: WireBus
  told: Map<string, RosterNews[]>
  enter(room: string, user: Principal): void
  /** As session.sync does: nobody looks. */
  sync(room: string, user: Principal): void
  leave(room: string, user: Principal, lingers?: boolean): void
  /** Stops without a word, its sessions with it. */
  crash(): void
  /** Sessions by room and user. */
  sessions: Map<string, Map<string, number>>
}

const open: PoolRoster[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(roster => roster.stop()))
})

const quick = { aliveMs: 40, silentMs: 60_000, askAgainMs: 60, digestMs: 80, lingerMs: 60_000, keptMs: 300 }
const wait = { timeout: 15_000, interval: 20 }
const person = (name: string): Principal => ({ id: randomUUID(), kind: 'user', name, displayName: name })
const names = (principals: Principal[]) => principals.map(one => one.name).sort()
const kinds = (news: RosterNews[] | undefined) => (news ?? []).map(one => `${one.kind} ${one.participants}`)

function openServer(wire: Wire, options: PoolRosterOptions = {}, limit = 75): Server {
  const bus = wire.open()
  const id = randomUUID()
  const chat = { member: id, bus, settings: { participantUpdateLimit: limit }, log: silentLog } as unknown as Chat
  const ends = new Map<string, () => void>()
  const sessions: Server['sessions'] = new Map()
  const told: Server['told'] = new Map()
  const opened = new Set<string>()
  let dead = false
  const roster = openPoolRoster(
    chat,
    {
      tell: (room, news) => told.set(room, [...(told.get(room) ?? []), news]),
      isHeard: room => ends.has(room),
      back() {},
    },
    { ...quick, ...options },
  )
  open.push(roster)
  return {
    id,
    roster,
    bus,
    told,
    sessions,
    enter(room, user) {
      this.sync(room, user)
      if (!opened.has(room)) roster.look(room, true)
      opened.add(room)
    },
    sync(room, user) {
      if (!ends.has(room))
        ends.set(
          room,
          bus.subscribe(`room.${room}`, ({ head }) => dead || roster.hear(head)),
        )
      const users = sessions.get(room) ?? new Map()
      sessions.set(room, users.set(user.id, (users.get(user.id) ?? 0) + 1))
      roster.enter(room, user)
    },
    leave(room, user, lingers = false) {
      const users = sessions.get(room)
      const count = users?.get(user.id) ?? 0
      if (!users || count === 0) return
      if (count > 1) users.set(user.id, count - 1)
      else users.delete(user.id)
      roster.leave(room, user.id, lingers)
      if (users.size > 0) return
      ends.get(room)?.()
      ends.delete(room)
      sessions.delete(room)
      if (opened.delete(room)) roster.look(room, false)
      roster.end(room)
    },
    crash() {
      dead = true
      bus.silence()
      sessions.clear()
    },
  }
}

/** Each server's list of a room that it hears is the one of all sessions. */
function expectRight(servers: Server[], rooms: string[], users: Principal[]) {
  for (const room of rooms) {
    const there = users.filter(user => servers.some(server => server.sessions.get(room)?.has(user.id)))
    for (const { sessions, roster } of servers) {
      if (!sessions.has(room)) continue
      expect(names(roster.list(room))).toEqual(names(there))
      expect(roster.count(room)).toBe(there.length)
    }
  }
}

const [alice, bob, carol, dan] = ['alice', 'bob', 'carol', 'dan'].map(person) as [
  Principal,
  Principal,
  Principal,
  Principal,
]

/** Two servers that both hear the room and know of each other's people: alice at the first, bob at the second. */
async function openPair(options: PoolRosterOptions = {}, limit?: number) {
  const wire = openWire()
  const [one, two] = [openServer(wire, options, limit), openServer(wire, options, limit)]
  one.enter('r', alice)
  two.enter('r', bob)
  await vi.waitFor(() => {
    for (const { roster } of [one, two]) expect(names(roster.list('r'))).toEqual(['alice', 'bob'])
  }, wait)
  return { wire, one, two, servers: [one, two] }
}

describe('rosters of several servers', () => {
  test('[RO9] each server knows of everybody in the rooms that it hears, and a user over several servers is one', async () => {
    const { one, two, servers } = await openPair()
    two.enter('r', alice)
    one.leave('r', alice)
    one.enter('r', carol)
    await vi.waitFor(() => {
      for (const { roster } of servers) expect(names(roster.list('r'))).toEqual(['alice', 'bob', 'carol'])
    }, wait)
    two.leave('r', alice)
    await vi.waitFor(() => {
      for (const { roster } of servers) expect(names(roster.list('r'))).toEqual(['bob', 'carol'])
    }, wait)
    // She was there all the time: her going from one of two servers was no news.
    expect(kinds(two.told.get('r')).filter(kind => kind.startsWith('left'))).toEqual(['left 2'])
  })

  test('[RO10] whose connection at one server is lost and who is back at another one in time is not told', async () => {
    const { one, two } = await openPair({ lingerMs: 400 })
    one.enter('r', carol)
    await vi.waitFor(() => expect(names(two.roster.list('r'))).toEqual(['alice', 'bob', 'carol']), wait)
    one.leave('r', carol, true)
    await vi.waitFor(() => expect(two.roster.count('r')).toBe(2), wait)
    const before = two.told.get('r')!.length
    two.enter('r', carol)
    await vi.waitFor(() => expect(one.roster.count('r')).toBe(3), wait)
    await new Promise(resolve => setTimeout(resolve, 600))
    expect(two.told.get('r')).toHaveLength(before)
    two.leave('r', carol, true)
    await vi.waitFor(() => expect(kinds(one.told.get('r')).at(-1)).toBe('left 2'), wait)
    expect(kinds(one.told.get('r')).filter(kind => kind.startsWith('left'))).toEqual(['left 2'])
  })

  test('[RO12] the users of a server that falls silent linger, those who stay away are told once', async () => {
    const { one, two, wire } = await openPair({ silentMs: 500, lingerMs: 700 })
    two.enter('r', carol)
    await vi.waitFor(() => expect(one.roster.count('r')).toBe(3), wait)
    const three = openServer(wire, { silentMs: 500, lingerMs: 700 })
    three.enter('r', dan)
    await vi.waitFor(() => expect(names(three.roster.list('r'))).toEqual(['alice', 'bob', 'carol', 'dan']), wait)
    await vi.waitFor(() => expect(one.roster.count('r')).toBe(4), wait)
    two.crash()
    await vi.waitFor(() => expect(names(one.roster.list('r'))).toEqual(['alice', 'dan']), wait)
    three.enter('r', bob)
    await vi.waitFor(() => expect(kinds(one.told.get('r')).at(-1)).toBe('left 3'), wait)
    expect(one.told.get('r')!.filter(news => news.kind === 'left')).toMatchObject([{ principal: { name: 'carol' } }])
    expect(names(one.roster.list('r'))).toEqual(['alice', 'bob', 'dan'])
  })

  test('[RO12] whoever knows that a server is dead need not wait for its silence', async () => {
    const { one, two } = await openPair({ aliveMs: 100 })
    // Late with its beat in the store, but alive: it was heard a moment ago.
    one.roster.forget(two.id)
    expect(names(one.roster.list('r'))).toEqual(['alice', 'bob'])
    two.crash()
    await vi.waitFor(() => {
      one.roster.forget(two.id)
      expect(names(one.roster.list('r'))).toEqual(['alice'])
    }, wait)
    expect(kinds(one.told.get('r')).filter(kind => kind.startsWith('left'))).toEqual([])
  })

  test('[RO12] a server that stops says so', async () => {
    const { one, two } = await openPair()
    await two.roster.stop()
    await vi.waitFor(() => expect(names(one.roster.list('r'))).toEqual(['alice']), wait)
  })

  test('[RO13] while the bus is away nobody is taken as gone for silence, and what was missed is there when it is back', async () => {
    const { one, two } = await openPair({ silentMs: 200, lingerMs: 60_000, digestMs: 60_000 })
    one.bus.connect(false)
    two.leave('r', bob)
    two.enter('r', carol)
    await new Promise(resolve => setTimeout(resolve, 600))
    expect(names(one.roster.list('r'))).toEqual(['alice', 'bob'])
    one.bus.connect(true)
    await vi.waitFor(() => {
      for (const { roster } of [one, two]) expect(names(roster.list('r'))).toEqual(['alice', 'carol'])
    }, wait)
  })

  test('[RO13] that the bus was away between two looks is noticed, too', async () => {
    const { one, two, wire } = await openPair({ lingerMs: 60_000, digestMs: 60_000 })
    wire.lose((_, { head }) => head.kind === 'moves')
    two.leave('r', bob)
    two.enter('r', carol)
    await vi.waitFor(
      () => expect(wire.sent.at(-1)?.message.head).toMatchObject({ kind: 'moves', member: two.id }),
      wait,
    )
    wire.lose(undefined)
    one.bus.connect(false)
    one.bus.connect(true)
    await vi.waitFor(() => expect(names(one.roster.list('r'))).toEqual(['alice', 'carol']), wait)
  })

  test('[RO13] a process that stood still takes nobody’s silence for death', async () => {
    const { one, two } = await openPair({ silentMs: 400, lingerMs: 1 })
    const until = performance.now() + 900
    while (performance.now() < until);
    await new Promise(resolve => setTimeout(resolve, 200))
    for (const { roster, told } of [one, two]) {
      expect(names(roster.list('r'))).toEqual(['alice', 'bob'])
      expect(kinds(told.get('r')).filter(kind => kind.startsWith('left'))).toEqual([])
    }
  })

  test('[RO20] about many rooms a process is asked in turn, and all of them are known in the end', async () => {
    const wire = openWire()
    const calm = { digestMs: 60_000, askAgainMs: 60_000 }
    const [one, two] = [openServer(wire, calm), openServer(wire, calm)]
    const rooms = Array.from({ length: 5_000 }, (_, i) => `room ${i}`)
    for (const room of rooms)
      for (const [server, user] of [
        [one, alice],
        [two, bob],
      ] as const)
        server.enter(room, user)
    await vi.waitFor(() => {
      for (const room of rooms) expect(names(two.roster.list(room))).toEqual(['alice', 'bob'])
    }, wait)
    two.bus.connect(false)
    for (const room of rooms) {
      one.leave(room, alice)
      one.enter(room, carol)
    }
    let [outstanding, most, asked] = [0, 0, 0]
    wire.lose((_, { head }) => {
      if (head.kind === 'rosterAsk' && head.member === two.id) {
        asked += head.rooms.length
        outstanding += head.rooms.length
      }
      most = Math.max(most, outstanding)
      if (head.kind === 'roster' && head.member === one.id) outstanding -= head.rooms.length
      return false
    })
    await new Promise(resolve => setTimeout(resolve, 100))
    two.bus.connect(true)
    await vi.waitFor(() => {
      for (const room of rooms) expect(names(two.roster.list(room))).toEqual(['bob', 'carol'])
    }, wait)
    expect(asked).toBe(5_000)
    expect(most).toBeLessThanOrEqual(2_000)
  })

  test('[RO11] a lost change is found by the next one', async () => {
    const { one, two, wire } = await openPair({ digestMs: 60_000, lingerMs: 60_000 })
    wire.lose((_, { head }) => head.kind === 'moves')
    two.enter('r', carol)
    wire.lose(undefined)
    two.enter('r', dan)
    await vi.waitFor(() => expect(names(one.roster.list('r'))).toEqual(['alice', 'bob', 'carol', 'dan']), wait)
  })

  test('[RO11] a lost last change is found by what its server has counted', async () => {
    const { one, two, wire } = await openPair()
    wire.lose((_, { head }) => head.kind === 'moves')
    two.enter('r', carol)
    two.leave('r', bob)
    wire.lose(undefined)
    await vi.waitFor(() => expect(names(one.roster.list('r'))).toEqual(['alice', 'carol']), wait)
  })

  test('[RO14] participants of the whole pool count for the limit', async () => {
    const { one, two } = await openPair({}, 5)
    const crowd = Array.from({ length: 4 }, (_, i) => person(`crowd ${i}`))
    for (const user of crowd.slice(0, 2)) one.enter('r', user)
    for (const user of crowd.slice(2)) two.enter('r', user)
    await vi.waitFor(() => {
      for (const { roster } of [one, two]) expect([roster.count('r'), roster.isLarge('r')]).toEqual([6, true])
    }, wait)
    expect(one.told.get('r')!.at(-1)).toEqual({ kind: 'roster', participants: 6, suspended: true })
    for (const user of crowd.slice(0, 2)) one.leave('r', user)
    two.leave('r', crowd[2]!)
    await vi.waitFor(() => {
      for (const { told } of [one, two])
        expect(told.get('r')!.at(-1)).toMatchObject({ kind: 'roster', participants: 3, suspended: false })
    }, wait)
  })

  test('[RO15] a list of thousands comes in messages that the bus takes, and a room that nobody hears here is asked for', async () => {
    const wire = openWire()
    const [one, three] = [openServer(wire), openServer(wire)]
    const crowd = Array.from({ length: 6_000 }, (_, i) => person(`somebody with a name of some length ${i}`))
    for (const user of crowd) one.enter('huge', user)
    const two = openServer(wire)
    two.enter('huge', alice)
    await vi.waitFor(() => expect(two.roster.count('huge')).toBe(6_001), wait)
    const lists = wire.sent.filter(({ message: { head } }) => head.kind === 'roster')
    expect(lists.length).toBeGreaterThan(1)
    for (const { message } of lists) expect(JSON.stringify(message.head).length).toBeLessThan(512 * 1024)
    await three.roster.known!('huge')
    expect(three.roster.list('huge')).toHaveLength(6_001)
    expect(await three.roster.counts!(['huge', 'nowhere'])).toEqual(
      new Map([
        ['huge', 6_001],
        ['nowhere', 0],
      ]),
    )
    // It is no room of its own: nothing of it stays.
    await vi.waitFor(() => expect(three.roster.count('huge')).toBe(0), wait)
  })

  test('[RO22] of rooms that nobody opened a server keeps its own people only, and who looks is told of all', async () => {
    const { one, two, wire } = await openPair({ digestMs: 60_000 })
    one.sync('s', alice)
    two.sync('s', alice)
    two.sync('s', bob)
    await vi.waitFor(
      () => expect(wire.sent.at(-1)!.message.head).toMatchObject({ kind: 'moves', member: two.id }),
      wait,
    )
    expect(names(one.roster.list('s'))).toEqual(['alice'])
    expect(one.roster.isKnown!('s')).toBe(false)
    expect(wire.sent.some(({ message: { head } }) => head.kind === 'rosterAsk' && head.rooms.includes('s'))).toBe(false)
    await one.roster.known!('s')
    expect(one.roster.isKnown!('s')).toBe(true)
    expect(names(one.roster.list('s'))).toEqual(['alice', 'bob'])
    two.sync('s', carol)
    await vi.waitFor(() => expect(names(one.roster.list('s'))).toEqual(['alice', 'bob', 'carol']), wait)
    // Nobody looks any more.
    await vi.waitFor(() => expect(names(one.roster.list('s'))).toEqual(['alice']), wait)
    one.leave('s', alice)
    expect(one.roster.count('s')).toBe(0)
  })

  test('[RO22] a room that was looked at is followed on where it is opened, and forgotten after its last opener', async () => {
    const { one, two } = await openPair({ digestMs: 60_000 })
    two.sync('s', bob)
    await one.roster.known!('s')
    one.enter('s', alice)
    await new Promise(resolve => setTimeout(resolve, 700))
    two.sync('s', carol)
    await vi.waitFor(() => expect(kinds(one.told.get('s'))).toEqual(['joined 1', 'joined 2', 'joined 3']), wait)
    one.leave('s', alice)
    await vi.waitFor(() => expect(one.roster.count('s')).toBe(0), wait)
    one.enter('s', alice)
    await vi.waitFor(() => expect(names(one.roster.list('s'))).toEqual(['alice', 'bob', 'carol']), wait)
  })

  test('[RO22] whether a room is large is what is known of it: all, or the own people', async () => {
    const { one, two } = await openPair({}, 2)
    for (const user of [alice, bob, carol]) two.sync('s', user)
    one.sync('s', dan)
    await one.roster.known!('s')
    expect([one.roster.count('s'), one.roster.isLarge('s')]).toEqual([4, true])
    await vi.waitFor(() => expect([one.roster.count('s'), one.roster.isLarge('s')]).toEqual([1, false]), wait)
  })

  test('[RO23] counts are of the whole pool, however many know their own people only', async () => {
    const { one, two, wire } = await openPair({ digestMs: 60_000 })
    const three = openServer(wire, { digestMs: 60_000 })
    await vi.waitFor(() => expect(three.roster.isKnown!('s')).toBe(false), wait)
    for (const server of [one, two]) server.sync('both', alice)
    one.sync('both', carol)
    two.sync('single', bob)
    const asks = () => wire.sent.filter(({ message: { head } }) => head.kind === 'rosterAsk').length
    await vi.waitFor(
      () => expect(wire.sent.filter(({ message: { head } }) => head.kind === 'moves').length).toBeGreaterThanOrEqual(4),
      wait,
    )
    const before = asks()
    const whole = new Map([
      ['r', 2],
      ['single', 1],
      ['nowhere', 0],
    ])
    expect(await three.roster.counts!([...whole.keys()])).toEqual(whole)
    expect(asks()).toBe(before)
    for (const { roster } of [one, two, three])
      expect(await roster.counts!(['both', 'single'])).toEqual(
        new Map([
          ['both', 2],
          ['single', 1],
        ]),
      )
  })

  test('[RO15] a join costs at most one message, however many are in the room', async () => {
    const { one, two, wire } = await openPair({ digestMs: 60_000, aliveMs: 60_000 })
    for (let n = 0; n < 200; n += 1) one.enter('r', person(`${n}`))
    await vi.waitFor(() => expect(two.roster.count('r')).toBe(202), wait)
    wire.sent.length = 0
    for (let n = 0; n < 5; n += 1) {
      two.enter('r', person(`more ${n}`))
      await vi.waitFor(() => expect(one.roster.count('r')).toBe(203 + n), wait)
    }
    expect(wire.sent.map(({ message }) => message.head.kind)).toEqual(Array(5).fill('moves'))
  })

  test.each([1, 2, 3, 4, 5, 6])('[RO11] lost, doubled and late news end in right rosters (seed %i)', async seed => {
    const random = openRandom(seed)
    const wire = openWire(random.fork('wire'))
    const servers = [openServer(wire), openServer(wire), openServer(wire)]
    const users = Array.from({ length: 10 }, (_, i) => person(`user ${i}`))
    const rooms = ['r', 's', 't', 'u']
    wire.disturb({ lost: 0.2, twice: 0.2, late: 0.4 })
    const walk = random.fork('walk')
    let dead = ''
    for (let step = 0; step < 400; step += 1) {
      await takeStep(walk, servers, users, rooms)
      if (step === 200) {
        // One dies, and another one comes.
        const [first] = servers.splice(0, 1) as [Server]
        first.crash()
        dead = first.id
        servers.push(openServer(wire))
      }
    }
    wire.disturb()
    for (const { bus } of servers) bus.connect(true)
    await vi.waitFor(() => {
      for (const { roster } of servers) roster.forget(dead)
      expectRight(servers, rooms, users)
    }, wait)
  })
})

async function takeStep(random: Random, servers: Server[], users: Principal[], rooms: string[]) {
  const [server, user, room] = [random.pick(servers), random.pick(users), random.pick(rooms)]
  const kind = random.below(20)
  if (kind < 10) server.enter(room, user)
  else if (kind < 18) server.leave(room, user, random.chance(0.5))
  else if (kind === 18) server.bus.connect(random.chance(0.7))
  else await new Promise(resolve => setTimeout(resolve, random.between(0, 15)))
}
