import { expect, test, vi } from 'vitest'
import { openRound } from './round.ts'

test('[WS5] a round visits everybody once, few in one turn, and nobody who was taken out', async () => {
  vi.useFakeTimers()
  const visits: number[] = []
  const round = openRound<number>(
    30_000,
    one => visits.push(one),
    error => {
      throw error
    },
  )
  const ends = Array.from({ length: 6_000 }, (_, one) => round.add(one))
  ends[7]!()
  let most = 0
  let before = 0
  for (let part = 0; part < 60; part += 1) {
    await vi.advanceTimersByTimeAsync(500)
    most = Math.max(most, visits.length - before)
    before = visits.length
  }
  expect(most).toBeLessThanOrEqual(200)
  expect(new Set(visits)).toEqual(new Set(Array.from({ length: 6_000 }, (_, one) => one).filter(one => one !== 7)))
  expect(visits.length).toBeLessThanOrEqual(6_200)
  await round.stop()
  vi.useRealTimers()
})
