import { chmod, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { openTestDatabase } from '../../test/database.ts'
import { makeFolder } from '../../test/folder.ts'
import { type Person, password, signInAt } from '../../test/harness.ts'
import { findFaults, type Kept, type KeptRoom } from '../../test/kill-check.ts'
import { openReader, openWriter, type Stage } from '../../test/kill-clients.ts'
import { type Pchat, runPchat } from '../../test/pchat.ts'
import { openRandom } from '../../test/random.ts'
import { descendantsOf, lives } from '../../test/worker-place.ts'
import { admin, endSessions, kill, metricsOf, openEach, openRoom, patience } from '../../test/worker-site.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const started: Pchat[] = []
let folder: string
let data: string
/** The whole program with its own database and two workers, of most tests here. */
let pchat: Pchat
let url: string

beforeAll(async () => {
  folder = await makeFolder('pchat-workers')
  await chmod(folder, 0o755)
  data = join(folder, 'data')
  pchat = run([])
  url = await pchat.ready()
})
afterEach(endSessions)
afterAll(async () => {
  await Promise.all(started.map(end))
  await rm(folder, { recursive: true, force: true })
})

function run(args: string[], dataDir = data): Pchat {
  const env = { PCHAT_ADMIN_USER: admin, PCHAT_ADMIN_PASSWORD: password, PCHAT_LOG_LEVEL: 'info' }
  const made = runPchat(['start', '--workers', '2', '--port', '0', '--data-dir', dataDir, ...args], { env })
  started.push(made)
  return made
}

/** On a database of the run. */
async function runBeside(args: string[] = []): Promise<{ beside: Pchat; drop(): Promise<void> }> {
  const { address, drop } = await openTestDatabase()
  const databaseUrl = `postgres://${address.user}@${encodeURIComponent(address.host)}/${address.database}`
  return { beside: run(['--database-url', databaseUrl, ...args], join(folder, 'beside')), drop }
}

async function end(one: Pchat): Promise<void> {
  const left = await descendantsOf(one.pid)
  one.kill('SIGTERM')
  const late = sleep(30_000, 'late', { ref: false })
  if ((await Promise.race([one.ended, late])) === 'late') for (const pid of [one.pid, ...left]) kill(pid, 'SIGKILL')
  await one.ended
}

/** The processes that serve, by number of the worker. */
function workersOf(of: Pchat): Map<number, number> {
  const lines = of.said().matchAll(/"worker":(\d+),"pid":(\d+),"msg":"a worker serves"/g)
  return new Map([...lines].map(([, number, pid]) => [Number(number), Number(pid)]))
}

test('[WK1] several processes serve on one port, told by one line when all do', async () => {
  expect(workersOf(pchat).size).toBe(2)
  expect(pchat.said().match(/ready at/g)).toHaveLength(1)
  await openEach(await signInAt(url, admin), [...workersOf(pchat).values()], url)
})

test('[WK7] a worker that is told to end drains, and another one takes its place', async () => {
  const { person, room } = await openRoom(url)
  const before = [...workersOf(pchat).values()]
  const at = await openEach(person, before, url)
  const post = at.get(before[0]!)!.post(room, 'answered before the end')
  kill(before[0]!, 'SIGTERM')
  expect((await post).seq).toBe(1)
  expect((await at.get(before[0]!)!.closed).code).toBe(1001)
  await expect.poll(() => workersOf(pchat).get(1), patience).not.toBe(before[0])
  expect(await lives(before[0]!)).toBe(false)
  expect(pchat.said()).toMatch(/"level":30[^\n]*"how":0,"pauseMs":0/)
  await openEach(person, [...workersOf(pchat).values()], url)
})
test('[WK3] workers are killed under posting clients: nothing acknowledged is lost, and others come at once', async () => {
  const { person, room } = await openRoom(url)
  const stop = new AbortController()
  const faults: string[] = []
  const stage: Stage = { url: () => url, rooms: [room], fault: text => void faults.push(text), stopping: stop.signal }
  const ends = Promise.withResolvers<Map<string, number>>()
  const writers = [1, 2, 3].map(n => openWriter(stage, person.token, `writer ${n}`, openRandom(n), 4))
  const readers = (['session.sync', 'room.join'] as const).map(by =>
    openReader(stage, person.token, by, ends.promise, by),
  )
  const acknowledged = () => writers.reduce((sum, writer) => sum + writer.acknowledged(), 0)
  for (const number of [1, 2, 1]) {
    const before = acknowledged()
    await expect.poll(acknowledged, patience).toBeGreaterThan(before + 50)
    const dead = workersOf(pchat).get(number)!
    kill(dead, 'SIGKILL')
    await expect.poll(() => workersOf(pchat).get(number), patience).not.toBe(dead)
  }
  const before = acknowledged()
  await expect.poll(acknowledged, patience).toBeGreaterThan(before + 50)
  stop.abort()
  await Promise.all(writers.map(writer => writer.done))
  const kept = await readRoom(person, room)
  ends.resolve(new Map([[room, kept.lastSeq]]))
  await Promise.all(readers.map(reader => reader.done))
  const reads = readers.map(reader => ({ reader: reader.name, room, messages: reader.read(room) }))
  const tried = writers.flatMap(writer => writer.tried)
  expect([...faults, ...findFaults(tried, [kept], reads)]).toEqual([])
  expect(tried.filter(post => post.acknowledged.length === 0)).toEqual([])
  expect(readers.every(reader => reader.resumed() > 1)).toBe(true)
  expect((await metricsOf(url)).get('pchat_worker_restarts_total')).toBeGreaterThanOrEqual(3)
})

async function readRoom(person: Person, room: string): Promise<KeptRoom> {
  const messages: Kept[] = []
  for (;;) {
    const page = await person.call('message.list', { room, after: messages.at(-1)?.seq ?? 0, limit: 500 })
    for (const { seq, at, clientId, text } of page.messages as Kept[]) messages.push({ seq, at, clientId, text })
    if (page.messages.length === 0) return { room, lastSeq: page.lastSeq, messages }
  }
}

test('[WK5] a worker that dies again and again is started again with growing pauses, and the others serve', async () => {
  const workers = workersOf(pchat)
  const steady = (await openEach(await signInAt(url, admin), [...workers.values()], url)).get(workers.get(1)!)!
  const before = pchat.said().length
  for (let n = 0; n < 3; n += 1) {
    const pid = workersOf(pchat).get(2)!
    kill(pid, 'SIGKILL')
    await expect.poll(() => workersOf(pchat).get(2), patience).not.toBe(pid)
  }
  const lines = pchat
    .said()
    .slice(before)
    .matchAll(/"worker":2,"pid":\d+,"how":"SIGKILL","pauseMs":(\d+)/g)
  const [first = -1, ...pauses] = [...lines].map(([, ms]) => Number(ms))
  const second = first * 2 || 1_000
  expect(pauses).toEqual([second, second * 2])
  expect(await steady.code('session.list', {})).toBe('ok')
})

test('[WK6] SIGTERM drains all workers, stops the database and leaves nothing behind', async () => {
  const { person, room } = await openRoom(url)
  const left = await descendantsOf(pchat.pid)
  const at = [...(await openEach(person, [...workersOf(pchat).values()], url)).values()]
  const postmaster = Number.parseInt(await readFile(join(data, 'postgres/postmaster.pid'), 'utf8'), 10)
  expect(left).toContain(postmaster)
  const posts = at.map((live, index) => live.post(room, `last ${index}`))
  pchat.kill('SIGTERM')
  expect(await pchat.ended).toBe(0)
  expect((await Promise.all(posts)).map(({ seq }) => seq).sort()).toEqual([1, 2])
  for (const live of at) expect((await live.closed).code).toBe(1001)
  expect((await Promise.all(left.map(lives))).filter(Boolean)).toEqual([])
  expect(await readFile(join(data, 'postgres.log'), 'utf8')).toMatch(/database system is shut down\n$/)
  await expect(fetch(`${url}/healthz`)).rejects.toThrow()
})

test('[WK8] [WK6] workers whose parent was killed end at once; the next server has the port, and Ctrl-C ends it', async () => {
  const killed = run([])
  const before = await killed.ready()
  const orphans = [...workersOf(killed).values()]
  killed.kill('SIGKILL')
  expect(await killed.ended).toBe('SIGKILL')
  for (const pid of orphans) await expect.poll(() => lives(pid), patience).toBe(false)
  const next = run(['--port', new URL(before).port, '--tls-self-signed'])
  const at = await next.ready()
  expect(await statusOf(`${at}/healthz`)).toBe(200)
  const workers = [...workersOf(next).values()]
  // As the terminal does: to all of the process group.
  for (const pid of workers) kill(pid, 'SIGINT')
  await sleep(300)
  expect(await statusOf(`${at}/healthz`)).toBe(200)
  expect([...workersOf(next).values()]).toEqual(workers)
  next.kill('SIGINT')
  expect(await next.ended).toBe(0)
  expect(await Promise.all(workers.map(lives))).toEqual([false, false])
})

function statusOf(address: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(address, { rejectUnauthorized: false }, response => {
      response.resume()
      resolve(response.statusCode)
    }).on('error', reject)
  })
}

test('[WK6] a second signal ends a drain that does not come to an end', async () => {
  const { beside, drop } = await runBeside()
  await beside.ready()
  const pids = [...workersOf(beside).values()]
  kill(pids[0]!, 'SIGSTOP')
  beside.kill('SIGTERM')
  await beside.says(/"stopping"/)
  await sleep(600)
  beside.kill('SIGTERM')
  expect(await beside.ended).toBe(1)
  for (const pid of pids) await expect.poll(() => lives(pid), patience).toBe(false)
  await drop()
})

test('[WK9] a taken port is told, with code 1 and nothing left running', async () => {
  const other = createServer().listen(0, 'localhost')
  await new Promise(resolve => other.once('listening', resolve))
  const { port } = other.address() as AddressInfo
  const { beside, drop } = await runBeside(['--port', String(port)])
  expect(await beside.ended).toBe(1)
  expect(beside.said()).toContain(`Port ${port} of localhost is taken by another program.`)
  other.close()
  await drop()
})

test('[WK9] what the first worker cannot do is told as by a server that is alone, with code 1', async () => {
  const { address, db, drop } = await openTestDatabase()
  await db.query("INSERT INTO server (name, active) SELECT 'server ' || n, n < 4 FROM generate_series(1, 8) n")
  const databaseUrl = `postgres://${address.user}@${encodeURIComponent(address.host)}/${address.database}`
  const beside = run(['--database-url', databaseUrl, '--server', 'one-too-many'], join(folder, 'beside'))
  expect(await beside.ended).toBe(1)
  expect(beside.said()).toMatch(/^pchat: The pool has 8 servers already/m)
  expect(beside.said()).not.toMatch(/a worker serves|another one is started/)
  await drop()
})
