import { randomUUID } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { closeCodes, errorCodes, type WireError } from '../src/protocol/error.ts'
import { type Input, type Result, type Verb, verbs } from '../src/protocol/request.ts'
import { type Db, openDb } from '../src/store/db.ts'
import {
  badFrames,
  badHttp,
  badTexts,
  type Outcome,
  sendRaw,
  upgradeHead,
  frame as wsFrame,
} from './malformed-frames.ts'
import { allVerbs, badInput, type Names, senselessInputs, strangeQuestions, validInputs } from './malformed-input.ts'
import { runPchat } from './pchat.ts'
import { numberOption, openRandom, type Random } from './random.ts'

export type Target = {
  url: string
  db: Db
  /** Signed in: an administrator, who may call every verb, and a member. */
  administrator: string
  member: string
  names: Names
  /** Bytes that the server holds; absent where it shares its process with the test. */
  residentBytes?: () => Promise<number>
}
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
/** Of RFC 6455, sent by the WebSocket itself where bytes are no frames: protocol error, no UTF-8, too big. */
const webSocketCodes = [1002, 1007, 1009]

type Ask = { verb: Verb; input: unknown }

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

type Run = {
  target: Target
  random: Random
  fault(text: string): void
  note(outcome: string): void
  inputs: ReturnType<typeof validInputs>
}

/** Judges one refusal. `codes`: which ones are right. */
function judge(run: Run, what: string, error: WireError | undefined, codes?: string[]) {
  if (!error) return run.fault(`${what} was taken`)
  run.note(error.code)
  if (!Object.hasOwn(errorCodes, error.code) || error.code === 'internal' || error.code === 'unavailable')
    run.fault(`${what}: ${error.code} ${error.message} ${error.id ?? ''}`)
  else if (codes && !codes.includes(error.code)) run.fault(`${what}: ${error.code}, not ${codes.join(' or ')}`)
  else if (!error.message) run.fault(`${what}: ${error.code} says nothing`)
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 160 ? `${text.slice(0, 160)}… (${text.length})` : text
}

const batch = 40

async function overWebSocket(run: Run): Promise<number> {
  const asks = Array.from({ length: batch }, () => badInput(run.inputs, run.random))
  const answers = await askAll(run, run.random.chance(0.7) ? run.target.administrator : run.target.member, asks)
  asks.forEach(({ verb, input }, n) => {
    const open = verbs[verb].callers === 'anyone'
    judge(run, `WebSocket ${verb} ${shown(input)}`, answers[n], [open ? 'conflict' : 'invalid_argument'])
  })
  return batch
}

/** Each answer's error, undefined where there was a result. Throws where the connection ended. */
async function askAll(run: Run, token: string, asks: Ask[]): Promise<(WireError | undefined)[]> {
  const socket = await openSocket(run.target.url, token)
  const answers = await Promise.all(asks.map(ask => socket.ask(ask.verb, ask.input)))
  socket.end()
  return answers.map((answer, n) => {
    if (answer === 'gone') run.fault(`the connection ended at ${asks[n]?.verb} ${shown(asks[n]?.input)}`)
    return answer === 'gone' ? { code: 'internal', message: 'the connection ended' } : answer.error
  })
}

type Answer = { result?: unknown; error?: WireError }

async function openSocket(url: string, token: string) {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, 'pchat.v1')
  const waiting = new Map<number, (answer: Answer | 'gone') => void>()
  let lastId = 0
  socket.on('error', () => {})
  socket.on('message', data => {
    const answer = JSON.parse(data.toString()) as Answer & { id: number }
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  })
  socket.on('close', () => {
    for (const answer of waiting.values()) answer('gone')
  })
  const ask = (verb: string, input: unknown) =>
    new Promise<Answer | 'gone'>(resolve => {
      if (socket.readyState !== WebSocket.OPEN) return resolve('gone')
      lastId += 1
      waiting.set(lastId, resolve)
      socket.send(JSON.stringify({ id: lastId, verb, input }))
    })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const opened = await ask('session.open', { token })
  if (opened === 'gone' || opened.error) throw new Error(`session.open: ${JSON.stringify(opened)}`)
  return { ask, end: () => socket.terminate() }
}

async function overHttp(run: Run): Promise<number> {
  for (let n = 0; n < batch; n += 1) {
    const { verb, input } = badInput(run.inputs, run.random)
    const answer = await postBody(run, verb, JSON.stringify(input))
    judge(run, `HTTP ${verb} ${shown(input)}`, answer, ['invalid_argument'])
  }
  const bodies = strangeBodies(run)
  for (const { name, body, headers, codes } of bodies) {
    const answer = await postBody(run, run.random.pick(['room.find', 'settings.get', 'category.list']), body, headers)
    judge(run, `HTTP body: ${name}`, answer, codes ?? ['invalid_argument'])
  }
  return batch + bodies.length
}

type Body = { name: string; body: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string>; codes?: string[] }

function strangeBodies({ random }: Run): Body[] {
  const json = 'application/json'
  const bytes = (...parts: (string | number[])[]) =>
    new Uint8Array(Buffer.concat(parts.map(part => Buffer.from(part as string))))
  return [
    ...badTexts(random)
      .filter(text => !/^\{"|^\{\}$|^$/.test(text))
      .map(body => ({ name: shown(body), body })),
    { name: 'over 1 MiB', body: `{"text":"${'x'.repeat(1_100_000)}"}`, codes: ['too_large'] },
    { name: '1 MiB of brackets', body: '['.repeat(1_000_000) },
    { name: 'invalid UTF-8', body: bytes('{"text":"', [0xff, 0xfe], '"}') },
    { name: 'a surrogate in UTF-8', body: bytes('{"text":"', [0xed, 0xa0, 0x80], '"}') },
    { name: 'UTF-16', body: new Uint8Array(Buffer.from('{"text":"x"}', 'utf16le')) },
    { name: 'text/plain', body: '{}', headers: { 'content-type': 'text/plain' } },
    { name: 'a form', body: 'text=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    {
      name: 'multipart',
      body: '--x\r\n\r\n{}\r\n--x--',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    },
    { name: 'a type of nonsense', body: '{}', headers: { 'content-type': ';;;/=' } },
    { name: 'a type of 5 KB', body: '{}', headers: { 'content-type': `application/${'x'.repeat(5_000)}` } },
    { name: 'xml', body: '<x/>', headers: { 'content-type': 'application/xml' } },
    { name: 'not unzipped', body: 'x', headers: { 'content-type': json, 'content-encoding': 'gzip' } },
    { name: 'no token', body: '{}', headers: { authorization: '' }, codes: ['unauthenticated'] },
    {
      name: 'a wrong token',
      body: '{}',
      headers: { authorization: `Bearer ${'x'.repeat(3_000)}` },
      codes: ['unauthenticated'],
    },
    { name: 'a wrong scheme', body: '{}', headers: { authorization: 'Basic Og==' }, codes: ['unauthenticated'] },
  ]
}

async function postBody(
  run: Run,
  verb: string,
  body: Body['body'],
  headers: Record<string, string> = {},
): Promise<WireError | undefined> {
  const response = await fetch(`${run.target.url}/api/v1/${verb}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${run.target.administrator}`, ...headers },
    body,
  }).catch((error: Error) => {
    // A server that refuses a large body by its length does not read it, and the sender may find the pipe broken before the answer.
    if (body.length <= 1024 * 1024) run.fault(`HTTP ${verb}: ${error.message} ${error.cause ?? ''}`)
  })
  if (!response) return { code: 'too_large', message: 'the connection ended' }
  const text = await response.text()
  try {
    const { error } = JSON.parse(text) as { error?: WireError }
    if (error && errorCodes[error.code]?.status !== response.status)
      run.fault(`HTTP ${verb}: ${error.code} came with status ${response.status}`)
    return error
  } catch {
    run.fault(`HTTP ${verb}: ${response.status} with ${text.slice(0, 100)}`)
    return { code: 'internal', message: text }
  }
}

async function inParallel<T>(all: T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = [...all]
  const lane = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one)
  }
  await Promise.all(Array.from({ length: 8 }, lane))
}

async function sendTexts(run: Run): Promise<number> {
  const texts = badTexts(run.random)
  await inParallel(texts, async text =>
    judgeFrames(run, `the text ${shown(text)}`, await sendOpened(run, [wsFrame(text)]), [closeCodes.protocolError]),
  )
  return texts.length
}

async function sendFrames(run: Run): Promise<number> {
  const frames = badFrames(run.random)
  await inParallel(frames, async ({ name, bytes }) =>
    judgeFrames(run, name, await sendOpened(run, bytes), [closeCodes.protocolError, ...webSocketCodes]),
  )
  return frames.length
}

function sendOpened(run: Run, frames: Uint8Array[]): Promise<Outcome> {
  const open = wsFrame('{"id":"open","verb":"session.open","input":{}}')
  return sendRaw(run.target.url, [upgradeHead(run.target.administrator), open, ...frames])
}

function judgeFrames(run: Run, what: string, outcome: Outcome, codes: number[]) {
  run.note(`close ${outcome.close}`)
  if (outcome.status !== 101) return run.fault(`${what}: the upgrade was answered with ${outcome.status}`)
  if (outcome.close === undefined || !codes.includes(outcome.close)) run.fault(`${what}: closed with ${outcome.close}`)
  for (const text of outcome.texts) {
    const { id, error } = JSON.parse(text) as Answer & { id: unknown }
    if (id !== 'open') judge(run, what, error)
  }
  if (outcome.close === closeCodes.protocolError && !outcome.texts.some(text => /^\{"id":null,"error":/.test(text)))
    run.fault(`${what}: closed without a word`)
}

async function sendHttp(run: Run): Promise<number> {
  const requests = badHttp(run.target.administrator, run.random)
  await inParallel(requests, async ({ name, chunks, ends }) => {
    const { status, texts } = await sendRaw(run.target.url, chunks, ends)
    run.note(`status ${status}`)
    // 501 and 505 are what HTTP has for methods and versions that nobody knows.
    if (status !== undefined && (status < 400 || (status >= 500 && status !== 501 && status !== 505)))
      run.fault(`${name}: status ${status} ${texts.join(' ').slice(0, 200)}`)
    if (status === undefined && ends !== false && !/junk|TLS|CONNECT|HTTP/.test(name)) run.fault(`${name}: no answer`)
  })
  return requests.length
}

/** Before the session is open there is one verb, and whoever has no token is sent away. */
async function beforeOpening(run: Run): Promise<number> {
  const asks: Ask[] = Array.from({ length: 10 }, () => badInput(run.inputs, run.random))
  await inParallel(asks, async ({ verb, input }) => {
    const text = wsFrame(JSON.stringify({ id: 1, verb: run.random.chance(0.3) ? `no.${randomUUID()}` : verb, input }))
    const outcome = await sendRaw(run.target.url, [upgradeHead(undefined), text], false)
    const [answer] = outcome.texts
    run.note(`close ${outcome.close}`)
    const { error } = answer === undefined ? {} : (JSON.parse(answer) as Answer)
    judge(run, `before session.open: ${verb} ${shown(input)}`, error, ['unauthenticated', 'invalid_argument'])
    if (error?.code === 'unauthenticated' && outcome.close !== closeCodes.unauthenticated)
      run.fault(`before session.open: ${verb}: closed with ${outcome.close}`)
  })
  return asks.length
}

async function sendSenseless(run: Run): Promise<number> {
  const asks = senselessInputs(run.target.names)
  const answers = await askAll(run, run.target.administrator, asks)
  asks.forEach((ask, n) => {
    judge(run, `${ask.verb} ${shown(ask.input)}`, answers[n])
  })
  return asks.length
}

async function askStrange(run: Run): Promise<number> {
  const asks = strangeQuestions(run.target.names)
  const answers = await askAll(run, run.random.chance(0.5) ? run.target.administrator : run.target.member, asks)
  asks.forEach((ask, n) => {
    if (answers[n]) judge(run, `${ask.verb} ${shown(ask.input)}`, answers[n])
  })
  return asks.length
}

/** Does over both doors what changes nothing, all the time, and is always answered. */
function openGoodClient(target: Target, fault: Run['fault']) {
  let stopped = false
  let answers = 0
  const post = { room: target.names.room, clientId: target.names.room, text: 'good' }
  const run = (async () => {
    const socket = await openSocket(target.url, target.member)
    while (!stopped) {
      const asked = [socket.ask('message.post', post), socket.ask('message.list', { room: post.room })]
      for (const answer of await Promise.all(asked))
        if (answer === 'gone' || answer.error) fault(`the good client: ${JSON.stringify(answer)}`)
        else answers += 1
      const response = await fetch(`${target.url}/healthz`)
      if (response.status !== 200) fault(`the good client: healthz ${response.status}`)
      answers += 1
      await sleep(20)
    }
    socket.end()
  })().catch((error: Error) => fault(`the good client: ${error.message} ${error.cause ?? ''}`))
  return {
    async end() {
      stopped = true
      await run
      return answers
    },
  }
}

/** What each table holds, except what only tells of time passing: `last_used_at` of sessions, news for hubs, beats, failed sign-ins. */
async function readRows(db: Db): Promise<Record<string, string>> {
  const { rows: tables } = await db.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1`,
  )
  const found: Record<string, string> = {}
  for (const { name } of tables) {
    if (['change', 'sign_in_failure', 'server_process'].includes(name)) continue
    // Counted in the background.
    if (/^usage_|^pool_count$/.test(name)) continue
    const row = name === 'session' ? 't.id::text' : 't::text'
    const { rows } = await db.query<{ n: number; sum: string }>(
      `SELECT count(*) AS n, coalesce(md5(string_agg(md5(${row}), '' ORDER BY md5(${row}))), '') AS sum FROM ${name} t`,
    )
    found[name] = `${rows[0]!.n} rows (${rows[0]!.sum.slice(0, 8)})`
  }
  return found
}

export const malformedPassword = 'correct horse battery'

/** A member, a room of his with a message in it, a group and a category, made by the administrator. */
export async function prepareTarget(url: string, db: Db, administrator: string): Promise<Target> {
  const call = async <V extends Verb>(token: string, verb: V, input: Input<V>): Promise<Result<V>> => {
    const response = await fetch(`${url}/api/v1/${verb}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify(input),
    })
    const answer = (await response.json()) as { result: Result<V>; error?: WireError }
    if (answer.error) throw new Error(`${verb}: ${answer.error.code} ${answer.error.message}`)
    return answer.result
  }
  await call(administrator, 'settings.update', { settings: { trustedNetworks: ['127.0.0.0/8', '::1/128'] } })
  const name = 'member@example.com'
  const { principal } = await call(administrator, 'principal.create', {
    kind: 'user',
    name,
    displayName: 'Member',
    password: malformedPassword,
  })
  const group = await call(administrator, 'principal.create', { kind: 'group', name: 'group', displayName: 'Group' })
  const member = (await call('', 'session.signIn', { user: name, password: malformedPassword })).token
  const { category } = await call(administrator, 'category.create', {
    name: 'category',
    allowedMembers: ['example.com'],
  })
  const { room } = await call(administrator, 'room.create', {
    category: category.id,
    name: 'room',
    members: [principal.id],
  })
  await call(member, 'message.post', { room: room.id, clientId: room.id, text: 'good' })
  const names = { room: room.id, category: category.id, user: principal.id, group: group.principal.id }
  // What the first use of each verb at each door makes once (sessions seen, statements prepared) is there before.
  for (const verb of allVerbs) await fetch(`${url}/api/v1/${verb}`, { method: 'POST' })
  return { url, db, administrator, member, names }
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
    const response = await fetch(`${url}/api/v1/session.signIn`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(admin),
    })
    const { result } = (await response.json()) as { result: Result<'session.signIn'> }
    const target = await prepareTarget(url, db, result.token)
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
