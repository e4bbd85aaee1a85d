import { randomUUID } from 'node:crypto'
import { type Client, connect } from '../src/client/index.ts'
import { type Bench, percentile, progress, type Row } from './figures.ts'
import { type Site, startSite } from './load/site.ts'
import { repeat } from './measure.ts'
import { seedWorld } from './seed.ts'
import { type BenchSession, openBenchSession } from './session.ts'
import { largeRoom, lightWorld, roomId, tokenOf } from './world.ts'

const POSTS = 400
const PAUSE_MS = 15
const HEARERS = 50

/** What stands between a post and its last hearer on the same server, and on another one of the pool, in one run. */
export const benchLatency: Bench = {
  title: 'From sending a post to its last hearer, 50 hearers on each server, one post at a time, in one run',
  async run({ runs, users }) {
    const pool = await startPool(2, users)
    try {
      return byName(await repeatEach(runs, () => measureLatency(pool)))
    } finally {
      await pool.stop()
    }
  },
}

/** One of three servers is killed; its sessions come back to the others by themselves, as the client library does it. */
export const benchRecovery: Bench = {
  title:
    'Sessions of a killed server, from SIGKILL to their session.sync at another server (client library, 16 rooms each)',
  async run({ runs, users, sessions }) {
    const rows: Row[][] = []
    for (const count of sessions) {
      const pool = await startPool(3, users)
      try {
        rows.push(await repeat(runs, () => measureRecovery(pool, count)))
      } finally {
        await pool.stop()
      }
    }
    return rows
  },
}

/** NATS and the servers, one process each, on a store that is filled. */
async function startPool(size: number, users: number): Promise<Site> {
  const site = await startSite({ servers: size, workers: 1 })
  const databaseSocket = decodeURIComponent(new URL(site.databaseUrl).hostname)
  await seedWorld({ asAdmin: site.asAdmin, databaseSocket }, users, lightWorld)
  return site
}

async function measureLatency({ servers }: Site): Promise<Row[]> {
  const times = servers.map(() => [] as number[])
  const sessions: BenchSession[] = []
  let heardBy: number[] = []
  let sentAt = 0
  let allHeard = () => {}
  const hear = (member: number) => {
    heardBy[member]! += 1
    if (heardBy[member] === HEARERS) times[member]!.push(performance.now() - sentAt)
    if (heardBy.every(count => count === HEARERS)) allHeard()
  }
  for (const [index, member] of servers.entries())
    for (let n = 0; n < HEARERS; n += 1) {
      const address = { port: member.port, localAddress: `127.0.0.${2 + index}` }
      const heard = { messages: 0, reads: 0, bytes: 0, ended: 0 }
      sessions.push(await openBenchSession(address, tokenOf(index * HEARERS + n), heard, () => hear(index)))
    }
  for (const session of sessions) await session.ask('room.join', { room: roomId(largeRoom(0)), history: 0 })
  for (let count = 0; count < POSTS; count += 1) {
    heardBy = servers.map(() => 0)
    const whole = new Promise<void>(resolve => {
      allHeard = resolve
    })
    sentAt = performance.now()
    const post = { room: roomId(largeRoom(0)), clientId: randomUUID(), text: 'x'.repeat(150) }
    await Promise.all([sessions[0]!.ask('message.post', post), whole])
    await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
  }
  for (const session of sessions) session.end()
  return times.map((each, index) => ({
    'heard at': index === 0 ? "the poster's server" : 'another server, over NATS',
    posts: POSTS.toLocaleString('en'),
    'p50 ms': percentile(each, 0.5),
    'p99 ms': percentile(each, 0.99),
  }))
}

async function measureRecovery(pool: Site, count: number): Promise<Row> {
  const victim = pool.servers[0]!
  const clients: Client[] = []
  const back: number[] = []
  let killedAt = Number.POSITIVE_INFINITY
  for (let from = 0; from < count; from += 100)
    await Promise.all(
      Array.from({ length: Math.min(100, count - from) }, async (_, index) => {
        const client = connect({ url: victim.url, token: tokenOf(from + index) })
        clients.push(client)
        await new Promise<void>(resolve =>
          client.on('synced', () => {
            if (killedAt === Number.POSITIVE_INFINITY) resolve()
            else back.push(performance.now() - killedAt)
          }),
        )
      }),
    )
  progress(`${count} clients are at the server that is killed next`)
  killedAt = performance.now()
  await victim.kill()
  while (back.length < count) await new Promise(resolve => setTimeout(resolve, 20))
  for (const client of clients) client.close()
  await victim.restart()
  return {
    sessions: count.toLocaleString('en'),
    'first back s': Math.min(...back) / 1000,
    'p50 s': percentile(back, 0.5) / 1000,
    'p99 s': percentile(back, 0.99) / 1000,
    'last back s': Math.max(...back) / 1000,
  }
}

async function repeatEach(runs: number, run: () => Promise<Row[]>): Promise<Row[][]> {
  const all: Row[][] = []
  for (let count = 0; count < runs; count += 1) all.push(await run())
  return all
}

/** From runs of rows to rows of runs. */
function byName(runs: Row[][]): Row[][] {
  return runs[0]!.map((_, row) => runs.map(rows => rows[row]!))
}
