import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openTestDatabase } from '../../test/database.ts'
import { answers, openNats } from '../../test/nats.ts'
import { startSampler } from './sampler.ts'
import { type Site, startSite } from './site.ts'

const patience = { timeout: 60_000, interval: 100 }
const runs = (pid: number) => existsSync(`/proc/${pid}/exe`)

let site: Site
beforeAll(async () => {
  site = await startSite({ servers: 2, workers: 2 })
}, 120_000)
afterAll(() => site?.stop(), 60_000)

test('[LD26] a site is one pool of servers with workers, NATS, and the product PostgreSQL', async () => {
  expect(site.servers.map(({ name }) => name)).toEqual(['load1', 'load2'])
  for (const server of site.servers) expect(server.pids()).toHaveLength(3)
  expect(runs(site.natsPid!)).toBe(true)
  expect(site.databasePids().length).toBeGreaterThan(4)
  expect(site.versions.postgres).toMatch(/^\d+\./)
  expect(site.versions.nats).toMatch(/^\d+\./)
  const { settings } = await site.asAdmin('settings.get', {})
  expect(settings.trustedNetworks).toEqual(['127.0.0.0/8'])
  for (const { url } of site.servers)
    await expect
      .poll(
        async () => (await (await fetch(`${url}/metrics`)).text()).match(/^pchat_pool_processes (\d+)/m)?.[1],
        patience,
      )
      .toBe('4')
})

test('[LD26] [LD28] a killed server leaves a gap in its samples and nothing else, and comes back where it was', async () => {
  const sampler = startSampler(site, { everyMs: 100 })
  sampler.addProcess('generators', process.pid)
  const [victim, other] = site.servers
  const before = victim!.pids()
  sampler.mark('load')
  await vi.waitFor(() => expect(sampler.looks()).toBeGreaterThan(3), patience)
  await victim!.kill()
  const killedAt = sampler.seconds()
  for (const pid of before) expect(runs(pid)).toBe(false)
  expect(victim!.pids()).toEqual([])
  // The other one answers for the pool.
  expect((await site.asAdmin('settings.get', {})).settings).toBeDefined()
  sampler.mark('after')
  await victim!.restart()
  const backAt = sampler.seconds()
  expect(victim!.pids()).toHaveLength(3)
  const looks = sampler.looks()
  await vi.waitFor(() => expect(sampler.looks()).toBeGreaterThan(looks + 3), patience)
  const { series, memory } = await sampler.stop()
  const pointsOf = (group: string, name: string) =>
    series.find(one => one.group === group && one.name === name)?.points ?? []
  for (const name of ['load1', 'load2', 'PostgreSQL', 'NATS', 'generators'])
    expect(pointsOf('cpu', name), name).not.toEqual([])
  expect(pointsOf('memory', 'load2').every(([, megabytes]) => megabytes > 50)).toBe(true)
  expect(pointsOf('sessions', 'load2').every(([, count]) => count === 0)).toBe(true)
  expect(pointsOf('memory', 'load1').filter(([at]) => at > killedAt + 0.3 && at < backAt - 0.3)).toEqual([])
  for (const side of [
    [0, killedAt],
    [backAt, 1e9],
  ] as const)
    expect(pointsOf('memory', 'load1').some(([at]) => at >= side[0] && at <= side[1])).toBe(true)
  expect(pointsOf('throughput', 'posts').length).toBeGreaterThan(0)
  expect(memory.map(({ server, processes }) => [server, processes])).toEqual([
    ['load1', 3],
    ['load2', 3],
  ])
  for (const { residentMB, proportionalMB } of memory) {
    expect(proportionalMB).toBeGreaterThan(50)
    expect(residentMB).toBeGreaterThan(proportionalMB)
  }
  expect(other!.pids()).toHaveLength(3)
  expect(site.deaths).toEqual([])
}, 120_000)

test('[LD26] a database and a NATS that are there already are used, and left as they run', async () => {
  const database = await openTestDatabase()
  const nats = await openNats()
  try {
    const { host, user, database: name } = database.address
    const databaseUrl = `postgres://${user}@${encodeURIComponent(host)}/${name}`
    const guest = await startSite({ servers: 1, workers: 1, databaseUrl, natsUrl: nats.url })
    expect(guest).toMatchObject({ databaseUrl, natsUrl: nats.url, natsPid: undefined })
    expect(guest.databasePids()).toEqual([])
    expect((await guest.asAdmin('settings.get', {})).settings.trustedNetworks).toEqual(['127.0.0.0/8'])
    await guest.stop()
    expect(guest.servers[0]!.pids()).toEqual([])
    expect((await database.db.query('SELECT FROM principal')).rowCount).toBeGreaterThan(0)
    expect(await answers(nats.port)).toBe(true)
  } finally {
    await nats.stop()
    await database.drop()
  }
}, 120_000)

test.each(['SIGKILL', 'SIGINT'] as const)(
  '[LD27] all of a site and its folder go with the process that started it: %s',
  async signal => {
    const source = `
      import { startSite } from ${JSON.stringify(import.meta.resolve('./site.ts'))}
      const site = await startSite({ servers: 2, workers: 1 })
      const pids = [...site.servers.flatMap(server => server.pids()), ...site.databasePids(), site.natsPid]
      console.log(JSON.stringify({ pids, socket: decodeURIComponent(new URL(site.databaseUrl).hostname) }))`
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { value = '' } = await createInterface(child.stdout)[Symbol.asyncIterator]().next()
    const { pids, socket } = JSON.parse(value) as { pids: number[]; socket: string }
    expect(pids.length).toBeGreaterThan(6)
    expect(pids.slice(0, 4).every(runs)).toBe(true)
    child.kill(signal)
    await vi.waitFor(() => {
      expect(pids.filter(runs)).toEqual([])
      expect(existsSync(socket.replace(/\/socket$/, ''))).toBe(false)
    }, patience)
  },
  120_000,
)
