import type { Bench, Row } from './figures.ts'
import { startGenerators } from './generators.ts'
import { latencies, repeat, whileCounting } from './measure.ts'
import { seedWorld } from './seed.ts'
import { type BenchServer, startServer } from './server.ts'
import { lightWorld, POST_ROOMS, postRoom } from './world.ts'

const loads = [
  { senders: 1, window: 1 },
  { senders: 8, window: 1 },
  { senders: 64, window: 1 },
  { senders: 64, window: 8 },
  { senders: 64, window: 64 },
]
const RUN_MS = 5000

export const benchWindows: Bench = {
  title: `Posts acknowledged after their commit is on disk, over ${POST_ROOMS} rooms that nobody hears`,
  async run({ runs, users }) {
    const server = await startServer()
    try {
      await seedWorld(server, users, lightWorld)
      const rows: Row[][] = []
      for (const load of loads) rows.push(await measure(server, load, runs))
      return rows
    } finally {
      await server.stop()
    }
  },
}

async function measure(server: BenchServer, load: { senders: number; window: number }, runs: number): Promise<Row[]> {
  const generators = startGenerators(1)
  await generators.open(server.port, load.senders)
  const rooms = Array.from({ length: POST_ROOMS }, (_, number) => postRoom(number))
  const post = (ms: number) => generators.last('post', { rooms, window: load.window, ms })
  await post(1000)
  const rows = await repeat(runs, async () => {
    const { done, seconds, ...cpu } = await whileCounting(server, () => post(RUN_MS))
    return {
      senders: String(load.senders),
      'window of each': String(load.window),
      'posts/s': done.count / seconds,
      ...latencies(done),
      'server CPU µs/post': (cpu.server / done.count) * 1e6,
      'database CPU µs/post': (cpu.database / done.count) * 1e6,
    }
  })
  await generators.end()
  return rows
}
