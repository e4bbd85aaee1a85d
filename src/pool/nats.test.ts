import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Nats, openNats } from '../../test/nats.ts'
import { silentLog } from '../base/log.ts'
import { busContract } from './bus.contract.ts'
import type { BusHead, Subject } from './bus.ts'
import { type NatsBus, openNatsBus } from './nats.ts'

let nats: Nats
beforeAll(async () => {
  nats = await openNats()
})
afterAll(() => nats.stop())

const settled = () => new Promise<void>(resolve => setTimeout(resolve, 60))

async function openConnected(pool: string, maxSingles?: number): Promise<NatsBus> {
  const bus = openNatsBus({ url: nats.url, pool, log: silentLog, ...(maxSingles === undefined ? {} : { maxSingles }) })
  await vi.waitFor(() => expect(bus.isConnected()).toBe(true), 10_000)
  return bus
}

for (const [name, maxSingles] of [
  ['through NATS', undefined],
  ['through NATS, of all rooms and users', 0],
] as const)
  busContract(name, async () => {
    const pool = `p${Math.random()}`.replace('.', '')
    const buses: NatsBus[] = []
    return {
      async open() {
        const bus = await openConnected(pool, maxSingles)
        buses.push(bus)
        return bus
      },
      settled,
      async close() {
        for (const bus of buses) await bus.close()
      },
    }
  })

const news = (version: number) => ({ head: { kind: 'directory', version } as const, frame: Buffer.from([version]) })

test('[PO1] what one server publishes the others hear once, of their pool only', async () => {
  const [a, b, c] = [await openConnected('one'), await openConnected('one'), await openConnected('two')]
  const heard: string[] = []
  for (const [name, bus] of Object.entries({ a, b, c }))
    bus.subscribe('room.1', ({ frame }) => void heard.push(`${name}${frame![0]}`))
  await settled()
  a.publish('room.1', news(1))
  b.publish('room.1', news(2))
  await settled()
  expect(heard.sort()).toEqual(['a1', 'a2', 'b1', 'b2'])
  for (const bus of [a, b, c]) await bus.close()
})

test('[PO2] while NATS is away a server hears itself, nothing is kept for later, and it comes back by itself', async () => {
  const [a, b] = [await openConnected('away'), await openConnected('away')]
  const heard: number[] = []
  const own: number[] = []
  b.subscribe('pool', ({ frame }) => void heard.push(frame![0]!))
  a.subscribe('pool', ({ frame }) => void own.push(frame![0]!))
  await nats.stop()
  await vi.waitFor(() => expect([a.isConnected(), b.isConnected()]).toEqual([false, false]), 10_000)
  a.publish('pool', news(1))
  expect(own).toEqual([1])
  await nats.start()
  await vi.waitFor(() => expect([a.isConnected(), b.isConnected()]).toEqual([true, true]), 15_000)
  await settled()
  a.publish('pool', news(2))
  await vi.waitFor(() => expect(heard).toEqual([2]), 5_000)
  await a.close()
  await b.close()
})

test('[PO3] a server starts while NATS is away, and what is no message of ours is passed over', async () => {
  await nats.stop()
  const bus = openNatsBus({ url: nats.url, pool: 'late', log: silentLog })
  const heard: number[] = []
  bus.subscribe('pool', ({ frame }) => void heard.push(frame![0]!))
  bus.publish('pool', news(1))
  expect(heard).toEqual([1])
  await nats.start()
  await vi.waitFor(() => expect(bus.isConnected()).toBe(true), 15_000)
  const other = await openConnected('late')
  const { connect } = await import('@nats-io/transport-node')
  const stranger = await connect({ servers: nats.url })
  for (const bytes of ['', 'x', 'garbage of some length', '\u0000\u0000\u0000\u0002{}'])
    stranger.publish('pchat.late.pool', bytes)
  await stranger.close()
  other.publish('pool', news(2))
  await vi.waitFor(() => expect(heard.filter(n => n > 0)).toEqual([1, 2]), 5_000)
  await bus.close()
  await other.close()
})

test('[PO6] whatever comes that is no message of ours is passed over, and hearing goes on', async () => {
  const bus = await openConnected('garbage')
  const other = await openConnected('garbage')
  const heard: BusHead[] = []
  bus.subscribe('pool', ({ head }) => void heard.push(head))
  bus.subscribe('pool', ({ head }) => {
    if (head.kind === 'settings') throw new Error('a fault of ours')
  })
  await settled()
  const { connect } = await import('@nats-io/transport-node')
  const stranger = await connect({ servers: nats.url })
  const stamp = { room: 1, scope: 1, directory: 1, settings: 1 }
  const heads = [
    null,
    7,
    [],
    { kind: 7 },
    { kind: 'toString' },
    { kind: 'message', room: 'r', seq: 1, stamp },
    { kind: 'directory', version: '1' },
    { kind: 'ended' },
    { kind: 'digest', member: 'm' },
    { kind: 'countAsk', member: 'a b', ask: 1, rooms: [] },
    { kind: 'presence', room: 'r', member: 'm', n: 1 },
    { kind: 'roster', member: 'm', people: [null], rooms: [] },
    { kind: 'alive', member: 'x'.repeat(101) },
    { kind: 'of a later version', version: 1 },
  ]
  for (const head of heads) {
    const json = Buffer.from(JSON.stringify(head))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(json.length)
    stranger.publish('pchat.garbage.pool', Buffer.concat([length, json]))
  }
  await stranger.close()
  other.publish('pool', { head: { kind: 'settings', version: 1 } })
  other.publish('pool', { head: { kind: 'directory', version: 2 } })
  await vi.waitFor(() => expect(heard.map(head => head.kind)).toEqual(['settings', 'directory']), 5_000)
  expect(bus.isConnected()).toBe(true)
  await bus.close()
  await other.close()
})

test('[PO7] a NATS that refuses the sign-in for a while is tried for ever', async () => {
  await nats.stop()
  await nats.start('--user', 'pchat', '--pass', 'right')
  const bus = openNatsBus({ url: nats.url.replace('//', '//pchat:right@'), pool: 'refused', log: silentLog })
  await vi.waitFor(() => expect(bus.isConnected()).toBe(true), 10_000)
  await nats.stop()
  await nats.start('--user', 'pchat', '--pass', 'other')
  // Longer than two tries to come back.
  await new Promise(resolve => setTimeout(resolve, 3_000))
  expect(bus.isConnected()).toBe(false)
  await nats.stop()
  await nats.start('--user', 'pchat', '--pass', 'right')
  await vi.waitFor(() => expect(bus.isConnected()).toBe(true), 15_000)
  await bus.close()
})

/** What the pool's servers ask NATS for, as it tells itself at that port. */
async function askedFor(pool: string, port: number): Promise<string[]> {
  const response = await fetch(`http://127.0.0.1:${port}/connz?subs=1`)
  const { connections } = (await response.json()) as { connections: { name?: string; subscriptions_list?: string[] }[] }
  return connections.filter(({ name }) => name === `pchat ${pool}`).flatMap(one => one.subscriptions_list ?? [])
}

test('[PO8] a server that hears many rooms asks for all, then for few one by one, and hears each message once and in order meanwhile', async () => {
  const monitorPort = nats.port + 1
  await nats.stop()
  await nats.start('-m', String(monitorPort))
  const rooms = Array.from({ length: 40 }, (_, i): Subject => `room.${i}`)
  const bus = await openConnected('many', 16)
  const others = [await openConnected('many'), await openConnected('many')]
  const subscriptions = (...names: string[]) =>
    vi.waitFor(
      async () => expect((await askedFor('many', monitorPort)).sort()).toEqual(names.map(one => `pchat.many.${one}`)),
      20_000,
    )
  const heard = new Map<Subject, number[][]>()
  const hear = (room: Subject) => {
    const versions: number[][] = others.map(() => [])
    heard.set(room, versions)
    return bus.subscribe(room, ({ head, frame }) => {
      if (head.kind === 'directory') versions[frame![0]!]!.push(head.version)
    })
  }
  let said = 0
  const talking = setInterval(() => {
    for (let i = 0; i < 20; i += 1, said += 1)
      for (const [which, other] of others.entries())
        other.publish(rooms[said % rooms.length]!, { ...news(said), frame: Buffer.from([which]) })
  }, 2)
  const ends = rooms.slice(0, 3).map(hear)
  await subscriptions('room.0', 'room.1', 'room.2')
  await vi.waitFor(() => expect(heard.get('room.2')!.every(versions => versions.length > 0)).toBe(true), 10_000)
  const passing = rooms.slice(3).map(hear)
  await subscriptions('room.*')
  for (const end of passing) end()
  await subscriptions('room.0', 'room.1', 'room.2')
  clearInterval(talking)
  const last = said - rooms.length
  await vi.waitFor(() => {
    for (const room of rooms.slice(0, 3))
      for (const versions of heard.get(room)!) expect(versions.at(-1)).toBeGreaterThanOrEqual(last)
  }, 10_000)
  for (const [room, each] of heard)
    for (const versions of each) {
      const [first] = versions
      expect(versions, room).toEqual(versions.map((_, i) => first! + i * rooms.length))
    }
  for (const end of ends) end()
  for (const one of [bus, ...others]) await one.close()
})

test('[PO8] a server that hears many rooms asks for all at once when NATS comes, and again when it comes back', async () => {
  const monitorPort = nats.port + 1
  await nats.stop()
  const bus = openNatsBus({ url: nats.url, pool: 'back', log: silentLog, maxSingles: 16 })
  const heard: number[] = []
  for (let i = 0; i < 40; i += 1) bus.subscribe(`room.${i}`, ({ frame }) => void heard.push(frame![0]!))
  bus.subscribe('user.1', () => {})
  for (let version = 1; version <= 2; version += 1) {
    await nats.start('-m', String(monitorPort))
    await vi.waitFor(() => expect(bus.isConnected()).toBe(true), 15_000)
    await vi.waitFor(
      async () =>
        expect((await askedFor('back', monitorPort)).sort()).toEqual(['pchat.back.room.*', 'pchat.back.user.1']),
      10_000,
    )
    const other = await openConnected('back')
    other.publish('room.7', news(version))
    other.publish('room.99', news(9))
    await vi.waitFor(() => expect(heard.at(-1)).toBe(version), 5_000)
    await other.close()
    await nats.stop()
  }
  await settled()
  expect(heard).toEqual([1, 2])
  await bus.close()
  await nats.start()
})
