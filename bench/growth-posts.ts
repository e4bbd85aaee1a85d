import type { Input } from '../src/protocol/request.ts'
import { type Bench, percentile, progress, type Row } from './figures.ts'
import { type Generators, startGenerators, together } from './generators.ts'
import { fillMessages, instantOf } from './growth-seed.ts'
import { whileCounting } from './measure.ts'
import { seedWorld } from './seed.ts'
import { type BenchServer, startServer } from './server.ts'
import { LARGE, POST_ROOMS, postRoom, roomId, USERS_STEP, uuidOf } from './world.ts'

/** 10,000,000 need about ten minutes and 6 GB of disk: `--points 1000,10000,100000,1000000` leaves them out. */
const points = [1_000, 10_000, 100_000, 1_000_000, 10_000_000]
/** Filled by turns, so few that a page is full in each from the first point on. Those that are posted into have nothing else. */
const FILLED = 20
const posted = Array.from({ length: POST_ROOMS - FILLED - LARGE }, (_, n) => postRoom(FILLED + n))
const filled = Array.from({ length: FILLED }, (_, n) => roomId(n))
const SENDERS = 16
const RUN_MS = 4_000
const ASKS = 100
/** Where each takes seconds, fewer do. */
const ASK_MS = 20_000

/** Each thing that is done with messages, on a store that holds so many already. */
export const benchGrowthPosts: Bench = {
  title: `Growth: posts, history, search and sync by the number of messages in the store (over ${FILLED} rooms)`,
  async run({ runs, points: wanted = points }) {
    const server = await startServer()
    try {
      await seedWorld(server, USERS_STEP, { affiliations: 100, messages: 0 })
      const generators = startGenerators(1)
      await generators.open(server.port, SENDERS)
      const rows: Row[][] = []
      let stored = 0
      for (const total of wanted) {
        await fillMessages(server, { from: stored, total, rooms: FILLED, users: USERS_STEP })
        stored = total
        const runsOfPoint: Row[][] = []
        for (let run = 0; run <= runs; run += 1) runsOfPoint.push(await measure(server, generators, total))
        // The first one found a cold cache.
        const warm = runsOfPoint.slice(1)
        rows.push(...warm[0]!.map((_, what) => warm.map(run => run[what]!)))
      }
      await generators.end()
      return rows
    } finally {
      await server.stop()
    }
  },
}

async function measure(server: BenchServer, generators: Generators, total: number): Promise<Row[]> {
  const row = (what: string, cost: Cost): Row => ({ messages: total.toLocaleString('en'), what, ...cost })
  const perRoom = Math.floor(total / FILLED)
  const room = (turn: number) => roomId((turn * 37) % FILLED)
  const middle = (turn: number) => Math.max(2, Math.floor((perRoom * (1 + (turn % 7))) / 8))
  const list = (more: (turn: number) => { before?: number }) =>
    ask(server, turn => server.asAdmin('message.list', { room: room(turn), limit: 30, ...more(turn) }))
  const search = (input: Input<'message.search'>) => ask(server, () => server.asAdmin('message.search', input))
  const rows = [
    row('a post', await post(server, generators)),
    row('newest 30 of a room', await list(() => ({}))),
    row('30 from the middle', await list(turn => ({ before: middle(turn) }))),
    row('search of a rare word (a millionth)', await search({ text: 'pangolin' })),
    row('search of a word (a thousandth)', await search({ text: 'heron' })),
    row('search of a common word (a tenth)', await search({ text: 'report', rooms: filled })),
    row('search of a common word that nobody wrote lately', await search({ text: 'report' })),
    row('search of a common word up to the middle', await search({ text: 'report', until: instantOf(total / 2) })),
    row('search of one author', await search({ authors: [uuidOf('user', 7)] })),
    row('search of a word that nobody wrote', await search({ text: 'zebra' })),
    row('session.sync', await sync(server, generators)),
  ]
  // The table comes at the very end: what breaks off before leaves this.
  for (const { what, ...cost } of rows) progress(`${what}: ${JSON.stringify(cost)}`)
  progress(`${total} messages are measured`)
  return rows
}

type Cost = {
  'server CPU µs': number
  'database CPU µs': number
  'p50 ms': number
  'p99 ms': number
  refused: number
}

async function post(server: BenchServer, generators: Generators): Promise<Cost> {
  const order = { rooms: posted, window: 4, ms: RUN_MS }
  const { done, ...cpu } = await whileCounting(server, () => generators.last('post', order))
  return costOf(cpu, done.each, done.count)
}

async function sync(server: BenchServer, generators: Generators): Promise<Cost> {
  const order = { users: USERS_STEP, lastSeq: 0, missed: { rooms: 0, messages: 0 }, atOnce: 2 }
  const syncAll = async () => {
    const rounds = []
    for (let round = 0; round < 20; round += 1) rounds.push(...(await generators.all('sync', order)))
    return together(rounds)
  }
  const { done, ...cpu } = await whileCounting(server, syncAll)
  return costOf(cpu, done.each, done.count)
}

/** One after the other, over HTTP. That the server ends what takes too long is an answer too. */
async function ask(server: BenchServer, once: (turn: number) => Promise<unknown>): Promise<Cost> {
  const each: number[] = []
  let refused = 0
  const refuse = (error: { code?: unknown }) => {
    if (error.code !== 'too_large') throw error
    refused += 1
  }
  const { ...cpu } = await whileCounting(server, async () => {
    const startedAt = performance.now()
    for (let turn = 0; turn < ASKS && performance.now() - startedAt < ASK_MS; turn += 1) {
      const beganAt = performance.now()
      await once(turn).catch(refuse)
      each.push(performance.now() - beganAt)
    }
  })
  return costOf(cpu, each, each.length, refused)
}

function costOf(cpu: { server: number; database: number }, each: number[], count: number, refused = 0): Cost {
  return {
    'server CPU µs': (cpu.server / count) * 1e6,
    'database CPU µs': (cpu.database / count) * 1e6,
    'p50 ms': percentile(each, 0.5),
    'p99 ms': percentile(each, 0.99),
    refused,
  }
}
