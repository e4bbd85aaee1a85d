import { expect, test, vi } from 'vitest'
import { Addresses } from './addresses.ts'

const HOME = 'http://one:1'
const [one, two, three] = ['ws://one:1/ws', 'ws://two:1/ws', 'ws://three:1/ws'] as const
const pool = [one, two, three]

/** Chance that goes through all that there is. */
function turning(): () => number {
  let turn = 0
  return () => {
    turn += 1
    return (turn % 10) / 10
  }
}

test('[CL15] after signing in any of the pool’s servers is picked, so that users spread over them', () => {
  const picked = new Map<string, number>()
  const random = turning()
  for (let user = 0; user < 300; user += 1) {
    const addresses = new Addresses(HOME, random)
    addresses.learn({ servers: pool }, true)
    addresses.spread(pool)
    picked.set(addresses.current, (picked.get(addresses.current) ?? 0) + 1)
  }
  expect([...picked.keys()].sort()).toEqual([...pool].sort())
  for (const count of picked.values()) expect(count).toBeGreaterThan(50)
})

test('[CL15] with one server the given address stays', () => {
  const addresses = new Addresses('http://proxy', () => 0.99)
  addresses.learn({ servers: [two] }, true)
  addresses.spread([two])
  expect(addresses.current).toBe('ws://proxy/ws')
})

test('[CL17] who failed is left alone while others are free, and tried again in the order of failing', () => {
  vi.useFakeTimers()
  const addresses = new Addresses(HOME, () => 0)
  addresses.learn({ servers: pool }, true)
  expect(addresses.moveOn(0)).toBe(0)
  expect(addresses.current).toBe(two)
  vi.advanceTimersByTime(10)
  expect(addresses.moveOn(0)).toBe(0)
  expect(addresses.current).toBe(three)
  vi.advanceTimersByTime(10)
  addresses.moveOn(0)
  expect(addresses.current).toBe(one)
  vi.useRealTimers()
})

test('[CL17] where all sent us away, it is the one that said the earliest, when it said', () => {
  vi.useFakeTimers()
  const addresses = new Addresses(HOME, () => 0)
  addresses.learn({ servers: pool }, true)
  addresses.moveOn(9_000)
  addresses.moveOn(4_000)
  expect(addresses.moveOn(6_000)).toBe(4_000)
  expect(addresses.current).toBe(two)
  addresses.reached()
  expect(addresses.moveOn(5_000)).toBe(5_000)
  vi.useRealTimers()
})

test('[CL18] what vanished from the list is not tried again', () => {
  const addresses = new Addresses(HOME, () => 0.99)
  addresses.learn({ servers: pool }, true)
  addresses.moveOn(1_000)
  expect(addresses.current).toBe(three)
  addresses.learn({ servers: [one, two] }, true)
  expect(addresses.current).toBe(three)
  expect(addresses.hasOthers).toBe(true)
  addresses.moveOn(0)
  expect(addresses.current).toBe(two)
})

test('[CL18] without a token another host is no choice', () => {
  const addresses = new Addresses(HOME, () => 0)
  addresses.learn({ servers: pool }, false)
  expect(addresses.hasOthers).toBe(false)
})

test('[FR12] where sign-in is apart the given address takes no session, and those that failed at signing in are last', () => {
  const addresses = new Addresses('http://front', () => 0)
  expect([addresses.web, addresses.isApart]).toEqual(['http://front', false])
  const known = { servers: [one, two], webServices: ['http://front', 'http://other'] }
  addresses.learn(known, true)
  addresses.spread(known.servers)
  expect([addresses.current, addresses.web, addresses.isApart]).toEqual([one, 'http://front', true])
  addresses.webFailed()
  addresses.learn(known, true)
  expect(addresses.web).toBe('http://other')
  addresses.moveOn(1_000)
  expect(addresses.current).toBe(two)
  addresses.moveOn(2_000)
  expect(addresses.current).toBe(one)
  addresses.learn({ ...known, servers: [three] }, true)
  addresses.settle()
  expect([addresses.current, addresses.hasOthers]).toEqual([three, false])
})

test('[FR12] the address of a server of the pool stays one, and sign-in goes to the Front End Servers', () => {
  const addresses = new Addresses(HOME, () => 0.99)
  addresses.learn({ servers: pool, webServices: ['http://front'] }, true)
  expect([addresses.current, addresses.web]).toEqual([one, 'http://front'])
  addresses.learn({ servers: [], webServices: [] }, true)
  addresses.settle()
  expect([addresses.current, addresses.web]).toEqual([one, 'http://front'])
})

test('[FR12] nobody signs in where it is less safe than at the given address', () => {
  const addresses = new Addresses('https://front', () => 0)
  addresses.learn(
    { servers: ['wss://two/ws'], webServices: ['http://10.0.0.5:8080', 'https://other', 'no address'] },
    true,
  )
  addresses.webFailed()
  expect(addresses.web).toBe('https://other')
  addresses.webFailed()
  expect(addresses.web).toBe('https://front')
})

test('[FR12] a page of one Front End Server goes to servers as safe as itself only', () => {
  const addresses = new Addresses('https://front', () => 0)
  addresses.learn({ servers: [one, 'wss://two/ws'], webServices: [] }, true)
  addresses.settle()
  expect([addresses.current, addresses.hasOthers]).toEqual(['wss://two/ws', false])
})
