import { type ComplianceSwitch, openComplianceSwitch } from './compliance-switch.ts'
import { type Bench, percentile, progress, type Row, round } from './figures.ts'
import { type Generators, startGenerators } from './generators.ts'
import { whileCounting } from './measure.ts'
import { seedWorld } from './seed.ts'
import { type BenchServer, startServer } from './server.ts'
import { lightWorld, POST_ROOMS, postRoom } from './world.ts'

const SENDERS = 64
const WINDOW = 32
const RUN_MS = 3_000
const WARM_MS = 1_000
/** Ten times the posts a second of the capacity model (F2). */
const STEADY = 240
const STEADY_MS = 120_000

const rooms = Array.from({ length: POST_ROOMS }, (_, number) => postRoom(number))
type Sides = { server: BenchServer; generators: Generators; compliance: ComplianceSwitch }

/**
 * Off, on with the service stopped, and on with the service beside it follow each other in one turn, so that what else the machine
 * does falls on all of them; ratios are of one turn. The archive is on the same PostgreSQL and the same cores.
 */
export const benchCompliance: Bench = {
  title: 'Posts acknowledged with compliance off, on with its service stopped, and on with its service at work',
  async run({ runs, users }) {
    const server = await startServer()
    try {
      await seedWorld(server, users, lightWorld)
      const generators = startGenerators(1)
      await generators.open(server.port, SENDERS)
      const compliance = await openComplianceSwitch(server)
      const sides = { server, generators, compliance }
      const turns: Row[][] = []
      await measureTurn(sides, 0, WARM_MS)
      for (let turn = 0; turn < runs; turn += 1) turns.push(await measureTurn(sides, turn, RUN_MS))
      const steady = await measureSteady(sides)
      await compliance.end()
      await generators.end()
      return [...turns[0]!.map((_, place) => turns.map(rows => rows[place]!)), [steady]]
    } finally {
      await server.stop()
    }
  },
}

/** Every other turn the other way round: a machine that slows down, or warms up, does it to all of them. */
async function measureTurn(sides: Sides, turn: number, ms: number): Promise<Row[]> {
  const found: Record<string, Row> = {}
  const states = [
    ['off', false, false],
    ['on, service stopped', true, false],
    ['on, service at work', true, true],
  ] as const
  for (const [state, isOn, isAtWork] of turn % 2 === 0 ? states : states.toReversed()) {
    await sides.compliance.record(isOn)
    await sides.compliance.move(isAtWork)
    if (isAtWork) await sides.compliance.drain()
    found[state] = await measure(sides, state, isAtWork, ms)
  }
  const off = found.off!
  return states.map(([state]) => {
    const row = found[state]!
    return told({
      ...row,
      'of off': Number(row['posts/s']) / Number(off['posts/s']),
      'CPU of off': cpuOf(row) / cpuOf(off),
    })
  })
}

/** Of server, service and database together: what a post takes of a busy machine, whoever else is on it. */
function cpuOf(row: Row): number {
  return Number(row['server CPU µs/post']) + Number(row['database CPU µs/post'])
}

async function measure(sides: Sides, recording: string, isAtWork: boolean, ms: number): Promise<Row> {
  const { server, generators, compliance } = sides
  // What the service still has to move then is paid for too.
  const counted = await whileCounting(server, async () => {
    const timed = await generators.last('post', { rooms, window: WINDOW, ms })
    const left = await compliance.waiting()
    return { timed, ...left, drained: isAtWork ? await compliance.drain() : 0 }
  })
  const { timed: done, rows, ageSeconds, drained } = counted.done
  const seconds = done.ms / 1_000
  const cpu = { server: counted.server, database: counted.database }
  return {
    recording,
    'posts/s': done.count / seconds,
    'p50 ms': percentile(done.each, 0.5),
    'p99 ms': percentile(done.each, 0.99),
    'server CPU µs/post': (cpu.server / done.count) * 1e6,
    'database CPU µs/post': (cpu.database / done.count) * 1e6,
    'left waiting': isAtWork ? rows : 0,
    'oldest s': isAtWork ? ageSeconds : 0,
    // With the time that the service needed for what was left.
    'archived/s': isAtWork ? done.count / (seconds + drained) : 0,
  }
}

async function measureSteady({ server, generators, compliance }: Sides): Promise<Row> {
  let most = 0
  let oldest = 0
  const looking = setInterval(() => {
    void compliance.waiting().then(({ rows, ageSeconds }) => {
      most = Math.max(most, rows)
      oldest = Math.max(oldest, ageSeconds)
    })
  }, 1_000)
  const order = { rooms, window: WINDOW, ms: STEADY_MS, perSecond: STEADY }
  const { done, seconds, ...cpu } = await whileCounting(server, () => generators.last('post', order))
  clearInterval(looking)
  const { rows, ageSeconds } = await compliance.waiting()
  progress(`steady: at most ${most} waited, at most ${round(oldest)} s; in the end ${rows}, ${round(ageSeconds)} s`)
  const drained = await compliance.drain()
  return told({
    recording: `on, ${STEADY} a second for two minutes`,
    'posts/s': done.count / seconds,
    'p50 ms': percentile(done.each, 0.5),
    'p99 ms': percentile(done.each, 0.99),
    'server CPU µs/post': (cpu.server / done.count) * 1e6,
    'database CPU µs/post': (cpu.database / done.count) * 1e6,
    'left waiting': most,
    'oldest s': oldest,
    'archived/s': done.count / (seconds + drained),
    'of off': 0,
    'CPU of off': 0,
  })
}

function told(row: Row): Row {
  progress(
    Object.entries(row)
      .map(([name, value]) => `${name} ${typeof value === 'number' ? round(value) : value}`)
      .join(', '),
  )
  return row
}
