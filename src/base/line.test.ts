import { expect, test } from 'vitest'
import { keepPlace, openLine, payAhead, takePlace } from './line.ts'

const rate = { perSecond: 10, burst: 4 }
const keys = (n: number, name = 'k') => Array.from({ length: n }, (_, i) => `${name}${i}`)

test('[AD1] a burst gets in, then as many a second as the rate says', () => {
  const line = openLine(rate.burst, 0)
  const waits = keys(8).map(key => takePlace(line, key, rate, 0))
  expect(waits.slice(0, 4)).toEqual([0, 0, 0, 0])
  expect(waits.slice(4)).toEqual([100, 200, 300, 400])
})

test('[AD2] each place is a step later than the one before, and who comes at his time gets in', () => {
  const line = openLine(rate.burst, 0)
  for (const key of keys(4)) takePlace(line, key, rate, 0)
  const late = keys(50, 'late')
  const waits = late.map(key => takePlace(line, key, rate, 0))
  expect(waits).toEqual(late.map((_, i) => (i + 1) * 100))
  expect(late.map((key, i) => takePlace(line, key, rate, waits[i]!))).toEqual(late.map(() => 0))
  expect(line.places.size).toBe(0)
})

test('[AD3] who comes too early keeps his place, and nobody gets in before him', () => {
  const line = openLine(rate.burst, 0)
  for (const key of keys(4)) takePlace(line, key, rate, 0)
  expect(takePlace(line, 'first', rate, 0)).toBe(100)
  expect(takePlace(line, 'second', rate, 0)).toBe(200)
  expect(takePlace(line, 'first', rate, 40)).toBe(60)
  // A token is there, and it is promised.
  expect(takePlace(line, 'new', rate, 110)).toBeCloseTo(190)
  expect(takePlace(line, 'first', rate, 120)).toBe(0)
  expect(takePlace(line, 'second', rate, 210)).toBe(0)
})

test('[AD3] crowds that go on coming do not keep anybody from his turn', () => {
  const line = openLine(rate.burst, 0)
  for (const key of keys(4)) takePlace(line, key, rate, 0)
  const due = new Map(keys(20, 'old').map(key => [key, takePlace(line, key, rate, 0)]))
  let strangers = 0
  for (let now = 1; now <= 2_000; now += 1) {
    for (let n = 0; n < 3; n += 1) {
      strangers += 1
      takePlace(line, `new${strangers}`, rate, now)
    }
    for (const [key, at] of due) {
      if (at > now) continue
      expect(takePlace(line, key, rate, now)).toBe(0)
      due.delete(key)
    }
  }
  expect(due.size).toBe(0)
})

test('[AD4] places that nobody comes for do not hold up the others, and are forgotten', () => {
  const line = openLine(rate.burst, 0)
  for (const key of keys(4)) takePlace(line, key, rate, 0)
  for (const key of keys(100, 'ghost')) takePlace(line, key, rate, 0)
  // The bucket fills although places are promised until 10 s.
  expect(takePlace(line, 'new', rate, 300)).toBe(0)
  expect(takePlace(line, 'new', rate, 300)).toBeGreaterThan(0)
  expect(takePlace(line, 'later', rate, 3_600_000)).toBe(0)
  expect(line.places.size).toBe(0)
})

test('[AD4] the line is bounded: the oldest places go', () => {
  const line = openLine(1, 0)
  for (let n = 0; n < 100_050; n += 1) keepPlace(line, `k${n}`, { perSecond: 1e6, burst: 1 }, 0)
  expect(line.places.size).toBe(100_000)
  expect(line.places.has('k49')).toBe(false)
  expect(line.places.has('k50')).toBe(true)
})

test('[AD5] what was paid ahead needs no token, once, and not for ever', () => {
  const line = openLine(1, 0)
  const one = { perSecond: 1, burst: 1 }
  expect(takePlace(line, 'a', one, 0)).toBe(0)
  payAhead(line, 'a', 0)
  expect(takePlace(line, 'b', one, 0)).toBe(1_000)
  expect(takePlace(line, 'a', one, 0)).toBe(0)
  expect(takePlace(line, 'a', one, 0)).toBe(2_000)
  payAhead(line, 'c', 0)
  expect(takePlace(line, 'd', one, 70_000)).toBe(0)
  expect(line.paid.size).toBe(0)
})
