import { type BareServer, startBareServer, startBareServerInC, type Target } from './bare-servers.ts'
import { type Bench, progress, type Row, round } from './figures.ts'
import { type Generators, startGenerators } from './generators.ts'
import { latencies, whileCounting } from './measure.ts'
import { seedWorld } from './seed.ts'
import { startServer } from './server.ts'
import { largeRoom, lightWorld } from './world.ts'

/** Messages that are sent at once: alone each is a write to each socket, together they share one. */
const bursts = [1, 10]
const RUN_MS = 3000
const SESSIONS_PER_PROCESS = 8000

/**
 * The same sockets, frames and bursts at all servers, by turns, so that what else the machine does falls on all of them. Beside
 * each figure stands its ratio to the bare `ws` loop in the same turn.
 */
export const benchFanout: Bench = {
  title: 'CPU of a delivery in one room, one sender, 150 characters; bare: the same sockets and frames, no chat server',
  async run({ runs, users, sessions }) {
    const server = await startServer()
    const bare = await startBareServers()
    try {
      await seedWorld(server, users, lightWorld)
      const rows: Row[][] = []
      for (const count of sessions)
        rows.push(...(await measureAll([{ name: 'pchat', port: server.port, cpu: server.cpu }, ...bare], count, runs)))
      return rows
    } finally {
      for (const one of bare) one.stop()
      await server.stop()
    }
  },
}

async function startBareServers(): Promise<BareServer[]> {
  const inC = await startBareServerInC()
  return [await startBareServer(), await startBareServer('on disk'), ...(inC ? [inC] : [])]
}

type Side = { target: Target; generators: Generators; sessions: number }

async function measureAll(targets: Target[], sessions: number, runs: number): Promise<Row[][]> {
  const sides: Side[] = []
  for (const target of targets) {
    const generators = startGenerators(Math.ceil(sessions / SESSIONS_PER_PROCESS))
    await generators.open(target.port, sessions)
    await generators.join(largeRoom(0))
    sides.push({ target, generators, sessions })
  }
  const rows: Row[][] = []
  for (const burst of bursts) {
    for (const side of sides) await talk(side, burst, 1000)
    const turns: Row[][] = []
    for (let count = 0; count < runs; count += 1) turns.push(await measureTurn(sides, burst))
    rows.push(...sides.map((_, side) => turns.map(turn => turn[side]!)))
  }
  for (const { generators } of sides) await generators.end()
  return rows
}

async function measureTurn(sides: Side[], burst: number): Promise<Row[]> {
  const rows: Row[] = []
  for (const side of sides) rows.push(await measure(side, burst))
  const cost = (row: Row | undefined) => Number(row?.['CPU µs/delivery'])
  const bare = rows.find(row => row.server === 'bare ws')
  return rows.map(row => ({ ...row, 'to bare ws': cost(row) / cost(bare) }))
}

async function measure(side: Side, burst: number): Promise<Row> {
  const { target, sessions } = side
  const { done, seconds, ...cpu } = await whileCounting(target, () => talk(side, burst, RUN_MS))
  const deliveries = done.count * sessions
  const row: Row = {
    server: target.name,
    sessions: sessions.toLocaleString('en'),
    'at once': String(burst),
    'messages a read': deliveries / done.reads,
    'deliveries/s': deliveries / seconds,
    'CPU µs/delivery': (cpu.server / deliveries) * 1e6,
    'CPU cores': cpu.server / seconds,
    ...latencies(done),
  }
  progress(`${target.name}, ${sessions} sessions, ${burst} at once: ${round(Number(row['CPU µs/delivery']))} µs`)
  return row
}

async function talk({ generators, sessions }: Side, burst: number, ms: number) {
  const before = await heardBy(generators)
  const said = await generators.last('talk', { room: largeRoom(0), burst, ms })
  const after = await allHeard(generators, before.messages + said.count * sessions)
  return { ...said, reads: after.reads - before.reads }
}

async function heardBy(generators: Generators): Promise<{ messages: number; reads: number }> {
  const heard = await generators.all('heard', {})
  const sum = (name: 'messages' | 'reads' | 'ended') => heard.reduce((total, each) => total + each[name], 0)
  if (sum('ended') > 0) throw new Error(`${sum('ended')} sessions were closed by the server.`)
  return { messages: sum('messages'), reads: sum('reads') }
}

/** The last session of all hears last, so this is a check and no wait, but for other processes' buffers. */
async function allHeard(generators: Generators, messages: number): Promise<{ messages: number; reads: number }> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const heard = await heardBy(generators)
    if (heard.messages === messages) return heard
    if (heard.messages > messages || performance.now() > deadline)
      throw new Error(`Heard ${heard.messages} messages of ${messages}.`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
