import { readFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { PchatError } from '../client/error.ts'
import { findSignIn, keptFile } from './kept-sign-in.ts'
import { readServer } from './remote.ts'
import { printTable } from './store-verb.ts'
import { diagnose } from './test-diagnosis.ts'
import { testRoom } from './test-setup.ts'
import type { Step, Tester, TestFault, TestOutcome } from './test-steps.ts'

const examples = `
Examples:
  $ pchat sign-in --server https://chat.example.com
  $ pchat test message --server https://chat.example.com --setup
  $ PCHAT_TEST_SENDER_PASSWORD=… PCHAT_TEST_RECEIVER_PASSWORD=… pchat test message --server https://chat.example.com \\
      --sender pchat-test-sender@example.com --receiver pchat-test-receiver@example.com --timeout 20 --json

Passwords come from the environment or from files; PCHAT_TEST_SENDER_TOKEN and PCHAT_TEST_RECEIVER_TOKEN, tokens of bots, take
their place. --setup takes the token of an administrator from PCHAT_TOKEN, or from pchat sign-in.

Exit code, as monitoring systems have it: 0 success, 1 success slower than --warn, 2 failure or wrong use.`

type TestOptions = {
  server?: string
  sender?: string
  receiver?: string
  senderPasswordFile?: string
  receiverPasswordFile?: string
  room?: string
  setup?: boolean
  timeout: number
  warn?: number
  json?: boolean
}
type TestReport = {
  result: 'Success' | 'Failure'
  slow: boolean
  /** Of all of it, and of the two posts until they arrived. */
  latencyMs: number
  postMs: number[]
  server: string
  room?: { id: string; name: string }
  made?: string[]
  steps: Step[]
  error?: TestFault
  diagnosis?: string
}

/** `pchat test`: what a user would do, done by a program. */
export function addTest(program: Command): void {
  const test = program.command('test').description('synthetic transactions, for monitoring')
  test
    .command('message')
    .description('two test users sign in, join a room, post one message each, hear the other’s, leave and sign out')
    .addOption(
      new Option('--server <url>', 'address of the server; default: that of pchat sign-in')
        .env('PCHAT_URL')
        .argParser(readServer),
    )
    .addOption(new Option('--sender <name>', 'account that posts first').env('PCHAT_TEST_SENDER'))
    .addOption(new Option('--receiver <name>', 'account that answers').env('PCHAT_TEST_RECEIVER'))
    .option('--sender-password-file <file>', 'instead of PCHAT_TEST_SENDER_PASSWORD')
    .option('--receiver-password-file <file>', 'instead of PCHAT_TEST_RECEIVER_PASSWORD')
    .option('--room <room>', `name, id or address of the room; default: ${testRoom}`)
    .option('--setup', 'create the test users, their policy, a category and the room, where they are missing')
    .option('--timeout <seconds>', 'how long all of it may take', readSeconds, 30)
    .option('--warn <seconds>', 'slower posts than this are a warning', readSeconds)
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action((options: TestOptions) => testMessage(options))
}

async function testMessage(options: TestOptions): Promise<void> {
  const report = await makeReport(options)
  if (options.json) console.log(JSON.stringify(report, null, 2))
  else print(report)
  process.exitCode = report.result === 'Failure' ? 2 : report.slow ? 1 : 0
}

async function makeReport(options: TestOptions): Promise<TestReport> {
  const beganAt = performance.now()
  let server = options.server ?? ''
  const failed = (error: unknown): TestReport => {
    const code = error instanceof PchatError ? error.code : 'setup'
    const fault: TestFault = { step: 'preparation', code, message: (error as Error).message }
    const diagnosis = 'The test could not begin: nothing is said about the server. Mend what is named.'
    return { result: 'Failure', slow: false, latencyMs: 0, postMs: [], server, steps: [], error: fault, diagnosis }
  }
  try {
    const kept = server === '' ? await findSignIn(keptFile()) : undefined
    server = kept?.server ?? server
    const { runTest } = await import('./test-steps.ts')
    const ready = await prepare(options, server)
    const outcome = await runTest({ server, timeoutMs: options.timeout * 1_000, ...ready })
    return toReport(outcome, { server, room: ready.room, made: ready.made, warn: options.warn, beganAt })
  } catch (error) {
    return failed(error)
  }
}

type Ready = { sender: Tester; receiver: Tester; room: string; made?: string[] }

async function prepare(options: TestOptions, server: string): Promise<Ready> {
  const given = {
    sender: { name: options.sender, ...(await readSecret('SENDER', options.senderPasswordFile)) },
    receiver: { name: options.receiver, ...(await readSecret('RECEIVER', options.receiverPasswordFile)) },
  }
  if (options.setup) {
    const { setUp } = await import('./test-setup.ts')
    const token = process.env.PCHAT_TOKEN ?? (await findSignIn(keptFile(), server)).token
    const setting = setUp({ server, token, ...given, room: options.room })
    return withinSeconds(options.timeout, setting)
  }
  const people = { sender: requireTester('sender', given.sender), receiver: requireTester('receiver', given.receiver) }
  return { ...people, room: options.room ?? testRoom }
}

async function readSecret(who: 'SENDER' | 'RECEIVER', file: string | undefined) {
  const token = process.env[`PCHAT_TEST_${who}_TOKEN`]
  if (token) return { token }
  if (file === undefined) return { password: process.env[`PCHAT_TEST_${who}_PASSWORD`] }
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`The password file ${file} cannot be read (${error.code}).`)
  })
  return { password: text.replace(/\r?\n$/, '') }
}

function requireTester(role: 'sender' | 'receiver', { name, ...secret }: Partial<Tester>): Tester {
  const upper = role.toUpperCase()
  if (secret.token !== undefined) return { name: name ?? role, ...secret }
  if (name === undefined) throw new Error(`Nobody is named. Say --${role} NAME, or --setup to have test users made.`)
  if (secret.password === undefined)
    throw new Error(
      `${name} has no password here. Set PCHAT_TEST_${upper}_PASSWORD, or say --${role}-password-file FILE.`,
    )
  return { name, ...secret }
}

/** The client itself tries for ever. */
async function withinSeconds<T>(seconds: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`Setting up took longer than ${seconds} seconds.`)), seconds * 1_000)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

type Frame = { server: string; room: string; made: string[] | undefined; warn: number | undefined; beganAt: number }

function toReport(outcome: TestOutcome, { server, room, made, warn, beganAt }: Frame): TestReport {
  const { steps, fault } = outcome
  const postMs = steps.filter(({ step }) => step.endsWith('post arrives')).map(({ ms }) => round(ms))
  return {
    result: fault ? 'Failure' : 'Success',
    slow: !fault && warn !== undefined && Math.max(...postMs) > warn * 1_000,
    latencyMs: round(performance.now() - beganAt),
    postMs,
    server,
    ...(outcome.room ? { room: outcome.room } : {}),
    ...(made?.length ? { made } : {}),
    steps: steps.map(({ step, ms }) => ({ step, ms: round(ms) })),
    ...(fault ? { error: fault, diagnosis: diagnose(fault, room) } : {}),
  }
}

const round = (ms: number) => Math.round(ms * 10) / 10

/** The first line is what monitoring systems show, with what they draw behind the bar. */
function print({ result, slow, latencyMs, postMs, server, room, made, steps, error, diagnosis }: TestReport): void {
  const drawn = [`latency=${latencyMs / 1000}s`, ...postMs.map((ms, n) => `post${n + 1}=${ms / 1000}s`)].join(' ')
  if (error) console.log(`Failure: ${error.step}${error.who ? `, ${error.who}` : ''}: ${error.code} | ${drawn}`)
  else console.log(`${slow ? 'Slow' : result}: two posts arrived in ${postMs.join(' and ')} ms | ${drawn}`)
  if (error) console.log(`Error:     ${error.message}\nDiagnosis: ${diagnosis}`)
  console.log(`Server:    ${server}${room ? `\nRoom:      ${room.name} (${room.id})` : ''}`)
  for (const what of made ?? []) console.log(`Made:      ${what}`)
  if (steps.length > 0) printTable([['STEP', 'MS'], ...steps.map(({ step, ms }) => [step, ms.toFixed(1)])])
}

function readSeconds(text: string): number {
  const seconds = Number(text)
  if (!(seconds > 0 && seconds <= 3_600)) throw new InvalidArgumentError('Give seconds, from 0.1 to 3600.')
  return seconds
}
