import { afterEach, expect, test, vi } from 'vitest'
import { listenForStop, unless } from './stopping.ts'

afterEach(() => {
  vi.useRealTimers()
  process.removeAllListeners('SIGINT')
})

test('[ST1] a second signal hurries, but not one that came with the first through npm and the launcher', async () => {
  vi.useFakeTimers()
  const { asked, hurried } = listenForStop()
  const drain = unless(hurried, new Promise(() => {}))
  for (let echo = 0; echo < 3; echo++) process.emit('SIGINT')
  expect([asked.aborted, hurried.aborted]).toEqual([true, false])
  vi.advanceTimersByTime(1_000)
  process.emit('SIGINT')
  expect(hurried.aborted).toBe(true)
  await drain
})
