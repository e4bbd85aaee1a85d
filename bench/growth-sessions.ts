import type { Bench, Row } from './figures.ts'
import { startGenerators } from './generators.ts'
import { latencies, whileCounting } from './measure.ts'
import { seedWorld } from './seed.ts'
import { startServer } from './server.ts'
import { LARGE, lightWorld, roomsOf, SMALL } from './world.ts'

const SESSIONS_PER_PROCESS = 10_000
/** A process may hold less than 20,000 descriptors. Multiples of what divides into the model's rooms. */
const points = [1_200, 4_800, 9_600, 19_200]
const SETTLE_MS = 15_000
const IDLE_MS = 10_000
const TALK_MS = 4_000

/** What a server costs by its sessions, each of which hears its 16 rooms: memory, idling (sweep, pings, signs of life), one room. */
export const benchGrowthSessions: Bench = {
  title: `Growth: a server by its sessions, each in 16 rooms; a delivery is one in a room of ${SMALL}`,
  async run({ runs, points: wanted = points }) {
    const rows: Row[][] = []
    for (const sessions of wanted) {
      const row: Row[] = []
      for (let run = 0; run < runs; run += 1) row.push(await measure(sessions))
      rows.push(row)
    }
    return rows
  },
}

async function measure(sessions: number): Promise<Row> {
  const server = await startServer()
  try {
    await seedWorld(server, sessions, lightWorld)
    await wait(SETTLE_MS)
    const empty = server.residentBytes()
    const generators = startGenerators(Math.ceil(sessions / SESSIONS_PER_PROCESS))
    const opened = await whileCounting(server, () => generators.open(server.port, sessions))
    const order = { users: sessions, lastSeq: lightWorld.messages, missed: { rooms: 0, messages: 0 }, atOnce: 64 }
    const synced = await whileCounting(server, () => generators.all('sync', order))
    await wait(SETTLE_MS)
    const resident = server.residentBytes()
    const idle = await whileCounting(server, () => wait(IDLE_MS))
    const room = roomsOf(sessions - 1, sessions)[LARGE]!
    const talked = await whileCounting(server, () => generators.last('talk', { room, burst: 1, ms: TALK_MS }))
    await generators.end()
    const perOne = (cpu: number) => (cpu / sessions) * 1e6
    return {
      sessions: sessions.toLocaleString('en'),
      'server CPU µs/open': perOne(opened.server),
      'database CPU µs/open': perOne(opened.database),
      'server CPU µs/sync': perOne(synced.server),
      'database CPU µs/sync': perOne(synced.database),
      'KB/session': (resident - empty) / sessions / 1024,
      'idle server CPU %': (idle.server / idle.seconds) * 100,
      'idle database CPU %': (idle.database / idle.seconds) * 100,
      'server CPU µs/delivery': (talked.server / talked.done.count / SMALL) * 1e6,
      ...latencies(talked.done),
    }
  } finally {
    await server.stop()
  }
}

function wait(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
