import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { openHistogram, toLoadHistogram } from './histogram.ts'

const time = fc.double({ min: 0.01, max: 900_000, noNaN: true })
const exact = (times: number[], share: number) =>
  times.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(times.length * share) - 1)]!

test('[LD20] each percentile is right to two per cent, the longest time to four digits', () => {
  void fc.assert(
    fc.property(fc.array(time, { minLength: 1, maxLength: 300 }), times => {
      const histogram = openHistogram()
      for (const ms of times) histogram.record(ms)
      const { count, p50Ms, p90Ms, p99Ms, maxMs } = toLoadHistogram('x', histogram.data())
      expect(count).toBe(times.length)
      for (const [told, share] of [
        [p50Ms, 0.5],
        [p90Ms, 0.9],
        [p99Ms, 0.99],
      ] as const)
        expect(Math.abs(told / exact(times, share) - 1)).toBeLessThan(0.02)
      expect(maxMs).toBeCloseTo(Number(Math.max(...times).toPrecision(4)), 6)
    }),
  )
})

test('[LD20] what several processes counted adds up as if one had, and travels as plain data', () => {
  const [all, one, other] = [openHistogram(), openHistogram(), openHistogram()]
  for (const ms of [0.5, 3, 3, 70, 12_000, 0.001, 5_000_000]) all.record(ms)
  for (const ms of [0.5, 3, 12_000]) one.record(ms)
  for (const ms of [3, 70, 0.001, 5_000_000]) other.record(ms)
  one.add(JSON.parse(JSON.stringify(other.data())))
  expect(one.data()).toEqual(all.data())
  const { count, buckets, maxMs } = toLoadHistogram('x', one.data())
  expect(buckets.reduce((sum, [, each]) => sum + each, 0)).toBe(count)
  expect(buckets.map(([upToMs]) => upToMs)).toEqual(buckets.map(([upToMs]) => upToMs).toSorted((a, b) => a - b))
  expect(maxMs).toBe(5_000_000)
})

test('[LD20] of nothing every percentile is 0', () => {
  expect(toLoadHistogram('x', openHistogram().data())).toEqual({
    ...{ kind: 'x', count: 0, buckets: [] },
    ...{ p50Ms: 0, p90Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0 },
  })
})
