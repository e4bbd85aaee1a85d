import type { Bench, Row } from './figures.ts'
import { startGenerators, together } from './generators.ts'
import { latencies, repeat, whileCounting } from './measure.ts'
import { seedWorld } from './seed.ts'
import { type BenchServer, startServer } from './server.ts'
import { wholeWorld } from './world.ts'

const SESSIONS_PER_PROCESS = 9000
/** After a server died: of a user's 16 rooms a few have moved on meanwhile. */
const back = { rooms: 4, messages: 2 }

export const benchSync: Bench = {
  title: 'All sessions at once: connection and session.open, then session.sync over 16 rooms each',
  async run({ runs, users }) {
    const server = await startServer()
    try {
      await seedWorld(server, users, wholeWorld)
      return [
        await measure(server, users, runs, undefined),
        await measure(server, users, runs, { rooms: back.rooms, messages: back.messages }),
      ]
    } finally {
      await server.stop()
    }
  },
}

async function measure(
  server: BenchServer,
  users: number,
  runs: number,
  missed: typeof back | undefined,
): Promise<Row[]> {
  return repeat(runs, async () => {
    const generators = startGenerators(Math.ceil(users / SESSIONS_PER_PROCESS))
    const opened = await whileCounting(server, () => generators.open(server.port, users))
    const epoch = missed && (await epochOf(server))
    const synced = await whileCounting(server, async () =>
      together(
        await generators.all('sync', {
          users,
          ...(epoch === undefined ? {} : { epoch }),
          lastSeq: wholeWorld.messages,
          missed: missed ?? { rooms: 0, messages: 0 },
        }),
      ),
    )
    await generators.end()
    return {
      sessions: users.toLocaleString('en'),
      asks: missed === undefined ? 'counts (morning)' : `${missed.messages} missed in ${missed.rooms} rooms`,
      'opened/s': users / opened.seconds,
      'synced/s': users / synced.seconds,
      'all synced after s': synced.seconds,
      ...latencies(synced.done),
      'server CPU µs/sync': (synced.server / users) * 1e6,
      'database CPU µs/sync': (synced.database / users) * 1e6,
    }
  })
}

async function epochOf(server: BenchServer): Promise<string> {
  const probe = startGenerators(1)
  await probe.open(server.port, 1)
  const { epoch } = await probe.last('epoch', {})
  await probe.end()
  return epoch
}
