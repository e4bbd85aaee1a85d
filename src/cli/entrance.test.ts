import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Entrance, openEntrance, type Taker } from './entrance.ts'

let entrance: Entrance | undefined
const clients: Socket[] = []

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
  entrance?.close()
})

async function open(): Promise<Entrance> {
  entrance = await openEntrance('localhost', 0)
  return entrance
}

async function enter(): Promise<Socket> {
  const client = connect(entrance!.port, '127.0.0.1')
  clients.push(client)
  await once(client, 'connect')
  return client
}

/** Notes the client ports that it was given. */
function openTaker(load = 0): Taker & { got: (number | undefined)[] } {
  const got: (number | undefined)[] = []
  return { got, load: () => load + got.length, take: socket => void got.push(socket.remotePort) }
}

const settled = () => new Promise(resolve => setTimeout(resolve, 50))

test('[WK11] a connection that nobody is there for waits for the next worker', async () => {
  const { port, join } = await open()
  expect(port).toBeGreaterThan(0)
  const client = await enter()
  await settled()
  const taker = openTaker()
  join(taker)
  expect(taker.got).toEqual([client.localPort])
  expect(client.destroyed).toBe(false)
})

test('[WK11] what was sent to a worker that died, or drains, goes to another one', async () => {
  const { join, bury, settle, retire } = await open()
  const [dead, draining, alive] = [openTaker(), openTaker(), openTaker()]
  join(dead)
  const client = await enter()
  await expect.poll(() => dead.got).toEqual([client.localPort])
  bury(dead)
  join(draining)
  expect(draining.got).toEqual([client.localPort])
  retire(draining)
  settle(draining, false)
  join(alive)
  expect(alive.got).toEqual([client.localPort])
  settle(alive, true)
  await enter()
  await expect.poll(() => alive.got.length).toBe(2)
  expect([dead.got.length, draining.got.length]).toEqual([1, 1])
})

test('[WK2] the least laden worker gets the next connection, and none gets two before it has answered', async () => {
  const { join, settle } = await open()
  const [idle, laden] = [openTaker(), openTaker(3)]
  join(idle)
  join(laden)
  for (let n = 1; n <= 3; n += 1) {
    await enter()
    await expect.poll(() => idle.got.length).toBe(n)
    settle(idle, true)
  }
  await enter()
  await expect.poll(() => idle.got.length + laden.got.length).toBe(4)
  await enter()
  await expect.poll(() => [idle.got.length, laden.got.length]).toEqual([4, 1])
  await enter()
  await settled()
  expect([idle.got.length, laden.got.length]).toEqual([4, 1])
  settle(laden, true)
  expect(laden.got).toHaveLength(2)
})
