import { readBatches } from './batches.ts'
import { type Bench, median, percentile, progress, type Row, round } from './figures.ts'
import { type Generators, startGenerators } from './generators.ts'
import { whileCounting } from './measure.ts'
import type { PostOrder } from './poster.ts'
import { seedWorld } from './seed.ts'
import { type BenchServer, startServer } from './server.ts'
import { lightWorld, POST_ROOMS, postRoom } from './world.ts'
import { BATCH, type BareWriter, openBareWriter } from './write.ts'

const SENDERS = 64
/** Under way at each sender: full batches on their way, and the next ones waiting. */
const WINDOW = 32
const RUN_MS = 4000
const WARM_MS = 1000

const everyRoom = Array.from({ length: POST_ROOMS }, (_, number) => postRoom(number))
const oneRoom = [postRoom(0)]

/**
 * The four of one turn follow each other, so that what else the machine does falls on all of them; ratios are of one turn. A
 * commit is a whole transaction: the median one of the bare statement, the mean one of the server, with all its waits.
 */
export const benchPosts: Bench = {
  title: `Posts acknowledged after their commit is on disk, beside the bare write statement (batches of ${BATCH}, one connection, no locks)`,
  async run({ runs, users }) {
    const server = await startServer()
    try {
      await seedWorld(server, users, lightWorld)
      const generators = startGenerators(1)
      await generators.open(server.port, SENDERS)
      const bare = await openBareWriter(server)
      const turns: Row[][] = []
      await measureTurn({ server, generators, bare }, WARM_MS)
      for (let turn = 0; turn < runs; turn += 1) turns.push(await measureTurn({ server, generators, bare }, RUN_MS))
      await bare.end()
      await generators.end()
      return turns[0]!.map((_, place) => turns.map(rows => rows[place]!))
    } finally {
      await server.stop()
    }
  },
}

type Sides = { server: BenchServer; generators: Generators; bare: BareWriter }
type Bare = { rate: number; transactionMs: number }

async function measureTurn(sides: Sides, ms: number): Promise<Row[]> {
  const bareRow = await measureBare(sides, ms)
  const bare = { rate: Number(bareRow['posts/s']), transactionMs: Number(bareRow['p50 ms']) }
  const many = await measurePosts(sides, bare, 'many rooms', { rooms: everyRoom, window: WINDOW, ms })
  const one = await measurePosts(sides, bare, 'one room', { rooms: oneRoom, window: WINDOW, ms })
  const perSecond = Number(many['posts/s']) / 2
  const half = await measurePosts(sides, bare, 'many rooms, half as many a second', {
    rooms: everyRoom,
    window: WINDOW,
    ms,
    perSecond,
  })
  return [bareRow, many, one, half].map(told)
}

async function measureBare({ bare }: Sides, ms: number): Promise<Row> {
  const own = process.cpuUsage()
  const written = await bare.write(ms)
  const { user, system } = process.cpuUsage(own)
  return {
    posts: 'bare statement',
    'posts/s': written.rows / written.seconds,
    'of bare': 1,
    'p50 ms': median(written.transactionMs),
    'p99 ms': percentile(written.transactionMs, 0.99),
    'posts a commit': BATCH,
    'commit ms': median(written.transactionMs),
    'p50 in commits': 1,
    'p50 in bare commits': 1,
    'server CPU µs/post': 0,
    'database CPU µs/post': (written.databaseCpu / written.rows) * 1e6,
    'generator CPU µs/post': (user + system) / written.rows,
  }
}

async function measurePosts(sides: Sides, bare: Bare, posts: string, order: PostOrder): Promise<Row> {
  const { server, generators } = sides
  const before = { cpu: generators.cpu(), batches: await readBatches(server) }
  const { done, seconds, ...cpu } = await whileCounting(server, () => generators.last('post', order))
  const p50Ms = percentile(done.each, 0.5)
  const after = await readBatches(server)
  const commits = after.commits - before.batches.commits
  const commitMs = ((after.seconds - before.batches.seconds) / commits) * 1000
  return {
    posts,
    'posts/s': done.count / seconds,
    'of bare': done.count / seconds / bare.rate,
    'p50 ms': p50Ms,
    'p99 ms': percentile(done.each, 0.99),
    'posts a commit': (after.posts - before.batches.posts) / commits,
    'commit ms': commitMs,
    'p50 in commits': p50Ms / commitMs,
    'p50 in bare commits': p50Ms / bare.transactionMs,
    'server CPU µs/post': (cpu.server / done.count) * 1e6,
    'database CPU µs/post': (cpu.database / done.count) * 1e6,
    'generator CPU µs/post': ((generators.cpu() - before.cpu) / done.count) * 1e6,
  }
}

function told(row: Row): Row {
  progress(
    Object.entries(row)
      .map(([name, value]) => `${name} ${typeof value === 'number' ? round(value) : value}`)
      .join(', '),
  )
  return row
}
