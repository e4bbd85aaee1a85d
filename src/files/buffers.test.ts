import { expect, test, vi } from 'vitest'
import { type Lent, minPieceBytes, openLender } from './buffers.ts'

const mib = 1024 * 1024
const roomFor = (length: number) => length + 100

test('[FI41] one upload has pieces of 4 MiB, and no larger buffers than it needs', () => {
  const lender = openLender(roomFor)
  lender.begin()
  expect(lender.take(1_000 * mib).capacity).toBe(4 * mib)
  expect(lender.take(10).capacity).toBe(minPieceBytes)
  expect(lender.take(minPieceBytes + 1).capacity).toBe(2 * minPieceBytes)
  expect(lender.take(4 * mib).buffer.byteLength).toBe(4 * mib + 100)
  lender.end()
})

test('[FI41] a buffer that came back is lent again where it fits, one that was lost is not, and after a while none is kept', () => {
  vi.useFakeTimers()
  const lender = openLender(roomFor)
  lender.begin()
  const used = lender.take(4 * mib)
  const lost = lender.take(4 * mib)
  lender.give(used, used.buffer)
  lender.give(lost)
  expect(lender.held()).toEqual({ lent: 0, spare: 4 * mib })
  // It has more room than is needed, which is better than another one.
  const again = lender.take(10)
  expect(again.buffer).toBe(used.buffer)
  expect(lender.take(4 * mib).buffer).not.toBe(used.buffer)
  lender.give(again, again.buffer)
  lender.end()
  expect(lender.held()).toEqual({ lent: 4 * mib, spare: 4 * mib })
  vi.advanceTimersByTime(60_000)
  expect(lender.held()).toEqual({ lent: 4 * mib, spare: 0 })
  vi.useRealTimers()
})

test('[FI41] many uploads hold no more than the total, however they come and go, but the smallest piece each', () => {
  const total = 64 * mib
  const lender = openLender(roomFor, total)
  const taken: Lent[] = []
  const sum = () => lender.held().lent + lender.held().spare
  for (let uploads = 1; uploads <= 400; uploads += 1) {
    lender.begin()
    // Those that were there first keep their large ones: they are slow.
    taken.push(lender.take(100 * mib), lender.take(100 * mib))
    expect(sum()).toBeLessThanOrEqual(total + 2 * uploads * minPieceBytes)
    expect(lender.held().lent).toBe(taken.reduce((bytes, one) => bytes + one.capacity, 0))
  }
  for (const one of taken.splice(0)) lender.give(one, one.buffer)
  expect(lender.held().lent).toBe(0)
  expect(sum()).toBeLessThanOrEqual(total)
  for (let n = 0; n < 800; n += 1) taken.push(lender.take(100 * mib))
  expect(sum()).toBeLessThanOrEqual(total)
})
