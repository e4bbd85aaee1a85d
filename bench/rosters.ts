import type { Bench, Row } from './figures.ts'
import { startGenerators } from './generators.ts'
import { startSite } from './load/site.ts'
import { repeat } from './measure.ts'
import { cpuSeconds, residentBytes } from './proc.ts'
import { seedWorld } from './seed.ts'
import { lightWorld } from './world.ts'

const SESSIONS_PER_PROCESS = 10_000
const ROOMS_EACH = 16
/** Until the garbage is gone and nothing is asked any more. */
const SETTLE_MS = 20_000

/** Users of one server come into rooms that another one hears: what each of their moves costs the other one. */
export const benchRosters: Bench = {
  title:
    'Moves of users at one server, as another one of the pool hears them: both hear all rooms, half of the users are at each',
  run: async ({ runs, users }) => [await repeat(runs, () => measure(users))],
}

async function measure(users: number): Promise<Row> {
  const site = await startSite({ servers: 2, workers: 1 })
  // What opening costs is not what is measured.
  await site.asAdmin('settings.update', { settings: { admissionsPerSecond: 1e6, admissionBurst: 1e6 } })
  const databaseSocket = decodeURIComponent(new URL(site.databaseUrl).hostname)
  await seedWorld({ asAdmin: site.asAdmin, databaseSocket }, users, lightWorld)
  const [hearing, moving] = site.servers as [(typeof site.servers)[0], (typeof site.servers)[0]]
  const half = users / 2
  const each = Math.ceil(half / SESSIONS_PER_PROCESS)
  const [first, second] = [startGenerators(each), startGenerators(each)]
  const sync = { users, lastSeq: lightWorld.messages, missed: { rooms: 0, messages: 0 }, atOnce: 64 }
  try {
    await first.open(hearing.port, half)
    await second.open(moving.port, half, half)
    await first.all('sync', sync)
    await settle()
    const before = { cpu: cpuSeconds(hearing.pid), bytes: residentBytes(hearing.pid) }
    await settle()
    const idle = cpuSeconds(hearing.pid) - before.cpu
    await second.all('sync', sync)
    await settle()
    const moves = half * ROOMS_EACH
    return {
      users: users.toLocaleString('en'),
      moves: moves.toLocaleString('en'),
      'CPU µs/move': ((cpuSeconds(hearing.pid) - before.cpu - 2 * idle) / moves) * 1e6,
      'RSS MB before': before.bytes / 2 ** 20,
      'RSS MB after': residentBytes(hearing.pid) / 2 ** 20,
    }
  } finally {
    await Promise.all([first.end(), second.end()])
    await site.stop()
  }
}

function settle(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, SETTLE_MS))
}
