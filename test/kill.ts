import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { call } from './ask-http.ts'
import { inTime } from './in-time.ts'
import { findFaults, type Kept, type KeptRoom } from './kill-check.ts'
import { openWriter, type Stage } from './kill-clients.ts'
import { killEnv, openReaders, prepare, progress, readingsOf, unanswered } from './kill-world.ts'
import { type Pchat, runPchat } from './pchat.ts'
import { numberOption, openRandom, type Random } from './random.ts'

export type KillOptions = {
  seed: number
  rounds: number
  rooms?: number
  writers?: number
  inFlight?: number
  /** The longest time between two kills. */
  maxPauseMs?: number
  say?: (line: string) => void
}

export type KillReport = {
  seed: number
  kills: Record<Kill, number>
  posts: number
  acknowledged: number
  retried: number
  repeated: number
  resumed: number
  seconds: number
  faults: string[]
}

/** What is killed: the server, PostgreSQL's first process, both with all of PostgreSQL's, or the backend of one connection. */
const kinds = ['server', 'postmaster', 'both', 'backend'] as const
type Kill = (typeof kinds)[number]

/** Recovery of a database and a start on a busy machine. */
const patienceMs = 60_000

/** Posts through a real server while it and its database are killed, then looks for what was lost, doubled or mixed up. */
export async function runKills(options: KillOptions): Promise<KillReport> {
  const { seed, rounds, rooms: roomCount = 4, writers: writerCount = 5, inFlight = 12, maxPauseMs = 1_500 } = options
  const say = options.say ?? (() => {})
  const startedAt = Date.now()
  const random = openRandom(seed)
  const faults: string[] = []
  const folder = await mkdtemp(join(tmpdir(), 'pchat-kill-'))
  // PostgreSQL runs under an account of its own where this is root.
  await chmod(folder, 0o755)
  const data = join(folder, 'data')
  let server = startServer(data)
  try {
    let url = await server.ready()
    const { people, rooms, token } = await prepare(url, writerCount, roomCount)
    const stop = new AbortController()
    const stage: Stage = { url: () => url, rooms, fault: text => void faults.push(text), stopping: stop.signal }
    const ends = Promise.withResolvers<Map<string, number>>()
    const writers = people.map((person, index) =>
      openWriter(stage, person, `writer ${index}`, random.fork(`writer ${index}`), inFlight),
    )
    const readers = openReaders(stage, people, ends.promise)
    const acknowledged = () => writers.reduce((sum, writer) => sum + writer.acknowledged(), 0)

    const kills: KillReport['kills'] = { server: 0, postmaster: 0, both: 0, backend: 0 }
    for (let round = 0; round < rounds; round += 1) {
      // Each kind comes by turns, in an order of its own in each run; sometimes before the last one is recovered from.
      if (!random.chance(0.15)) await progress(acknowledged, server, patienceMs)
      await sleep(random.below(maxPauseMs))
      const kill = kinds[(round + seed) % kinds.length]!
      kills[kill] += 1
      say(`${round + 1}: ${kill} after ${acknowledged()} acknowledged`)
      server = await strike(kill, server, data, random)
      url = await readyUrl(server)
    }
    await progress(acknowledged, server, patienceMs)
    stop.abort()
    await inTime(patienceMs, 'the writers', Promise.all(writers.map(writer => writer.done)))
    const kept = await Promise.all(rooms.map(room => readRoom(url, token, room)))
    ends.resolve(new Map(kept.map(({ room, lastSeq }) => [room, lastSeq])))
    await inTime(patienceMs, 'the readers', Promise.all(readers.map(reader => reader.done)))

    const tried = writers.flatMap(writer => writer.tried)
    faults.push(...findFaults(tried, kept, readingsOf(readers, rooms)), ...unanswered(tried))
    server.kill('SIGTERM')
    const end = await server.ended
    if (end !== 0) faults.push(`the server ended with ${end}:\n${server.said().slice(-2_000)}`)
    return {
      seed,
      kills,
      posts: tried.length,
      acknowledged: acknowledged(),
      retried: tried.filter(post => (post.acknowledged[0]?.attempt ?? 1) > 1).length,
      repeated: tried.filter(post => post.acknowledged[0]?.repeated).length,
      resumed: readers.reduce((sum, reader) => sum + reader.resumed(), 0),
      seconds: Math.round((Date.now() - startedAt) / 1000),
      faults,
    }
  } finally {
    await endAll(server, data)
    await rm(folder, { recursive: true, force: true })
  }
}

function startServer(data: string): Pchat {
  return runPchat(['start', '--port', '0', '--data-dir', data], { env: killEnv })
}

async function readyUrl(server: Pchat): Promise<string> {
  return inTime(patienceMs, 'the start of the server', server.ready())
}

/** Kills, and answers the server that stands afterwards: it starts its own database again, and is started again where it was killed. */
async function strike(kill: Kill, server: Pchat, data: string, random: Random): Promise<Pchat> {
  const postmaster = await postmasterOf(data)
  const children = postmaster === undefined ? [] : await childrenOf(postmaster)
  if (kill === 'backend') {
    const backends = children.filter(({ title }) => /pchat pchat/.test(title))
    if (backends.length > 0) send(random.pick(backends).pid)
  }
  if (kill === 'postmaster' && postmaster !== undefined) send(postmaster)
  if (kill === 'both')
    for (const pid of [postmaster, ...children.map(child => child.pid)]) if (pid !== undefined) send(pid)
  if (kill === 'server' || kill === 'both') {
    server.kill('SIGKILL')
    await server.ended
    return startServer(data)
  }
  return server
}

function send(pid: number) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function postmasterOf(data: string): Promise<number | undefined> {
  const text = await readFile(join(data, 'postgres/postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  const argv = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return argv.includes(data) ? pid : undefined
}

async function childrenOf(parent: number): Promise<{ pid: number; title: string }[]> {
  const found: { pid: number; title: string }[] = []
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    if (Number(stat.split(') ')[1]?.split(' ')[1]) !== parent) continue
    found.push({ pid, title: await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') })
  }
  return found
}

async function endAll(server: Pchat, data: string) {
  server.kill('SIGKILL')
  await server.ended
  const postmaster = await postmasterOf(data)
  if (postmaster === undefined) return
  const children = await childrenOf(postmaster)
  for (const pid of [postmaster, ...children.map(child => child.pid)]) send(pid)
}

async function readRoom(url: string, token: string, room: string): Promise<KeptRoom> {
  const messages: Kept[] = []
  for (;;) {
    const page = await call(url, token, 'message.list', { room, after: messages.at(-1)?.seq ?? 0, limit: 500 })
    messages.push(...(page.messages as Kept[]).map(({ seq, at, clientId, text }) => ({ seq, at, clientId, text })))
    if (page.messages.length === 0) return { room, lastSeq: page.lastSeq, messages }
  }
}

if (import.meta.main) {
  const args = process.argv.slice(2)
  const seed = numberOption(args, 'seed', Date.now() % 2 ** 31)
  console.log(`seed ${seed}`)
  const report = await runKills({ seed, rounds: numberOption(args, 'rounds', 20), say: console.log })
  console.log(JSON.stringify(report, null, 2))
  process.exitCode = report.faults.length > 0 ? 1 : 0
}
