import { randomUUID } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Person } from './harness.ts'
import { type Pchat, runPchat } from './pchat.ts'
import { openProxy, type TcpProxy } from './proxy.ts'
import { numberOption, openRandom, type Random } from './random.ts'
import { getFile, sha256, someBytes, upload } from './upload.ts'

export type UploadKillOptions = {
  seed: number
  rounds: number
  bytes: number
  kills: number
  cuts: number
  /** A store that is there already; else the embedded one, which is killed with the server. */
  databaseUrl?: string
  say?: (line: string) => void
}
export type UploadKillReport = { rounds: number; kills: number; cuts: number; faults: string[]; peakMiB: number }

const admin = 'admin@example.com'
const password = 'correct horse battery'

/** The stock tus client puts a file while its connection is cut and the server killed; then the file is read and compared. */
export async function runUploadKills(options: UploadKillOptions): Promise<UploadKillReport> {
  const { rounds, bytes, say = () => {} } = options
  const random = openRandom(options.seed)
  const folder = await mkdtemp(join(tmpdir(), 'pchat-upload-kill-'))
  await chmod(folder, 0o755)
  const report: UploadKillReport = { rounds, kills: 0, cuts: 0, faults: [], peakMiB: 0 }
  const stage = await openStage(folder, options)
  try {
    const { person, room } = await prepare(stage, bytes)
    for (let round = 1; round <= rounds; round += 1) {
      const file = someBytes(bytes, options.seed * 1_000 + round)
      const found = await putUnderFire(stage, person, room, file, random, options)
      report.kills += found.kills
      report.cuts += found.cuts
      if (found.sha256 !== sha256(file))
        report.faults.push(`round ${round}: ${found.sha256} in place of ${sha256(file)}`)
      report.peakMiB = Math.max(report.peakMiB, await peakOf(stage.server()))
      say(`round ${round}: ${found.kills} kills, ${found.cuts} cuts, ${found.seconds} s, peak ${report.peakMiB} MiB`)
    }
  } finally {
    await stage.close()
    await rm(folder, { recursive: true, force: true })
  }
  return report
}

type Stage = {
  proxy: TcpProxy
  server(): Pchat
  /** Kills it without a word, and starts it again. */
  kill(): Promise<void>
  close(): Promise<void>
}

async function openStage(folder: string, { databaseUrl }: UploadKillOptions): Promise<Stage> {
  const start = () =>
    runPchat(
      [
        ...['start', '--port', '0', '--data-dir', join(folder, 'data'), '--file-store', join(folder, 'files')],
        ...(databaseUrl ? ['--database-url', databaseUrl] : []),
      ],
      { env: { PCHAT_ADMIN_USER: admin, PCHAT_ADMIN_PASSWORD: password } },
    )
  let server = start()
  const portOf = async () => Number(new URL(await server.ready()).port)
  const proxy = await openProxy(await portOf())
  return {
    proxy,
    server: () => server,
    async kill() {
      server.kill('SIGKILL')
      await server.ended
      proxy.cut()
      server = start()
      proxy.lead(await portOf())
      proxy.heal()
    },
    async close() {
      server.kill('SIGTERM')
      await server.ended
      await proxy.close()
    },
  }
}

type Uploader = Pick<Person, 'token' | 'ask' | 'call'>

async function signIn(url: string): Promise<Uploader> {
  const ask = async (token: string, verb: string, input: object) => {
    const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) }
    const answer = await fetch(`${url}/api/v1/${verb}`, { method: 'POST', headers, body: JSON.stringify(input) })
    return (await answer.json()) as never
  }
  const call = async (token: string, verb: string, input: object) => {
    const { result, error } = (await ask(token, verb, input)) as {
      result: never
      error?: { code: string; message: string }
    }
    if (error) throw new Error(`${verb}: ${error.code} ${error.message}`)
    return result
  }
  const { token } = (await call('', 'session.signIn', { user: admin, password })) as { token: string }
  return { token, ask: (verb, input) => ask(token, verb, input), call: (verb, input) => call(token, verb, input) }
}

async function prepare({ proxy }: Stage, bytes: number) {
  const url = `http://127.0.0.1:${proxy.port}`
  const person = await signIn(url)
  await person.call('settings.update', {
    settings: { trustedNetworks: ['127.0.0.0/8'], maxFileBytes: Math.max(bytes, 20_000 * 1024) },
  })
  const { category } = await person.call('category.create', {
    ...{ name: 'files', fileUpload: true, allowedMembers: ['example.com'] },
  })
  const { room } = await person.call('room.create', { category: category.id, name: 'room for files', privacy: 'open' })
  return { person, room: room.id }
}

async function putUnderFire(
  stage: Stage,
  person: Uploader,
  room: string,
  bytes: Buffer,
  random: Random,
  { kills, cuts }: UploadKillOptions,
) {
  const startedAt = Date.now()
  const { file, upload: address } = await person.call('file.begin', { room, name: 'big.bin', size: bytes.length })
  const url = `http://127.0.0.1:${stage.proxy.port}${new URL(address).pathname}`
  // Where on the way something happens: at so many bytes sent for the first time.
  const plan = [...Array(kills).fill('kill'), ...Array(cuts).fill('cut')]
    .map(what => ({ what: what as 'kill' | 'cut', at: random.below(bytes.length) }))
    .sort((a, b) => a.at - b.at)
  const done = { kills: 0, cuts: 0 }
  let busy: Promise<void> | undefined
  const happen = async (what: 'kill' | 'cut') => {
    if (what === 'kill') await stage.kill()
    else {
      stage.proxy.cut()
      await sleep(random.below(200))
      stage.proxy.heal()
    }
    done[what === 'kill' ? 'kills' : 'cuts'] += 1
  }
  await upload(person, url, bytes, {
    retries: 200,
    onProgress(sent) {
      if (busy || plan[0] === undefined || sent < plan[0].at) return
      busy = happen(plan.shift()!.what).finally(() => {
        busy = undefined
      })
    },
  })
  await busy
  await post(person, room, file)
  const answer = await getFile({ url: `http://127.0.0.1:${stage.proxy.port}` }, person, file)
  const got = Buffer.from(await answer.arrayBuffer())
  return { ...done, sha256: sha256(got), seconds: Math.round((Date.now() - startedAt) / 100) / 10 }
}

/** A server that was killed behind the last byte finishes the file when it is there again. */
async function post(person: Uploader, room: string, file: string): Promise<void> {
  const clientId = randomUUID()
  for (let tries = 1; ; tries += 1) {
    const { error } = await person.ask('file.post', { room, file, clientId })
    if (!error) return
    if (error.code !== 'unavailable' || tries > 120) throw new Error(`file.post: ${error.code} ${error.message}`)
    await sleep(500)
  }
}

/** The most memory that the server's process had, in MiB. */
async function peakOf({ pid }: Pchat): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
}

if (import.meta.main) {
  const option = (name: string, otherwise: number) => numberOption(process.argv.slice(2), name, otherwise)
  const [seed, mib] = [option('seed', Date.now() % 100_000), option('mib', 500)]
  console.log(`seed ${seed}, ${mib} MiB`)
  const report = await runUploadKills({
    ...{ seed, rounds: option('rounds', 10), bytes: mib * 1024 * 1024 },
    ...{ kills: option('kills', 1), cuts: option('cuts', 5), say: console.log },
  })
  console.log(JSON.stringify(report))
  process.exitCode = report.faults.length > 0 ? 1 : 0
}
