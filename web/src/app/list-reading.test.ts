import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Principal } from '../../../src/protocol/principal.ts'
import { createListReading, further } from './list-reading.ts'

const list = (length: number, isWhole: boolean) => ({ people: Array<Principal>(length), isWhole })

test('[RP38] a reading of a list that ends sooner than what is known takes nothing away, whichever answer came last', () => {
  const [short, long, whole, newer] = [list(100, false), list(1000, false), list(900, true), list(899, true)]
  expect(further(short, long)).toBe(long)
  expect(further(long, short)).toBe(long)
  expect(further(long, whole)).toBe(whole)
  expect(further(whole, long)).toBe(whole)
  expect(further(whole, newer)).toBe(newer)
})

test('[RP38] a list is read on once at a time: who asks for no more waits for what is under way, who asks for more comes after it', async () => {
  const asked: number[] = []
  let running = 0
  const readOn = createListReading(async atLeast => {
    asked.push(atLeast)
    running += 1
    expect(running).toBe(1)
    // The first one is the slowest.
    await sleep(30 / asked.length)
    running -= 1
    if (atLeast === 200) throw new Error('cut off')
  })
  const ends = await Promise.allSettled([readOn(200), readOn(200), readOn(1000), readOn(900)])
  expect(ends.map(end => end.status)).toEqual(['rejected', 'rejected', 'fulfilled', 'fulfilled'])
  expect(asked).toEqual([200, 1000])
  await readOn(300)
  expect(asked).toEqual([200, 1000, 300])
})
