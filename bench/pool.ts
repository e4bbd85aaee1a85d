import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect as connectSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, connect } from '../src/client/index.ts'
import { type Bench, percentile, progress, type Row } from './figures.ts'
import { repeat } from './measure.ts'
import { seedWorld } from './seed.ts'
import { type BenchServer, startServer } from './server.ts'
import { type BenchSession, openBenchSession } from './session.ts'
import { largeRoom, lightWorld, roomId, tokenOf } from './world.ts'

const main = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts')
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
      // As a server has it that nobody told otherwise.
      await pool.store.asAdmin('settings.update', { settings: { admissionsPerSecond: 300, admissionBurst: 600 } })
      try {
        rows.push(await repeat(runs, () => measureRecovery(pool, count)))
      } finally {
        await pool.stop()
      }
    }
    return rows
  },
}

type Member = { url: string; port: number; kill(): Promise<void>; stop(): Promise<void> }
type BenchPool = { store: BenchServer; members: Member[]; restart(index: number): Promise<void>; stop(): Promise<void> }

/** Its store is the embedded one of a server that has nothing else to do; NATS is the one that bin/setup brought. */
async function startPool(size: number, users: number): Promise<BenchPool> {
  const store = await startServer()
  await seedWorld(store, users, lightWorld)
  const nats = await startNats()
  const start = (index: number) => startMember(store, nats.url, `bench${index}`)
  const members = await Promise.all(Array.from({ length: size }, (_, index) => start(index)))
  return {
    store,
    members,
    async restart(index) {
      members[index] = await start(index)
    },
    async stop() {
      for (const member of members) await member.stop()
      nats.stop()
      await store.stop()
    },
  }
}

async function startMember(store: BenchServer, natsUrl: string, name: string): Promise<Member> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pchat-bench-'))
  await chmod(dataDir, 0o711)
  const database = `postgres://pchat@${encodeURIComponent(store.databaseSocket)}/pchat`
  const args = ['start', '--port', '0', '--host', '127.0.0.1', '--data-dir', dataDir, '--log-level', 'error']
  const pool = ['--database-url', database, '--nats-url', natsUrl, '--server', name]
  const child = spawn(process.execPath, [main, ...args, ...pool], { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', said => {
      const found = /ready at (\S+)/.exec(String(said))?.[1]
      if (found) resolve(found)
    })
    child.once('exit', () => reject(new Error('a server of the pool ended before it was ready')))
  })
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
    }
    await rm(dataDir, { recursive: true, force: true })
  }
  return { url, port: Number(new URL(url).port), kill: () => end('SIGKILL'), stop: () => end('SIGTERM') }
}

async function startNats(): Promise<{ url: string; stop(): void }> {
  const tools = JSON.parse(await readFile(join(import.meta.dirname, '..', '.cache', 'tools.json'), 'utf8'))
  const port = 20_000 + Math.floor(Math.random() * 12_000)
  const child = spawn(tools.natsServer, ['-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  for (;;) {
    const socket = connectSocket(port, '127.0.0.1')
    const answered = await Promise.race([
      once(socket, 'data').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (answered) return { url: `nats://127.0.0.1:${port}`, stop: () => void child.kill() }
    if (child.exitCode !== null) throw new Error('nats-server ended')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

async function measureLatency({ members }: BenchPool): Promise<Row[]> {
  const times = members.map(() => [] as number[])
  const sessions: BenchSession[] = []
  let heardBy: number[] = []
  let sentAt = 0
  let allHeard = () => {}
  const hear = (member: number) => {
    heardBy[member]! += 1
    if (heardBy[member] === HEARERS) times[member]!.push(performance.now() - sentAt)
    if (heardBy.every(count => count === HEARERS)) allHeard()
  }
  for (const [index, member] of members.entries())
    for (let n = 0; n < HEARERS; n += 1) {
      const address = { port: member.port, localAddress: `127.0.0.${2 + index}` }
      const heard = { messages: 0, bytes: 0, ended: 0 }
      sessions.push(await openBenchSession(address, tokenOf(index * HEARERS + n), heard, () => hear(index)))
    }
  for (const session of sessions) await session.ask('room.join', { room: roomId(largeRoom(0)), history: 0 })
  for (let count = 0; count < POSTS; count += 1) {
    heardBy = members.map(() => 0)
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

async function measureRecovery(pool: BenchPool, count: number): Promise<Row> {
  const victim = pool.members[0]!
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
  await pool.restart(0)
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
