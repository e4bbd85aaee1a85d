import { expect, test } from 'vitest'
import { busContract } from './bus.contract.ts'
import type { Bus } from './bus.ts'
import { type BusSignal, type Channel, openChannel as openBoundedChannel, openParentBus, openRelay } from './parent.ts'

/** Two ends of a channel, delivering in order in later turns, as between processes. */
function openChannel(): [Channel, Channel] {
  const hearers: ((signal: BusSignal) => void)[][] = [[], []]
  const end = (own: number): Channel => ({
    send: signal => setImmediate(() => hearers[1 - own]!.forEach(hear => void hear(structuredClone(signal)))),
    onSignal: hear => void hearers[own]!.push(hear),
  })
  return [end(0), end(1)]
}

function openWorkers() {
  const relay = openRelay()
  const leaves: (() => void)[] = []
  return {
    open(): Bus {
      const [worker, parent] = openChannel()
      leaves.push(relay.join(parent))
      return openParentBus(worker)
    },
    leave: (worker: number) => leaves[worker]!(),
  }
}

const settled = () => new Promise<void>(resolve => setTimeout(resolve, 10))

busContract('through the parent process', async () => {
  const workers = openWorkers()
  return { open: async () => workers.open(), settled, close: async () => {} }
})

test('[PO4] workers hear each other through their parent, once, and only what they asked for', async () => {
  const workers = openWorkers()
  const [a, b, c] = [workers.open(), workers.open(), workers.open()]
  const heard: string[] = []
  a.subscribe('room.1', ({ frame }) => void heard.push(`a${frame![0]}`))
  const end = b.subscribe('room.1', ({ frame }) => void heard.push(`b${frame![0]}`))
  c.subscribe('room.2', () => void heard.push('c'))
  await settled()
  a.publish('room.1', { head: { kind: 'directory', version: 1 }, frame: Buffer.from([1]) })
  await settled()
  end()
  await settled()
  c.publish('room.1', { head: { kind: 'directory', version: 2 }, frame: Buffer.from([2]) })
  await settled()
  expect(heard).toEqual(['a1', 'b1', 'a2'])
})

test('[PO4] a worker that is gone is sent nothing', async () => {
  const workers = openWorkers()
  const [a, b] = [workers.open(), workers.open()]
  let heard = 0
  b.subscribe('pool', () => {
    heard += 1
  })
  await settled()
  workers.leave(1)
  a.publish('pool', { head: { kind: 'settings', version: 1 } })
  await settled()
  expect(heard).toBe(0)
})

test('[WK12] news to a process that does not read are dropped beyond a bound, what it asks for never', () => {
  const waiting: { signal: BusSignal; written: () => void }[] = []
  let losses = 0
  const channel = openBoundedChannel({
    write: (signal, written) => void waiting.push({ signal, written }),
    onSignal: () => {},
    onLoss: () => {
      losses += 1
    },
  })
  const frame = Buffer.alloc(1024 * 1024)
  const publish = () => channel.send({ bus: 'publish', subject: 'pool', head: { kind: 'settings', version: 1 }, frame })
  for (let n = 0; n < 100; n += 1) publish()
  expect(losses).toBe(1)
  expect(waiting.length).toBeLessThanOrEqual(32)
  const before = waiting.length
  channel.send({ bus: 'subscribe', subject: 'room.1' })
  expect(waiting).toHaveLength(before + 1)
  for (const { written } of waiting.splice(0)) written()
  publish()
  expect(waiting).toHaveLength(1)
  for (let n = 0; n < 100; n += 1) publish()
  expect(losses).toBe(2)
})
