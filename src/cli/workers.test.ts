import { rm } from 'node:fs/promises'
import { get } from 'node:http'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { makeFolder } from '../../test/folder.ts'
import { password, signInAt } from '../../test/harness.ts'
import { openNats } from '../../test/nats.ts'
import { lives } from '../../test/worker-place.ts'
import {
  admin,
  countSessions,
  endSessions,
  holder,
  kill,
  metricsOf,
  openEach,
  openLive,
  openRoom,
  patience,
  talkAcross,
} from '../../test/worker-site.ts'
import type { Log } from '../base/log.ts'
import type { StartOptions } from './options.ts'
import { startWorkers, type Workers } from './workers.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

type Crew = Workers & { said(): string; database: TestDatabase }

const crews: Crew[] = []
let folder: string
/** Of all tests here but one: each leaves it with two healthy workers. */
let crew: Crew
let firstAdministrator: unknown

beforeAll(async () => {
  folder = await makeFolder('pchat-workers')
  crew = await open({}, await openTestDatabase())
  firstAdministrator = await setUp(crew)
})
afterEach(endSessions)
afterAll(async () => {
  await Promise.all(crews.map(one => one.stop()))
  for (const database of new Set(crews.map(one => one.database))) await database.drop()
  await rm(folder, { recursive: true, force: true })
})

/** Workers and their parent without the program around it, and with a short patience. */
async function open(options: Partial<StartOptions>, database: TestDatabase): Promise<Crew> {
  const lines: string[] = []
  const note = (context: object, text: string) => void lines.push(`${text} ${JSON.stringify(context)}`)
  const log: Log = { debug() {}, info: note, warn: note, error: note }
  const never = new AbortController().signal
  const workers = await startWorkers({
    options: { port: 0, host: '127.0.0.1', dataDir: folder, pool: 'pchat', workers: 2, logLevel: 'error', ...options },
    ...{ address: database.address, log, asked: never, hurried: never, silenceMs: 5_000 },
  })
  const made = { ...workers, said: () => lines.join('\n'), database }
  crews.push(made)
  return made
}

async function setUp({ url, setupUrl }: Crew): Promise<unknown> {
  const body = { token: setupUrl?.split('#token=')[1], user: admin, displayName: 'A', password }
  const answer = await fetch(`${url}/web/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return answer.json()
}

test('[WK1] the link for the first administrator works at whichever worker, after all have started', async () => {
  expect(firstAdministrator).toMatchObject({ me: { name: admin, administrator: true } })
  expect((await signInAt(crew.url, admin)).me.name).toBe(admin)
})

test('[WK2] sessions are spread evenly, and users on different workers talk', async () => {
  const person = await signInAt(crew.url, admin)
  const counts = new Map<number | undefined, number>()
  for (let n = 0; n < 12; n += 1) {
    const pid = await holder(await openLive(person), crew.pids(), crew.url)
    counts.set(pid, (counts.get(pid) ?? 0) + 1)
  }
  expect(counts.size).toBe(2)
  expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(4)
  await talkAcross(crew.url, crew.pids())
})

test('[WK10] /metrics answers for the whole server, whichever worker is asked', async () => {
  const before = await metricsOf(crew.url)
  const { person, room } = await openRoom(crew.url)
  const at = [...(await openEach(person, crew.pids(), crew.url)).values()]
  for (const live of at) await live.post(room, 'x')
  for (let n = 0; n < 4; n += 1) {
    await expect
      .poll(async () => Object.fromEntries(await metricsOf(crew.url)), patience)
      .toMatchObject({
        pchat_workers: 2,
        pchat_sessions: countSessions(),
        pchat_posts_total: before.get('pchat_posts_total')! + 2,
        pchat_active: 1,
        pchat_bus_away: 0,
        pchat_pool_processes: 2,
      })
  }
})

test('[WK4] [WK10] a frozen worker is killed and another one started, while the others serve and are counted', async () => {
  const { person, room } = await openRoom(crew.url)
  const pids = crew.pids()
  const at = await openEach(person, pids, crew.url)
  const [frozen, steady] = [at.get(pids[0]!)!, at.get(pids[1]!)!]
  kill(pids[0]!, 'SIGSTOP')
  // One connection may have gone to the frozen worker, and waits for its end.
  const counts = await Promise.any([metricsOf(crew.url), metricsOf(crew.url), metricsOf(crew.url)])
  expect(counts.get('pchat_sessions')).toBeLessThan(countSessions())
  await steady.call('room.join', { room })
  await steady.post(room, 'the show goes on')
  await expect.poll(() => crew.said(), patience).toMatch(new RegExp(`does not answer; it is killed .*"pid":${pids[0]}`))
  await frozen.closed
  await expect
    .poll(() => crew.said(), patience)
    .toMatch(new RegExp(`ended by itself.*"pid":${pids[0]}.*\n(.*\n)*a worker serves`))
  expect(await lives(pids[0]!)).toBe(false)
  await talkAcross(crew.url, crew.pids())
  expect(steady.socket.readyState).toBe(steady.socket.OPEN)
})

test('[WK11] all workers die at once: the port stays, and who connects meanwhile is served', async () => {
  const dead = crew.pids()
  const before = crew.said().match(/a worker serves/g)!.length
  for (const pid of dead) kill(pid, 'SIGKILL')
  // A connection of its own: those that fetch keeps have died with their worker.
  expect(await statusOf(`${crew.url}/healthz`)).toBe(200)
  await expect
    .poll(() => crew.said().match(/a worker serves/g)?.length ?? 0, patience)
    .toBeGreaterThanOrEqual(before + 2)
  expect(crew.pids().filter(pid => dead.includes(pid))).toEqual([])
})

function statusOf(address: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(address, { agent: false }, response => {
      response.resume()
      resolve(response.statusCode)
    }).on('error', reject)
  })
}

test('[WK2] over NATS users on the workers of several servers talk', async () => {
  const nats = await openNats()
  const natsUrl = nats.url
  const one = await open({ natsUrl, server: 'one' }, crew.database)
  const other = await open({ natsUrl, server: 'other', workers: 1 }, crew.database)
  await talkAcross(one.url, one.pids())
  const { person, room } = await openRoom(one.url)
  const live = await openLive(person)
  await live.call('room.join', { room })
  const far = await openLive(await signInAt(other.url, admin))
  await far.post(room, 'from afar')
  await live.hears('message.posted', ({ message }) => 'text' in message && message.text === 'from afar')
  await Promise.all([one.stop(), other.stop()])
  await nats.stop()
})

test('[WK6] a frozen worker does not hold up the stop', async () => {
  const pids = crew.pids()
  kill(pids[1]!, 'SIGSTOP')
  await crew.stop()
  expect(await Promise.all(pids.map(lives))).toEqual([false, false])
})
