import { Worker } from 'node:worker_threads'
import { openGate } from '../base/gate.ts'
import { Refusal } from '../protocol/error.ts'
import type { Judged } from '../topology/judge.ts'

export type Asked = { ask: number; text: string; before: string | undefined }
export type Answered = { ask: number; judged: Judged }

export type Checker = {
  /** Refusals: too_large, where it takes too much time or memory; rate_limited. */
  check(text: string, before?: string): Promise<Judged>
  stop(): Promise<void>
}

const program = new URL('./topology-check-thread.ts', import.meta.url)
/** One that is sound takes a fraction of a second, the largest that the schema has room for a few. */
const patienceMs = 15_000
/** It holds some 40 MB, which a server without anybody at a topology does without. */
const idleMs = 60_000
const maxWaiting = 8
const maxMegabytes = 256

/** One document at a time, in a thread of its own that is started for it and ends when nobody asks any more. */
export function openChecker(options: { patienceMs?: number; idleMs?: number } = {}): Checker {
  const limitMs = options.patienceMs ?? patienceMs
  const gate = openGate(1)
  let thread: Worker | undefined
  let resting: NodeJS.Timeout | undefined
  let lastAsk = 0

  function start(): Worker {
    const started = new Worker(program, { execArgv: [], resourceLimits: { maxOldGenerationSizeMb: maxMegabytes } })
    started.unref()
    started.once('exit', () => {
      if (thread === started) thread = undefined
    })
    return started
  }

  async function end(): Promise<void> {
    clearTimeout(resting)
    const ending = thread
    thread = undefined
    await ending?.terminate()
  }

  async function ask(text: string, before: string | undefined): Promise<Judged> {
    thread ??= start()
    const asked = thread
    lastAsk += 1
    const own = lastAsk
    const { promise, resolve, reject } = Promise.withResolvers<Judged>()
    const hear = ({ ask: answered, judged }: Answered) => answered === own && resolve(judged)
    const fail = (error?: unknown) => reject(tooMuch(error))
    const late = setTimeout(fail, limitMs)
    asked.on('message', hear).once('error', fail).once('exit', fail)
    asked.postMessage({ ask: own, text, before } satisfies Asked)
    try {
      return await promise
    } catch (error) {
      await end()
      throw error
    } finally {
      clearTimeout(late)
      asked.off('message', hear).off('error', fail).off('exit', fail)
    }
  }

  return {
    async check(text, before) {
      clearTimeout(resting)
      if (!(await gate.enter(limitMs, maxWaiting)))
        throw new Refusal('rate_limited', 'Others have documents checked. Ask again in a moment.', {
          retryAfterMs: 2_000,
        })
      try {
        return await ask(text, before)
      } finally {
        gate.leave()
        clearTimeout(resting)
        resting = setTimeout(() => void end(), options.idleMs ?? idleMs).unref()
      }
    },
    stop: end,
  }
}

function tooMuch(cause: unknown): Refusal {
  return new Refusal(
    'too_large',
    'To check this document takes more time or memory than a server has for it. Check it with pchat topology validate.',
    { cause },
  )
}
