import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Session } from './session.ts'
import { giveAll, never, nothingShown, type Sub } from './sub.ts'

function crowd(size: number): Map<Session, Sub> {
  const subs = new Map<Session, Sub>()
  for (let n = 0; n < size; n += 1) {
    const session = { id: randomUUID() } as Session
    subs.set(session, {
      session,
      state: 'live',
      lastSeq: 0,
      under: never,
      held: undefined,
      opened: false,
      revision: 0,
      settled: 0,
      shown: nothingShown,
      listed: 0,
    })
  }
  return subs
}

test('[LV16] a small room is served at once', () => {
  let served = 0
  expect(
    giveAll(crowd(50), () => {
      served += 1
    }),
  ).toBeUndefined()
  expect(served).toBe(50)
})

test('[LV16] a huge room is served in slices, so that other rooms do not wait for it', async () => {
  let huge = 0
  const waits = giveAll(crowd(16_000), () => {
    huge += 1
  })
  expect(huge).toBeLessThan(1_000)
  // Whatever else happens in the next turn comes long before the last of the 16,000.
  await new Promise(resolve => setImmediate(resolve))
  expect(huge).toBeLessThan(2_000)
  await waits
  expect(huge).toBe(16_000)
})

test('[LV16] who leaves a huge room meanwhile is skipped, who comes is served', async () => {
  const subs = crowd(2_000)
  const given = new Set<Session>()
  const waits = giveAll(subs, sub => given.add(sub.session))
  const last = [...subs.keys()].at(-1)!
  subs.delete(last)
  const [[session, sub]] = [...crowd(1)] as [[Session, Sub]]
  subs.set(session, sub)
  await waits
  expect(given.has(last)).toBe(false)
  expect(given.has(session)).toBe(true)
  expect(given.size).toBe(2_000)
})
