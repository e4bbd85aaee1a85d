import { type Bench, percentile, type Row } from './figures.ts'
import { type Generators, startGenerators } from './generators.ts'
import { givePasswords } from './growth-seed.ts'
import { latencies, repeat, whileCounting } from './measure.ts'
import { admin } from './program.ts'
import { seedWorld } from './seed.ts'
import { type BenchServer, startServer } from './server.ts'
import { lightWorld, postRoom, USERS_STEP } from './world.ts'

const RUN_MS = 8_000
/** Few sessions that write as often as the model's busiest hour has it over a whole pool. */
const writers = { sessions: 8, rooms: Array.from({ length: 40 }, (_, n) => postRoom(n)), perSecond: 74 }
/** How many wait for an answer at a time: nobody, a few, more than there are cores, more than can be served in time. */
const crowds = [0, 2, 16, 300]

/** People sign in with their passwords (argon2id) while others post: how many a second, and what the posts notice of it. */
export const benchSignIn: Bench = {
  title: `Sign-ins by password while ${writers.sessions} sessions post ${writers.perSecond} messages a second`,
  async run({ runs }) {
    const server = await startServer()
    try {
      await seedWorld(server, USERS_STEP, lightWorld)
      await givePasswords(server)
      const posting = startGenerators(1)
      await posting.open(server.port, writers.sessions)
      const rows: Row[][] = []
      for (const crowd of crowds) rows.push(await repeat(runs, () => measure(server, posting, crowd)))
      await posting.end()
      return rows
    } finally {
      await server.stop()
    }
  },
}

async function measure(server: BenchServer, posting: Generators, crowd: number): Promise<Row> {
  const { done, seconds, ...cpu } = await whileCounting(server, async () => {
    const posts = posting.last('post', { ...writers, window: 1, ms: RUN_MS })
    const until = performance.now() + RUN_MS
    const seen: Seen = { each: [], refused: 0 }
    await Promise.all(Array.from({ length: crowd }, (_, person) => signInUntil(server, person, until, seen)))
    return { posts: await posts, seen }
  })
  const { posts, seen } = done
  const count = seen.each.length
  return {
    'at a time': String(crowd),
    'sign-ins/s': count / seconds,
    'sign-in p50 ms': count === 0 ? '' : percentile(seen.each, 0.5),
    'sign-in p99 ms': count === 0 ? '' : percentile(seen.each, 0.99),
    'told to come later': seen.refused,
    ...Object.fromEntries(Object.entries(latencies(posts)).map(([name, value]) => [`post ${name}`, value])),
    'server CPU ms/sign-in': count === 0 ? '' : (cpu.server / count) * 1000,
    'database CPU ms/sign-in': count === 0 ? '' : (cpu.database / count) * 1000,
  }
}

type Seen = { each: number[]; refused: number }

/** One sign-in after the other. */
async function signInUntil(server: BenchServer, person: number, until: number, seen: Seen): Promise<void> {
  while (performance.now() < until) {
    const beganAt = performance.now()
    const response = await fetch(`http://127.0.0.1:${server.port}/api/v1/session.signIn`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user: `user${person}@example.com`, password: admin.password }),
    })
    const { error } = (await response.json()) as { error?: { code: string; retryAfterMs?: number } }
    if (error === undefined) seen.each.push(performance.now() - beganAt)
    else if (error.code !== 'unavailable') throw new Error(`session.signIn: ${error.code}`)
    else {
      seen.refused += 1
      await new Promise(resolve => setTimeout(resolve, Math.min(error.retryAfterMs ?? 0, until - performance.now())))
    }
  }
}
