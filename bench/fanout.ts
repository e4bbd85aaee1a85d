import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Bench, Row } from './figures.ts'
import { type Generators, startGenerators } from './generators.ts'
import { latencies, repeat, whileCounting } from './measure.ts'
import { cpuSeconds } from './proc.ts'
import { seedWorld } from './seed.ts'
import { type BenchServer, startServer } from './server.ts'
import { largeRoom, lightWorld } from './world.ts'

/** Messages on their way at once: few where one alone is thousands of writes. */
const windowsOf = (sessions: number) => (sessions > 4000 ? [1, 4, 16] : [1, 8, 64])
const RUN_MS = 5000
const SESSIONS_PER_PROCESS = 8000

export const benchFanout: Bench = {
  title: 'Deliveries in one room, one sender, 150 characters; bare: the same sockets and frames with no chat server',
  async run({ runs, users, sessions }) {
    const server = await startServer()
    const bare = await startBareServer()
    try {
      await seedWorld(server, users, lightWorld)
      const rows: Row[][] = []
      for (const count of sessions)
        for (const target of [server, bare]) rows.push(...(await measureAll(target, count, runs)))
      return rows
    } finally {
      bare.stop()
      await server.stop()
    }
  },
}

type Target = { port: number; name?: string; cpu: BenchServer['cpu'] }

async function startBareServer(): Promise<Target & { stop(): void }> {
  const child = fork(fileURLToPath(new URL('bare-server.ts', import.meta.url)))
  const [{ port }] = await once(child, 'message')
  const cpu = () => ({ server: cpuSeconds(child.pid ?? 0), database: 0 })
  return { port, name: 'bare', cpu, stop: () => void child.kill() }
}

async function measureAll(target: Target, sessions: number, runs: number): Promise<Row[][]> {
  const generators = startGenerators(Math.ceil(sessions / SESSIONS_PER_PROCESS))
  await generators.open(target.port, sessions)
  await generators.join(largeRoom(0))
  const rows: Row[][] = []
  for (const window of windowsOf(sessions)) rows.push(await measure(target, generators, { sessions, window, runs }))
  await generators.end()
  return rows
}

type Load = { sessions: number; window: number; runs: number }

async function measure(target: Target, generators: Generators, { sessions, window, runs }: Load): Promise<Row[]> {
  const talk = async (ms: number) => {
    const before = await heardBy(generators)
    const said = await generators.last('talk', { room: largeRoom(0), window, ms })
    await allHeard(generators, before + said.count * sessions)
    return said
  }
  await talk(1000)
  return repeat(runs, async () => {
    const { done, seconds, ...cpu } = await whileCounting(target, () => talk(RUN_MS))
    const deliveries = done.count * sessions
    return {
      server: target.name ?? 'pchat',
      sessions: sessions.toLocaleString('en'),
      window: String(window),
      'posts/s': done.count / seconds,
      'deliveries/s': deliveries / seconds,
      'CPU µs/delivery': (cpu.server / deliveries) * 1e6,
      'CPU cores': cpu.server / seconds,
      ...latencies(done),
    }
  })
}

async function heardBy(generators: Generators): Promise<number> {
  const heard = await generators.all('heard', {})
  const ended = heard.reduce((sum, each) => sum + each.ended, 0)
  if (ended > 0) throw new Error(`${ended} sessions were closed by the server.`)
  return heard.reduce((sum, each) => sum + each.messages, 0)
}

/** The last session of all hears last, so this is a check and no wait, but for other processes' buffers. */
async function allHeard(generators: Generators, messages: number): Promise<void> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const heard = await heardBy(generators)
    if (heard === messages) return
    if (heard > messages || performance.now() > deadline) throw new Error(`Heard ${heard} messages of ${messages}.`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
