import type { Bench, Row } from './figures.ts'
import { startGenerators, together } from './generators.ts'
import { followRooms } from './growth-seed.ts'
import { latencies, repeat, whileCounting } from './measure.ts'
import { seedWorld } from './seed.ts'
import { startServer } from './server.ts'
import { roomCount, roomsOf, USERS_STEP, wholeWorld } from './world.ts'

/** Few who follow many rooms. */
const READERS = 32
const ROUNDS = 10
const AT_ONCE = 4
const points = [16, 50, 150, 500]

/** The readers are put into the lists of further rooms, as many as the point says. */
export const benchGrowthSync: Bench = {
  title: `Growth: session.sync by the number of rooms that a user follows (100 groups each, ${AT_ONCE} at a time)`,
  async run({ runs, points: wanted = points }) {
    const server = await startServer()
    try {
      await seedWorld(server, USERS_STEP, wholeWorld)
      const rows: Row[][] = []
      for (const count of wanted) {
        for (let reader = 0; reader < READERS; reader += 1)
          await followRooms(server, reader, roomsToFollow(reader, count))
        const generators = startGenerators(1)
        await generators.open(server.port, READERS)
        const { epoch } = await generators.last('epoch', {})
        const order = { users: USERS_STEP, lastSeq: wholeWorld.messages, atOnce: AT_ONCE }
        for (const asks of [{}, { epoch }]) {
          const missed = 'epoch' in asks ? { rooms: 4, messages: 2 } : { rooms: 0, messages: 0 }
          const syncAll = async () => {
            const rounds = []
            for (let round = 0; round < ROUNDS; round += 1)
              rounds.push(...(await generators.all('sync', { ...order, ...asks, missed })))
            return together(rounds)
          }
          await syncAll()
          rows.push(
            await repeat(runs, async () => {
              const { done, ...cpu } = await whileCounting(server, syncAll)
              return {
                rooms: String(count),
                asks: 'epoch' in asks ? '2 missed in 4 rooms' : 'counts',
                'server CPU µs/sync': (cpu.server / done.count) * 1e6,
                'database CPU µs/sync': (cpu.database / done.count) * 1e6,
                'both µs/room': ((cpu.server + cpu.database) / done.count / count) * 1e6,
                ...latencies(done),
              }
            }),
          )
        }
        await generators.end()
      }
      return rows
    } finally {
      await server.stop()
    }
  },
}

/** The user's own first, then others by number, each reader from another place on. */
function roomsToFollow(reader: number, count: number): number[] {
  const rooms = new Set(roomsOf(reader, USERS_STEP))
  for (let number = reader; rooms.size < count; number += 1) rooms.add(number % roomCount(USERS_STEP))
  return [...rooms].slice(0, count)
}
