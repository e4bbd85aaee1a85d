import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { silentLog } from '../base/log.ts'
import type { Chat } from '../chat/chat.ts'
import type { BusHead, BusMessage } from '../pool/bus.ts'
import type { PresenceMove } from '../pool/roster.ts'
import type { Principal } from '../protocol/principal.ts'
import { type MergedRoster, openRoster } from './roster.ts'
import { openRosterExchange, type RosterExchange } from './roster-exchange.ts'

const person = (name: string): Principal => ({ id: randomUUID(), kind: 'user', name, displayName: name })
const people = Array.from({ length: 6 }, (_, i) => person(`p${i}`))
const [alice, bob, carol] = people as [Principal, Principal, Principal]
const names = (room = 'r') => roster.list(room).map(one => one.name)

let sent: BusHead[]
let known: Set<string>
let roster: MergedRoster
let exchange: RosterExchange
beforeEach(() => {
  vi.useFakeTimers()
  sent = []
  known = new Set()
  const bus = { publish: (_subject: string, { head }: BusMessage) => void sent.push(head), subscribe: () => () => {} }
  const chat = { member: 'me', bus, log: silentLog } as unknown as Chat
  roster = openRoster({ limit: () => 75, tell() {}, tellPool: (room, move) => exchange.tell(room, move) })
  // One that is heard of for the first time is found, as openMembers has it.
  const heard = (member: string) => {
    if (known.has(member)) return
    known.add(member)
    exchange.found(member)
  }
  exchange = openRosterExchange({ chat, roster, members: { all: () => [...known], heard } })
})
afterEach(async () => {
  const stopped = exchange.stop()
  roster.stop()
  vi.useRealTimers()
  await stopped
})

function lose(member: string) {
  known.delete(member)
  exchange.lost(member)
}

const told = (member: string, room: string, n: number, move: PresenceMove): BusHead => ({
  ...{ kind: 'moves', member },
  moves: [{ ...move, rooms: [[room, n]] }],
})
const list = (member: string, n: number, of: number, from: number, some: Principal[]): BusHead => ({
  ...{ kind: 'roster', member, people: some },
  rooms: [{ room: 'r', n, of, from, who: some.map((_, i) => i) }],
})
/** Messages that ask for lists. */
const asks = () => sent.filter(head => head.kind === 'rosterAsk').length

test('[RO17] who comes into many rooms at once, or leaves them, is one message', () => {
  const rooms = Array.from({ length: 16 }, (_, i) => `room ${i}`)
  for (const room of rooms) roster.enter(room, alice)
  for (const room of rooms) roster.enter(room, bob)
  expect(sent).toEqual([])
  vi.advanceTimersByTime(20)
  const firsts = rooms.map(room => [room, 1])
  const seconds = rooms.map(room => [room, 2])
  expect(sent).toEqual([
    {
      kind: 'moves',
      member: 'me',
      moves: [
        { joined: alice, rooms: firsts },
        { joined: bob, rooms: seconds },
      ],
    },
  ])
  sent.length = 0
  for (const room of rooms) roster.leave(room, alice.id, true)
  vi.advanceTimersByTime(200)
  expect(sent).toEqual([])
  vi.advanceTimersByTime(50)
  expect(sent).toMatchObject([{ moves: [{ left: alice.id, lingers: true, rooms: rooms.map(room => [room, 3]) }] }])
})

test('[RO17] many moves of one moment go in messages of a bounded size', () => {
  const rooms = Array.from({ length: 4_500 }, (_, i) => `a room with a name as long as an id ${i}`)
  for (const room of rooms) roster.enter(room, alice)
  vi.advanceTimersByTime(250)
  expect(sent).toHaveLength(3)
  for (const head of sent) expect(JSON.stringify(head).length).toBeLessThan(512 * 1024)
})

test('[RO17] what was counted is told after the moves that it counts', async () => {
  exchange.hear({ kind: 'rosterAsk', member: 'other', rooms: [] })
  await vi.advanceTimersByTimeAsync(9_995)
  roster.enter('r', alice)
  await vi.advanceTimersByTimeAsync(10)
  const kinds = sent.map(head => head.kind).filter(kind => kind === 'moves' || kind === 'digest')
  expect(kinds).toEqual(['moves', 'digest'])
})

test('[RO21] however many rooms have changed, a digest names 2,000, and all of them are told in the end', async () => {
  exchange.hear({ kind: 'rosterAsk', member: 'other', rooms: [] })
  const rooms = Array.from({ length: 5_000 }, (_, i) => `room ${i}`)
  for (const room of rooms) roster.enter(room, alice)
  const digests = async (count: number) => {
    sent.length = 0
    await vi.advanceTimersByTimeAsync(count * 10_000)
    return sent.flatMap(head => (head.kind === 'digest' ? [head.rooms.map(([room]) => room)] : []))
  }
  const first = await digests(4)
  expect(Math.max(...first.map(told => told.length))).toBe(2_000)
  expect(new Set(first.flat()).size).toBe(rooms.length)
  // Also where nothing changes.
  const later = await digests(6)
  expect(new Set(later.flat()).size).toBe(rooms.length)
  expect(later.flat().length).toBeLessThan(rooms.length * 1.3)
})

test('[RO19] moves that an earlier program tells room by room are heard', () => {
  exchange.begin('r')
  exchange.hear({ kind: 'presence', member: 'old', room: 'r', n: 1, joined: alice })
  exchange.hear({ kind: 'presence', member: 'old', room: 'r', n: 2, joined: bob })
  exchange.hear({ kind: 'presence', member: 'old', room: 'r', n: 3, left: alice.id, lingers: false })
  expect([names(), exchange.isKnown('r')]).toEqual([['p1'], true])
})

test('[RO12] slices of a list of a process that was lost meanwhile are none of what it says when it is back', () => {
  exchange.begin('r')
  exchange.hear(list('a', 5, 4, 0, people.slice(0, 2)))
  expect(names()).toEqual([])
  lose('a')
  exchange.hear(list('a', 5, 4, 2, people.slice(2, 4)))
  expect([names(), exchange.isKnown('r')]).toEqual([[], false])
  exchange.hear(list('a', 6, 1, 0, [carol]))
  expect([names(), exchange.isKnown('r')]).toEqual([['p2'], true])
})

test('[RO12] who is at a process that was lost and is back stays, and those of before linger', () => {
  exchange.begin('r')
  exchange.hear(list('a', 2, 2, 0, [alice, bob]))
  lose('a')
  exchange.hear(list('a', 3, 1, 0, [bob]))
  expect([names(), roster.told('r').length]).toEqual([['p1'], 2])
  vi.advanceTimersByTime(60_000)
  expect(roster.told('r')).toEqual([bob])
})

test('[RO18] a hundred processes that come and go, one after the other, leave nothing behind', async () => {
  exchange.begin('r')
  exchange.hear(told('stays', 'r', 1, { joined: alice }))
  for (let n = 0; n < 100; n += 1) {
    exchange.hear(told(`server ${n}`, 'r', 1, { joined: bob }))
    exchange.hear(told(`server ${n}`, 'r', 2, { joined: carol }))
    expect(names()).toEqual(['p0', 'p1', 'p2'])
    lose(`server ${n}`)
    expect(names()).toEqual(['p0'])
    await vi.advanceTimersByTimeAsync(1)
  }
})

test('[RO11] what was known of a room that is heard no more is not taken for what is known of the next one', () => {
  exchange.begin('r')
  exchange.hear(told('a', 'r', 1, { joined: alice }))
  exchange.hear(told('a', 'r', 2, { joined: bob }))
  exchange.end('r')
  roster.drop('r')
  exchange.begin('s')
  expect(exchange.isKnown('s')).toBe(false)
  exchange.hear(told('a', 's', 2, { joined: carol }))
  expect(names('s')).toEqual([])
  exchange.hear(told('a', 's', 1, { joined: alice }))
  expect([names('s'), exchange.isKnown('s')]).toEqual([['p0', 'p2'], true])
})

test('[RO11] a list that is older than the moves heard since changes nothing, and what is missing is asked for again', async () => {
  exchange.begin('r')
  exchange.hear(told('a', 'r', 1, { joined: alice }))
  exchange.hear(told('a', 'r', 2, { joined: bob }))
  exchange.hear(list('a', 1, 1, 0, [alice]))
  expect(names()).toEqual(['p0', 'p1'])
  exchange.hear(told('a', 'r', 5, { joined: carol }))
  const before = asks()
  await vi.advanceTimersByTimeAsync(10)
  expect([names(), asks()]).toEqual([['p0', 'p1'], before + 1])
  exchange.hear(list('a', 4, 1, 0, [bob]))
  expect(names()).toEqual(['p1', 'p2'])
  await vi.advanceTimersByTimeAsync(20_000)
  expect(asks()).toBe(before + 1)
})
