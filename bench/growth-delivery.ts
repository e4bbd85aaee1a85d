import type { Bench, Row } from './figures.ts'
import { startGenerators } from './generators.ts'
import { latencies, repeat, whileCounting } from './measure.ts'
import { seedWorld } from './seed.ts'
import { startServer } from './server.ts'
import { largeRoom, lightWorld, USERS_STEP } from './world.ts'

const SESSIONS_PER_PROCESS = 8_000
const RUN_MS = 3_000
const points = [100, 400, 1_600, 6_400, 16_000]

/** One message at a time, so that each delivery is a write of its own. */
export const benchGrowthDelivery: Bench = {
  title: 'Growth: CPU of a delivery by the number of sessions in the room, one message at a time',
  async run({ runs, points: wanted = points }) {
    const server = await startServer()
    try {
      await seedWorld(server, Math.ceil(Math.max(...wanted) / USERS_STEP) * USERS_STEP, lightWorld)
      const rows: Row[][] = []
      for (const members of wanted) {
        const generators = startGenerators(Math.ceil(members / SESSIONS_PER_PROCESS))
        await generators.open(server.port, members)
        await generators.join(largeRoom(0))
        const talk = (ms: number) => generators.last('talk', { room: largeRoom(0), burst: 1, ms })
        await talk(RUN_MS / 3)
        rows.push(
          await repeat(runs, async () => {
            const { done, seconds, ...cpu } = await whileCounting(server, () => talk(RUN_MS))
            const deliveries = done.count * members
            return {
              members: members.toLocaleString('en'),
              'deliveries/s': deliveries / seconds,
              'server CPU µs/delivery': (cpu.server / deliveries) * 1e6,
              'server CPU µs/post': (cpu.server / done.count) * 1e6,
              ...latencies(done),
            }
          }),
        )
        await generators.end()
      }
      return rows
    } finally {
      await server.stop()
    }
  },
}
