import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../base/log.ts'
import { type Counted, openParentMetrics } from '../base/metrics.ts'
import { openRelay } from '../pool/parent.ts'
import type { StoreAddress } from '../store/address.ts'
import type { Certificate } from './certificate.ts'
import { openEntrance } from './entrance.ts'
import type { StartOptions } from './options.ts'
import type { Serving } from './serve-options.ts'
import { aborted } from './stopping.ts'
import { urlOf } from './url.ts'
import { launchWorker, type Worker } from './worker-process.ts'

export type WorkersOptions = {
  options: StartOptions
  address: StoreAddress
  tls?: Certificate | undefined
  admin?: { user: string; password: string } | undefined
  log: Log
  /** Gives up a start that is under way. */
  asked: AbortSignal
  /** Whoever is still draining then is killed. */
  hurried: AbortSignal
  /** What is to be noted at /readyz beside what the workers know. */
  notes?: () => string[]
  /** A worker that answers nothing for so long is killed. */
  silenceMs?: number
}
export type Workers = Serving & { pids(): number[] }

/** Longer than any stop of a healthy process, shorter than a client's patience. */
const silenceMs = 20_000
const pingsPerSilence = 4
/** Loading the program blocks a busy machine; who has not served yet is given so many times the silence. */
const startFactor = 4
/** Who served no longer died of something that will come again. */
const steadyMs = 10_000
const firstPauseMs = 1_000
const maxPauseMs = 30_000
/** Prometheus waits for ten seconds. */
const countMs = 2_000

/** Serves with several processes on one port until stopped. Rejects with the sentence of the first one that could not start. */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const { log } = options
  const { host, port, workers: wanted } = options.options
  const entrance = await openEntrance(host, port)
  const relay = openRelay()
  const metrics = openParentMetrics()
  const living = new Set<Worker>()
  const ending = new AbortController()
  const kept: Promise<void>[] = []
  const pinging = setInterval(watch, (options.silenceMs ?? silenceMs) / pingsPerSilence)
  options.hurried.addEventListener('abort', () => living.forEach(worker => void worker.kill()), { once: true })

  function launch(number: number, setUp: boolean): Worker {
    const { address, tls, admin } = options
    const setting = {
      ...{ number, options: options.options, port: entrance.port, address, tls },
      notes: options.notes?.() ?? [],
      setUp: setUp ? { admin } : undefined,
    }
    const worker = launchWorker({ setting, entrance, relay, log, countAll })
    living.add(worker)
    void worker.ended.then(() => living.delete(worker))
    return worker
  }

  /** A first life that never served ends the start, and is told there. */
  async function keep(number: number, first: Worker): Promise<void> {
    const hasBegun = await first.served.then(() => true).catch(() => false)
    if (!hasBegun) return
    let pauseMs = 0
    for (let worker = first; ; worker = relaunch(number)) {
      const { how, sentence, pid, servedMs } = await worker.ended
      if (ending.signal.aborted) return
      pauseMs = worker === first || servedMs >= steadyMs ? 0 : Math.min(pauseMs * 2 || firstPauseMs, maxPauseMs)
      log[how === 0 ? 'info' : 'error'](
        { worker: number, pid, how, pauseMs, ...(sentence ? { reason: sentence } : {}) },
        'a worker ended by itself; another one is started',
      )
      metrics.restarts.inc()
      if (pauseMs > 0) await sleep(pauseMs, undefined, { signal: ending.signal }).catch(() => {})
      if (ending.signal.aborted) return
    }
  }

  function relaunch(number: number): Worker {
    const worker = launch(number, false)
    worker.serve()
    return worker
  }

  /** All load the program at once; the first one serves before the others do, since it makes what there is once. */
  async function begin(): Promise<{ setupUrl: string | undefined }> {
    const [first, ...others] = Array.from({ length: wanted }, (_, index) => launch(index + 1, index === 0))
    for (const worker of living) kept.push(keep(worker.number, worker))
    first!.serve()
    const told = await first!.served
    for (const worker of others) worker.serve()
    await Promise.all(others.map(worker => worker.served))
    return told
  }

  /** Counts pings, not time: a machine or a parent that stood still must not take all workers for frozen. */
  function watch() {
    for (const worker of living) {
      const limit = worker.serves() ? pingsPerSilence : pingsPerSilence * startFactor
      if (worker.unanswered() >= limit) {
        log.error({ worker: worker.number, pid: worker.pid }, 'a worker does not answer; it is killed')
        worker.kill()
      } else worker.ping(options.notes?.() ?? [])
    }
  }

  /** Of all that serve and answer in time, and of the parent. */
  async function countAll(): Promise<Counted[]> {
    const serving = [...living].filter(worker => worker.serves())
    metrics.workers.set(serving.length)
    const late = sleep(countMs, undefined, { ref: false })
    const counts = await Promise.all(serving.map(worker => Promise.race([worker.count(), worker.ended, late])))
    return [await metrics.registry.getMetricsAsJSON(), ...counts.filter(counted => Array.isArray(counted))]
  }

  async function stop() {
    ending.abort()
    entrance.close()
    for (const worker of living) worker.stop()
    // Pinged until the end: one that is frozen would never drain.
    await Promise.all(kept)
    clearInterval(pinging)
  }

  try {
    const { setupUrl } = await Promise.race([begin(), refused(options.asked)])
    return {
      url: urlOf({ host, tls: options.tls, port: entrance.port }),
      setupUrl,
      pids: () => [...living].map(worker => worker.pid),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Rejects when the signal comes. */
async function refused(signal: AbortSignal): Promise<never> {
  await aborted(signal)
  throw signal.reason
}
