import { expect, test } from 'vitest'
import { type Lent, minPieceBytes, openLender } from './buffers.ts'

const mib = 1024 * 1024
const roomFor = (length: number) => length + 100

test('[FI41] one upload has pieces of 4 MiB, and no larger buffers than what is left of it', () => {
  const lender = openLender(roomFor)
  lender.begin()
  expect(lender.take(1_000 * mib).capacity).toBe(4 * mib)
  expect(lender.take(10).capacity).toBe(minPieceBytes)
  expect(lender.take(minPieceBytes + 1)).toMatchObject({ capacity: 2 * minPieceBytes })
  expect(lender.take(4 * mib).buffer.byteLength).toBe(4 * mib + 100)
})

test('[FI41] a buffer that came back is taken again where it fits, and counts once', () => {
  const lender = openLender(roomFor)
  lender.begin()
  const used = lender.take(4 * mib)
  lender.give(used)
  expect(lender.take(4 * mib, used)).toBe(used)
  expect(lender.take(mib, used)).not.toBe(used)
  expect(lender.lent()).toBe(5 * mib)
})

test('[FI41] many uploads hold no more than the total, however they come and go, but the smallest piece each', () => {
  const total = 64 * mib
  const lender = openLender(roomFor, total)
  const held: Lent[] = []
  for (let uploads = 1; uploads <= 400; uploads += 1) {
    lender.begin()
    // Those that were there first keep their large ones: they are slow.
    held.push(lender.take(100 * mib), lender.take(100 * mib))
    expect(lender.lent()).toBeLessThanOrEqual(total + 2 * uploads * minPieceBytes)
    expect(lender.lent()).toBe(held.reduce((sum, one) => sum + one.capacity, 0))
  }
  expect(lender.lent()).toBeLessThanOrEqual(total + 2 * 400 * minPieceBytes)
  for (const one of held.splice(0)) lender.give(one)
  expect(lender.lent()).toBe(0)
  for (let n = 0; n < 800; n += 1) held.push(lender.take(100 * mib))
  expect(lender.lent()).toBeLessThanOrEqual(total)
})
