import { expect, test } from 'vitest'
import { openGate } from './gate.ts'

test('[AD6] so many are inside at once; the others follow in their order', async () => {
  const gate = openGate(2)
  const order: number[] = []
  let inside = 0
  let most = 0
  await Promise.all(
    [1, 2, 3, 4, 5, 6].map(async n => {
      expect(await gate.enter(60_000, 10)).toBe(true)
      inside += 1
      most = Math.max(most, inside)
      order.push(n)
      await new Promise(resolve => setTimeout(resolve, 1))
      inside -= 1
      gate.leave()
    }),
  )
  expect(most).toBe(2)
  expect(order).toEqual([1, 2, 3, 4, 5, 6])
})

test('[AD6] who waits too long, or finds too many waiting, is sent away and takes no room', async () => {
  const gate = openGate(1)
  expect(await gate.enter(60_000, 1)).toBe(true)
  const patient = gate.enter(1, 1)
  expect(await gate.enter(60_000, 1)).toBe(false)
  expect(await patient).toBe(false)
  const next = gate.enter(60_000, 1)
  gate.leave()
  expect(await next).toBe(true)
  gate.leave()
  expect(await gate.enter(60_000, 1)).toBe(true)
})
