import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { changeCompliance } from '../src/store/compliance.ts'
import { type Db, openDb, transaction } from '../src/store/db.ts'
import { raiseSettings } from '../src/store/stamp.ts'
import { findRecordFaults, type Recorded } from './compliance-check.ts'
import { inTime } from './in-time.ts'
import { findFaults, type KeptRoom } from './kill-check.ts'
import { openWriter, type Stage } from './kill-clients.ts'
import { killEnv, openReaders, prepare, progress, readingsOf, unanswered } from './kill-world.ts'
import { type Pchat, runPchat } from './pchat.ts'
import { openPlainPostgres, type PlainPostgres } from './plain-postgres.ts'
import { numberOption, openRandom } from './random.ts'
import { freePort } from './store-pair.ts'

export type ComplianceKillOptions = {
  seed: number
  rounds: number
  rooms?: number
  writers?: number
  inFlight?: number
  maxPauseMs?: number
  say?: (line: string) => void
}
export type ComplianceKillReport = {
  seed: number
  kills: Record<Kill, number>
  acknowledged: number
  entries: number
  batches: number
  fences: number
  joins: number
  parts: number
  files: number
  seconds: number
  faults: string[]
}

/** What is killed: the chat server, the Compliance service, or one of the two databases at once. */
const kinds = ['server', 'service', 'store', 'archive'] as const
type Kill = (typeof kinds)[number]

const patienceMs = 120_000
const program = fileURLToPath(new URL('compliance-process.ts', import.meta.url))

/** Posts and reads under recording while everything that takes part is killed, then compares what was answered, kept and recorded. */
export async function runComplianceKills(options: ComplianceKillOptions): Promise<ComplianceKillReport> {
  const { seed, rounds, rooms: roomCount = 4, writers: writerCount = 4, inFlight = 8, maxPauseMs = 1_500 } = options
  const say = options.say ?? (() => {})
  const startedAt = Date.now()
  const random = openRandom(seed)
  const faults: string[] = []
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'pchat-compliance-kill-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  // PostgreSQL runs under an account of its own where this is root.
  await chmod(folder, 0o755)
  const [store, archive] = [await database(folder, 'store', opened), await database(folder, 'archive', opened)]
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const startServer = () => {
    const args = ['start', '--port', String(port), '--data-dir', join(folder, 'server'), '--database-url', store.url]
    return runPchat(args, { env: killEnv })
  }
  const startService = (n: number) =>
    runPchat([store.url, archive.url, join(folder, 'service'), `service ${n}`], {
      program: [process.execPath, program],
    })
  await mkdir(join(folder, 'service'))
  const running = { server: startServer(), service: startService(0) }
  opened.defer(() => end(running.server))
  opened.defer(() => end(running.service))
  await inTime(patienceMs, 'the start of the server', running.server.ready())
  const { people, rooms } = await prepare(url, writerCount, roomCount)
  const stored = openDb({ connectionString: store.url }, { max: 2 })
  opened.defer(() => stored.end())
  const archived = openDb({ connectionString: archive.url }, { max: 2 })
  opened.defer(() => archived.end())
  await switchOn(stored, folder)

  const stop = new AbortController()
  const stage: Stage = { url: () => url, rooms, fault: text => void faults.push(text), stopping: stop.signal }
  const ends = Promise.withResolvers<Map<string, number>>()
  const writers = people
    .slice(0, writerCount)
    .map((one, n) => openWriter(stage, one, `writer ${n}`, random.fork(`writer ${n}`), inFlight))
  const readers = openReaders(stage, people, ends.promise)
  const acknowledged = () => writers.reduce((sum, writer) => sum + writer.acknowledged(), 0)
  const kills: ComplianceKillReport['kills'] = { server: 0, service: 0, store: 0, archive: 0 }
  for (let round = 0; round < rounds; round += 1) {
    // Sometimes before the last one is recovered from.
    if (!random.chance(0.25)) await progress(acknowledged, running.server, patienceMs)
    await sleep(random.below(maxPauseMs))
    // Each by turns, in an order of its own in each run.
    const kill = kinds[(round + seed) % kinds.length]!
    kills[kill] += 1
    say(`${Math.round((Date.now() - startedAt) / 1_000)} s, ${round + 1}: ${kill} after ${acknowledged()} acknowledged`)
    if (kill === 'server') {
      await end(running.server)
      running.server = startServer()
      await inTime(patienceMs, 'the start of the server', running.server.ready())
    } else if (kill === 'service') {
      await end(running.service)
      running.service = startService(round + 1)
    } else {
      const killed = kill === 'store' ? store : archive
      await killed.stopAtOnce()
      await sleep(random.below(maxPauseMs))
      await killed.start()
    }
  }
  await progress(acknowledged, running.server, patienceMs)
  stop.abort()
  await inTime(patienceMs, 'the writers', Promise.all(writers.map(writer => writer.done)))
  const kept = await readRooms(stored)
  ends.resolve(new Map(kept.map(({ room, lastSeq }) => [room, lastSeq])))
  await inTime(patienceMs, 'the readers', Promise.all(readers.map(reader => reader.done)))
  say(`${Math.round((Date.now() - startedAt) / 1_000)} s: all is posted and read; what is recorded comes to rest`)

  const recorded = await findRecordFaults({ store: stored, archive: archived, folder, patienceMs })
  const tried = writers.flatMap(writer => writer.tried)
  const reads = readingsOf(readers, rooms)
  faults.push(...findFaults(tried, kept, reads), ...recorded.faults, ...faultsOfArchive(tried, kept, recorded))
  faults.push(...unanswered(tried))
  const { faults: _, rooms: __, ...counts } = recorded
  const seconds = Math.round((Date.now() - startedAt) / 1000)
  return { seed, kills, acknowledged: acknowledged(), ...counts, seconds, faults: faults.slice(0, 40) }
}

/** The archive alone, read as if it were the store: what clients were told stands there, once, in one order. */
function faultsOfArchive(tried: Parameters<typeof findFaults>[0], kept: KeptRoom[], { rooms }: Recorded): string[] {
  const archived = kept.map(({ room, lastSeq }) => ({ room, lastSeq, messages: rooms.get(room) ?? [] }))
  return findFaults(tried, archived, []).map(fault => `archive: ${fault}`)
}

async function database(folder: string, name: string, opened: AsyncDisposableStack): Promise<PlainPostgres> {
  await mkdir(join(folder, name), { mode: 0o711 })
  const postgres = await openPlainPostgres(join(folder, name))
  opened.defer(() => postgres.close())
  return postgres
}

async function end(process: Pchat): Promise<void> {
  process.kill('SIGKILL')
  await process.ended
}

async function switchOn(db: Db, folder: string): Promise<void> {
  const adapter = (name: string, type: string) => ({
    ...{ name, type, outputDirectory: join(folder, 'output', name), runIntervalSeconds: 1, oneRoomPerFile: false },
    ...{ roomDetails: true, userDetails: true, attachmentsManifest: false, custom: {} },
  })
  await transaction(db, async tx => {
    const adapters = [adapter('lines', 'json-lines'), adapter('books', 'xml')]
    await changeCompliance(tx, { recording: true, settings: { adapters } })
    await raiseSettings(tx)
  })
  // The server looks at the settings again by itself.
  await sleep(3_000)
}

async function readRooms(db: Db): Promise<KeptRoom[]> {
  const { rows } = await db.query<{ room: string; lastSeq: number; messages: KeptRoom['messages'] }>(
    `SELECT h.room, h.last_seq AS "lastSeq", coalesce((SELECT json_agg(json_build_object('seq', m.seq,
            'at', to_char(m.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'clientId', m.client_id, 'text', m.text) ORDER BY m.seq)
       FROM message m WHERE m.room = h.room), '[]') AS messages FROM room_head h`,
  )
  return rows
}

if (import.meta.main) {
  const args = process.argv.slice(2)
  const seed = numberOption(args, 'seed', Date.now() % 2 ** 31)
  console.log(`seed ${seed}`)
  const report = await runComplianceKills({ seed, rounds: numberOption(args, 'rounds', 20), say: console.log })
  console.log(JSON.stringify(report, null, 2))
  process.exit(report.faults.length > 0 ? 1 : 0)
}
