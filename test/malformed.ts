import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDb } from '../src/store/db.ts'
import { call } from './ask-http.ts'
import { askStrange, beforeOpening, overWebSocket, sendSenseless } from './malformed-asks.ts'
import { sendFrames, sendTexts } from './malformed-bytes.ts'
import { overHttp, sendHttp } from './malformed-http.ts'
import type { Run } from './malformed-judge.ts'
import { malformedPassword, prepareTarget, type Target } from './malformed-target.ts'
import { validInputs } from './malformed-valid.ts'
import { openGoodClient, readRows } from './malformed-watch.ts'
import { runPchat } from './pchat.ts'
import { numberOption, openRandom } from './random.ts'

export type MalformedReport = {
  seed: number
  sent: number
  outcomes: Record<string, number>
  goodAnswers: number
  /** After each tenth. */
  residentMb?: number[]
  faults: string[]
}

const maxFaults = 30

/** Sends `count` things that are wrong in every way that the generator knows, and looks for what was taken, fell over or changed. */
export async function runMalformed(
  target: Target,
  { seed, count }: { seed: number; count: number },
): Promise<MalformedReport> {
  const random = openRandom(seed)
  const faults: string[] = []
  const outcomes: Record<string, number> = {}
  const fault = (text: string) => {
    if (faults.length < maxFaults) faults.push(text)
  }
  const note = (outcome: string) => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  const inputs = validInputs(target.names)
  const run: Run = { target, random, fault, note, inputs }
  const before = await readRows(target.db)
  const good = openGoodClient(target, fault)
  let sent = 0
  const residentMb: number[] = []
  // Weights: mostly inputs of verbs at both doors.
  const kinds: [number, (run: Run) => Promise<number>][] = [
    [10, overWebSocket],
    [5, overHttp],
    [1, sendTexts],
    [1, sendFrames],
    [1, sendHttp],
    [1, beforeOpening],
    [1, sendSenseless],
    [1, askStrange],
  ]
  const turns = kinds.flatMap(([weight, kind]) => Array.from({ length: weight }, () => kind))
  for (let turn = 0; sent < count; turn += 1) {
    // Every kind comes at least once, also in a short run.
    sent += await (turn < kinds.length ? kinds[turn]![1] : random.pick(turns))(run)
    if (target.residentBytes && sent >= ((residentMb.length + 1) * count) / 10)
      residentMb.push(Math.round((await target.residentBytes()) / 2 ** 20))
  }
  const goodAnswers = await good.end()
  const after = await readRows(target.db)
  for (const [table, rows] of Object.entries(after))
    if (before[table] !== rows) fault(`${table} changed: ${before[table]} before, ${rows} after`)
  return {
    seed,
    sent,
    outcomes,
    goodAnswers,
    ...(target.residentBytes ? { residentMb } : {}),
    faults,
  }
}

async function main() {
  const args = process.argv.slice(2)
  const seed = numberOption(args, 'seed', Date.now() % 2 ** 31)
  const count = numberOption(args, 'count', 10_000)
  console.log(`seed ${seed}`)
  const folder = await mkdtemp(join(tmpdir(), 'pchat-malformed-'))
  await chmod(folder, 0o755)
  const data = join(folder, 'data')
  const admin = { user: 'admin@example.com', password: malformedPassword }
  const env = { PCHAT_ADMIN_USER: admin.user, PCHAT_ADMIN_PASSWORD: admin.password }
  const server = runPchat(['start', '--port', '0', '--data-dir', data, '--log-level', 'error'], { env })
  try {
    const url = await server.ready()
    const socketFolder = (await readFile(join(data, 'postgres/postmaster.pid'), 'utf8')).split('\n')[4]!.trim()
    const db = openDb({ host: socketFolder, user: 'pchat', database: 'pchat' }, { max: 2 })
    const { token } = await call(url, undefined, 'session.signIn', admin)
    const target = await prepareTarget(url, db, token)
    const residentBytes = async () =>
      Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
    const report = await runMalformed({ ...target, residentBytes }, { seed, count })
    // The first part fills caches and compiles; from then on the second half is no higher than the first.
    const { residentMb = [] } = report
    if (Math.max(...residentMb.slice(5)) > Math.max(...residentMb.slice(2, 5)) + 64) report.faults.push('memory grew')
    console.log(JSON.stringify(report, null, 2))
    process.exitCode = report.faults.length > 0 ? 1 : 0
    await db.end()
  } finally {
    server.kill('SIGTERM')
    await server.ended
    console.log(server.said().slice(-3_000))
    await rm(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) await main()
