import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openLingering } from './lingering.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('[RO3] everybody’s time is over once, in the order of beginning and under the own ticket, however many there are', () => {
  const over: string[] = []
  const lingering = openLingering(60_000, (room, person, ticket) => over.push(`${room} ${person} ${ticket}`))
  const begun: string[] = []
  for (let wave = 0; wave < 3; wave += 1) {
    for (let person = 0; person < 9_000; person += 1) begun.push(`r ${person} ${lingering.begin('r', person)}`)
    vi.advanceTimersByTime(25_000)
  }
  expect(over).toEqual(begun.slice(0, 9_000))
  vi.advanceTimersByTime(60_000)
  expect(over).toEqual(begun)
  expect(new Set(begun.map(line => line.split(' ')[2])).size).toBe(27_000)
  begun.push(`s 1 ${lingering.begin('s', 1)}`)
  vi.advanceTimersByTime(59_999)
  expect(over).toHaveLength(27_000)
  vi.advanceTimersByTime(1)
  expect(over).toEqual(begun)
  lingering.stop()
})

test('[RO3] after its end nobody’s time is over', () => {
  const over = vi.fn()
  const lingering = openLingering(60_000, over)
  lingering.begin('r', 1)
  lingering.stop()
  vi.advanceTimersByTime(120_000)
  expect(over).not.toHaveBeenCalled()
})
