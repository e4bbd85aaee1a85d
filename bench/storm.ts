import type { Bench, Row } from './figures.ts'
import { type Generators, startGenerators, together } from './generators.ts'
import { latencies } from './measure.ts'
import { seedWorld } from './seed.ts'
import { type BenchServer, startServer } from './server.ts'
import { type Fill, postRoom } from './world.ts'

const SESSIONS_PER_PROCESS = 10_000
const CALM_MS = 10_000
const world: Fill = { affiliations: 100, messages: 10 }
/** Few sessions that write now and then, as people do. */
const writers = { sessions: 8, rooms: Array.from({ length: 40 }, (_, n) => postRoom(n)) }
const usual = { admissionsPerSecond: 300, admissionBurst: 600 }

/** All sessions of a server ask for session.sync at once, while some that are in go on posting. */
export const benchStorm: Bench = {
  title:
    'Posts of sessions that are in, before and while all others ask for session.sync at once (16 rooms, 2 missed in 4)',
  async run({ runs, users }) {
    const calm: Row[] = []
    const storm: Row[] = []
    for (let count = 0; count < runs; count += 1) {
      const server = await startServer()
      try {
        await seedWorld(server, users, world)
        const [before, during] = await measure(server, users)
        calm.push(before)
        storm.push(during)
      } finally {
        await server.stop()
      }
    }
    return [calm, storm]
  },
}

async function measure(server: BenchServer, users: number): Promise<[Row, Row]> {
  const posting = startGenerators(1)
  await posting.open(server.port, writers.sessions)
  const crowd = startGenerators(Math.ceil(users / SESSIONS_PER_PROCESS))
  await crowd.open(server.port, users)
  const { epoch } = await posting.last('epoch', {})
  const sync = { users, epoch, lastSeq: world.messages, missed: { rooms: 4, messages: 2 }, atOnce: users }
  // An open brings one sync along; the second one has to wait in line.
  await crowd.all('sync', { ...sync, atOnce: 64 })
  await server.asAdmin('settings.update', { settings: usual })
  const before = await post(posting, CALM_MS)
  const startedAt = performance.now()
  const storm = crowd.all('sync', sync).then(all => ({ all, ms: performance.now() - startedAt }))
  const during: Awaited<ReturnType<typeof post>>[] = []
  let over = false
  void storm.then(() => {
    over = true
  })
  while (!over) during.push(await post(posting, 2_000))
  const { all, ms } = await storm
  await crowd.end()
  await posting.end()
  const sessions = users.toLocaleString('en')
  const timed = together(all)
  const row = (when: string, posts: Awaited<ReturnType<typeof post>>): Row => ({
    sessions,
    when,
    'posts/s': posts.count / (posts.ms / 1000),
    ...latencies(posts),
  })
  const sum = { count: 0, ms: 0, each: [] as number[] }
  for (const part of during) {
    sum.count += part.count
    sum.ms += part.ms
    sum.each.push(...part.each)
  }
  return [
    { ...row('before', before), 'all synced after s': 0, 'told to wait': 0 },
    {
      ...row('while they come', sum),
      'all synced after s': ms / 1000,
      'told to wait': all.reduce((total, each) => total + each.retries, 0) / timed.count,
    },
  ]
}

const post = (generators: Generators, ms: number) => generators.last('post', { rooms: writers.rooms, window: 1, ms })
