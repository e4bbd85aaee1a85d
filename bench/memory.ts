import type { Bench, Row } from './figures.ts'
import { type Generators, startGenerators } from './generators.ts'
import { seedWorld } from './seed.ts'
import { type BenchServer, startServer } from './server.ts'
import { lightWorld } from './world.ts'

const SESSIONS_PER_PROCESS = 10_000
/** Until the garbage of opening is gone; V8 gives memory back late. */
const SETTLE_MS = 20_000
/** A process may hold less than 20,000 descriptors. */
const USERS_PER_PROCESS = 19_200

export const benchMemory: Bench = {
  title: 'Resident memory of the server per connected user; above 19,200 users two workers, with their parent',
  async run({ runs, users }) {
    const opened: Row[] = []
    const synced: Row[] = []
    for (let count = 0; count < runs; count += 1) {
      const workers = Math.ceil(users / USERS_PER_PROCESS)
      const server = await startServer({ workers })
      try {
        await seedWorld(server, users, lightWorld)
        const empty = await settled(server)
        const generators = startGenerators(Math.ceil(users / SESSIONS_PER_PROCESS))
        await generators.open(server.port, users)
        opened.push(await row(server, users, 'connected, no room', empty))
        await syncAll(generators, users)
        synced.push(await row(server, users, 'hears its 16 rooms', empty))
        await generators.end()
      } finally {
        await server.stop()
      }
    }
    return [opened, synced]
  },
}

async function syncAll(generators: Generators, users: number): Promise<void> {
  await generators.all('sync', { users, lastSeq: lightWorld.messages, missed: { rooms: 0, messages: 0 }, atOnce: 64 })
}

async function row(server: BenchServer, users: number, state: string, empty: number): Promise<Row> {
  const resident = await settled(server)
  return {
    sessions: users.toLocaleString('en'),
    state,
    'RSS MB': resident / 2 ** 20,
    'RSS MB empty': empty / 2 ** 20,
    'KB per session': (resident - empty) / users / 1024,
  }
}

async function settled(server: BenchServer): Promise<number> {
  await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
  return server.residentBytes()
}
