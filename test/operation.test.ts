import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLocalBus } from '../src/pool/local.ts'
import { storeRefusal } from '../src/store/db.ts'
import { openSite, type Site } from './harness.ts'

const patience = { timeout: 30_000 }

let site: Site
beforeAll(async () => {
  site = await openSite({ bus: openLocalBus() })
}, 60_000)
afterAll(() => site.stop())

async function look(url: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return new Map(
    [...text.matchAll(/^(\w+(?:\{[^}]*\})?) (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
  )
}

test('[OP1] [OP2] /metrics has what the process takes, and who waits where', async () => {
  const seen = await look(site.url)
  for (const name of ['pchat_resident_bytes', 'pchat_cpu_seconds_total', 'pchat_open_descriptors'])
    expect(seen.get(name), name).toBeGreaterThan(0)
  for (const line of ['posts', 'admission', 'admission, told to come later', 'sign-in'])
    expect(seen.get(`pchat_waiting{line="${line}"}`), line).toBe(0)
})

test('[OP3] statements and transactions of the store are timed, and the wait for a connection', async () => {
  const category = await site.addCategory({ allowedMembers: ['example.com'] })
  const room = await site.addRoom({ category: category.id, members: ['admin@example.com'] })
  const before = await look(site.url)
  await site.admin.call('message.post', { room: room.id, clientId: randomUUID(), text: 'timed' })
  const after = await look(site.url)
  for (const what of ['statement', 'transaction', 'connection']) {
    const name = `pchat_store_seconds_count{what="${what}"}`
    expect(after.get(name)! - (before.get(name) ?? 0), what).toBeGreaterThan(0)
  }
  expect(after.get('pchat_store_seconds_sum{what="transaction"}')).toBeGreaterThan(0)
})

const connects = `
  const [port, count] = process.argv.slice(1).map(Number)
  let connected = 0
  const end = () => { console.log(connected); process.exit() }
  for (let n = 0; n < count; n += 1) require('node:net').connect(port, '127.0.0.1', () => { connected += 1; if (connected === count) end() })
  setTimeout(end, 20_000)`

test('[OP7] as many connections wait to be accepted as the kernel allows', async () => {
  const allowed = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'))
  const count = Math.min(1_000, allowed)
  // Nothing is accepted while this process waits for the other one. Beyond the backlog first packets are thrown away.
  const before = overflows()
  const said = execFileSync(process.execPath, ['-e', connects, new URL(site.url).port, String(count)])
  expect(Number(said)).toBe(count)
  expect(overflows() - before).toBeLessThan(count / 10)
})

/** Of the whole machine, so others may add a few. */
function overflows(): number {
  const [names, values] = readFileSync('/proc/net/netstat', 'utf8')
    .split('\n')
    .filter(line => line.startsWith('TcpExt:'))
    .map(line => line.split(' '))
  return Number(values![names!.indexOf('ListenOverflows')])
}

test('[OP4] how old the signs of life of other processes are when they arrive, is told; of its own none', async () => {
  const bus = openLocalBus()
  const one = await site.another({ bus })
  const name = 'pchat_bus_lag_seconds_count'
  expect((await look(site.url)).get(name)).toBe(0)
  const two = await site.another({ bus })
  await expect.poll(async () => (await look(one.url)).get(name), patience).toBeGreaterThan(0)
  expect((await look(site.url)).get(name)).toBe(0)
  await Promise.all([one.stop(), two.stop()])
})

test('[OP8] without a descriptor for the store a request is unavailable', () => {
  const fault = Object.assign(new Error('connect EMFILE /socket/.s.PGSQL.5432'), { code: 'EMFILE' })
  expect(storeRefusal(fault)).toMatchObject({ code: 'unavailable', retryAfterMs: 1_000 })
})
