import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Log } from '../base/log.ts'
import type { Counted } from '../base/metrics.ts'
import { type BusSignal, openChannel, type openRelay } from '../pool/parent.ts'
import type { Entrance, Taker } from './entrance.ts'
import type { ToParent, ToWorker, WorkerSetting } from './worker-signal.ts'

const program = fileURLToPath(new URL('worker.ts', import.meta.url))

/**
 * Beyond what lives V8 lets garbage grow by so much, not to several times as much: while thousands come back the peak of a worker
 * is a fifth lower, for no more CPU that could be told apart (docs/performance.md).
 */
const heapGrowth = '--heap-growing-percent=40'

/** `how`: exit code, or the signal's name. `sentence`: why it could not serve, where it said so. `servedMs`: 0 where it never did. */
export type End = { how: number | string; sentence: string | undefined; pid: number; servedMs: number }

/** The parent's view of one worker, for the length of its one life. */
export type Worker = {
  number: number
  pid: number
  /** Until then it only loads the program. */
  serve(): void
  /** Resolves when it serves, rejects where it ends before. */
  served: Promise<{ setupUrl: string | undefined }>
  serves(): boolean
  ended: Promise<End>
  ping(notes: string[]): void
  /** Pings since the last sign of life. */
  unanswered(): number
  count(): Promise<Counted>
  stop(): void
  kill(): void
}

export type LaunchOptions = {
  setting: WorkerSetting
  entrance: Entrance
  relay: ReturnType<typeof openRelay>
  log: Log
  countAll(): Promise<Counted[]>
}

/** Starts a worker process. Structured clone on the channel, so that frames stay bytes. */
export function launchWorker({ setting, entrance, relay, log, countAll }: LaunchOptions): Worker {
  const { number } = setting
  // The number is for whoever looks at the list of processes.
  const child = fork(program, [String(number)], {
    execArgv: [...process.execArgv, heapGrowth],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const pid = child.pid ?? 0
  const served = Promise.withResolvers<{ setupUrl: string | undefined }>()
  served.promise.catch(() => {})
  const ended = Promise.withResolvers<End>()
  const counting = new Map<number, (counted: Counted) => void>()
  let hearBus = (_signal: BusSignal) => {}
  let serves = false
  let servesAt = Number.POSITIVE_INFINITY
  let sentence: string | undefined
  let unanswered = 0
  let lastAsk = 0
  let sessions = 0
  /** Since the last pong: they are not among its sessions yet. */
  let handed = 0

  const tell = (message: ToWorker, written: () => void = () => {}) => {
    // A worker that is gone is noticed by its end.
    if (child.connected) child.send(message, written)
    else written()
  }
  const taker: Taker = {
    load: () => sessions + handed,
    take(socket) {
      handed += 1
      // Kept open here until the worker has it: where it dies before, another one gets it.
      if (child.connected) child.send({ tell: 'connection' } satisfies ToWorker, socket, { keepOpen: true }, () => {})
    },
  }
  const channel = openChannel({
    write: tell,
    onSignal: hear => {
      hearBus = hear
    },
    onLoss: () => log.warn({ worker: number, pid }, 'a worker does not read; what it misses is found in the store'),
  })
  const leave = relay.join(channel)

  function hear(message: Exclude<ToParent, BusSignal>) {
    if (message.tell === 'took') entrance.settle(taker, message.isTaken)
    else if (message.tell === 'serves') {
      serves = true
      servesAt = performance.now()
      log.info({ worker: number, pid }, 'a worker serves')
      entrance.join(taker)
      served.resolve({ setupUrl: message.setupUrl })
    } else if (message.tell === 'pong') {
      sessions = message.sessions
      handed = 0
    } else if (message.tell === 'counted') counting.get(message.ask)?.(message.counted)
    else if (message.tell === 'countAll')
      void countAll().then(counted => tell({ tell: 'counted', ask: message.ask, counted }))
    else if (message.tell === 'failed') sentence = message.sentence
    else entrance.retire(taker)
  }

  child.on('message', (message: ToParent) => {
    unanswered = 0
    if ('bus' in message) hearBus(message)
    else hear(message)
  })
  child.on('error', error => log.debug({ err: error, worker: number, pid }, 'the channel of a worker'))
  child.once('close', (code, signal) => {
    serves = false
    leave()
    entrance.bury(taker)
    const how = signal ?? code ?? 'unknown'
    served.reject(new Error(sentence ?? `Worker ${number} ended (${how}) before it served. Its last words are above.`))
    ended.resolve({ how, sentence, pid, servedMs: Math.max(0, performance.now() - servesAt) })
  })
  return {
    number,
    pid,
    serve: () => tell({ tell: 'serve', setting }),
    served: served.promise,
    serves: () => serves,
    ended: ended.promise,
    ping(notes) {
      unanswered += 1
      tell({ tell: 'ping', notes })
    },
    unanswered: () => unanswered,
    count() {
      lastAsk += 1
      const ask = lastAsk
      const answer = new Promise<Counted>(resolve => counting.set(ask, resolve))
      tell({ tell: 'count', ask })
      return answer.finally(() => counting.delete(ask))
    },
    stop: () => tell({ tell: 'stop' }),
    kill: () => void child.kill('SIGKILL'),
  }
}
