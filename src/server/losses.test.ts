import { expect, test } from 'vitest'
import { inSlices, openLosses } from './losses.ts'

test('[RM19] who was told is told no more, and who is out by a later change not by what was read before it', () => {
  const losses = openLosses()
  losses.note('room', 'alice')
  losses.note('room', 'bob')
  const listed = losses.list()
  expect(listed.map(losses.stands)).toEqual([true, true])
  losses.settle('room', 'alice')
  losses.settle('room', 'bob')
  losses.note('room', 'bob')
  expect(listed.map(losses.stands)).toEqual([false, false])
  expect(losses.list(new Set(['bob'])).map(losses.stands)).toEqual([true])
})

test('[RM19] losses are looked at in slices, each in one', () => {
  const losses = openLosses()
  for (let n = 0; n < 1_001; n += 1) losses.note(`${n % 7}`, `${n}`)
  const slices = [...inSlices(losses.list())]
  expect(slices.map(some => some.length)).toEqual([500, 500, 1])
  expect(new Set(slices.flat()).size).toBe(1_001)
})
