import { expect, test } from 'vitest'
import { busContract } from './bus.contract.ts'
import { openLocalBus } from './local.ts'

busContract('within one process', async () => {
  const bus = openLocalBus()
  return { open: async () => bus, settled: async () => {}, close: () => bus.close() }
})

test('[LV12] within one process it is heard before publish returns', () => {
  const bus = openLocalBus()
  let heard = 0
  bus.subscribe('pool', () => {
    heard += 1
  })
  bus.publish('pool', { head: { kind: 'settings', version: 1 } })
  expect(heard).toBe(1)
})
