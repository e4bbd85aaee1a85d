import { expect, test } from 'vitest'
import { openBucket, takeToken } from './rate.ts'

test('[RL7] a bucket gives its burst, then as many a second as it is told, and keeps no more than the burst', () => {
  const bucket = openBucket(3, 1_000)
  expect([1, 2, 3].map(() => takeToken(bucket, 10, 3, 1_000))).toEqual([0, 0, 0])
  expect(takeToken(bucket, 10, 3, 1_000)).toBeCloseTo(100)
  expect(takeToken(bucket, 10, 3, 1_050)).toBeCloseTo(50)
  expect(takeToken(bucket, 10, 3, 1_100)).toBe(0)
  expect(takeToken(bucket, 10, 3, 1_100)).toBeCloseTo(100)
  expect([1, 2, 3].map(() => takeToken(bucket, 10, 3, 3_600_000))).toEqual([0, 0, 0])
  expect(takeToken(bucket, 10, 3, 3_600_000)).toBeGreaterThan(0)
})

test('[RL7] who waits as long as he is told gets his token', () => {
  for (const perSecond of [0.1, 1, 3, 7, 1000]) {
    const bucket = openBucket(1, 0)
    takeToken(bucket, perSecond, 1, 0)
    const waitMs = takeToken(bucket, perSecond, 1, 0)
    expect(takeToken(bucket, perSecond, 1, Math.ceil(waitMs))).toBe(0)
  }
})

test('[RL8] a clock that is set back takes nothing away', () => {
  const bucket = openBucket(2, 1_000_000)
  expect(takeToken(bucket, 1, 2, 0)).toBe(0)
  expect(takeToken(bucket, 1, 2, 0)).toBe(0)
  expect(takeToken(bucket, 1, 2, 1_000)).toBe(0)
})

test('[RL8] a limit that is lowered holds at once', () => {
  const bucket = openBucket(1_000, 0)
  expect(takeToken(bucket, 1, 2, 0)).toBe(0)
  expect(takeToken(bucket, 1, 2, 0)).toBe(0)
  expect(takeToken(bucket, 1, 2, 0)).toBeCloseTo(1_000)
})
