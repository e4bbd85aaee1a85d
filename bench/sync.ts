import type { Bench, Row } from './figures.ts'
import { startGenerators, together } from './generators.ts'
import { latencies, repeat, whileCounting } from './measure.ts'
import { seedWorld } from './seed.ts'
import { type BenchServer, startServer } from './server.ts'
import { wholeWorld } from './world.ts'

const SESSIONS_PER_PROCESS = 10_000
/** After a server died: of a user's 16 rooms a few have moved on meanwhile. */
const back = { rooms: 4, messages: 2 }
/** What nobody waits for, and what a server does where nobody set it. */
const open = { admissionsPerSecond: 1e6, admissionBurst: 1e6 }
const usual = { admissionsPerSecond: 300, admissionBurst: 600 }
const allAtOnce = Number.POSITIVE_INFINITY
const loads = [
  { asks: 'counts (morning)', missed: undefined, atOnce: 64, admission: open },
  { asks: '2 missed in 4 rooms', missed: back, atOnce: 64, admission: open },
  { asks: '2 missed in 4 rooms, all at once', missed: back, atOnce: allAtOnce, admission: open },
  { asks: '2 missed in 4 rooms, all at once, let in as by default', missed: back, atOnce: allAtOnce, admission: usual },
]

export const benchSync: Bench = {
  title: 'Connection and session.open of all sessions, then session.sync over 16 rooms each',
  async run({ runs, users }) {
    const server = await startServer()
    try {
      await seedWorld(server, users, wholeWorld)
      const rows: Row[][] = []
      for (const load of loads) rows.push(await repeat(runs, () => measure(server, users, load)))
      return rows
    } finally {
      await server.stop()
    }
  },
}

async function measure(
  server: BenchServer,
  users: number,
  { asks, missed, atOnce, admission }: (typeof loads)[number],
): Promise<Row> {
  const generators = startGenerators(Math.ceil(users / SESSIONS_PER_PROCESS))
  const opened = await whileCounting(server, () => generators.open(server.port, users))
  const order = {
    users,
    lastSeq: wholeWorld.messages,
    missed: missed ?? { rooms: 0, messages: 0 },
    // Infinity is null in JSON.
    atOnce: Math.min(atOnce, users),
    ...(missed === undefined ? {} : { epoch: await epochOf(server) }),
  }
  // An open brings one sync along: the second one is let in like those of a storm.
  if (admission === usual) await generators.all('sync', order)
  await server.asAdmin('settings.update', { settings: admission })
  const synced = await whileCounting(server, () => generators.all('sync', order))
  await server.asAdmin('settings.update', { settings: open })
  await generators.end()
  return {
    sessions: users.toLocaleString('en'),
    asks,
    'opened/s': users / opened.seconds,
    'synced/s': users / synced.seconds,
    'all synced after s': synced.seconds,
    retries: synced.done.reduce((sum, each) => sum + each.retries, 0),
    ...latencies(together(synced.done)),
    'server CPU µs/sync': (synced.server / users) * 1e6,
    'database CPU µs/sync': (synced.database / users) * 1e6,
  }
}

async function epochOf(server: BenchServer): Promise<string> {
  const probe = startGenerators(1)
  await probe.open(server.port, 1)
  const { epoch } = await probe.last('epoch', {})
  await probe.end()
  return epoch
}
