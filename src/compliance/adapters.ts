import { setTimeout as sleep } from 'node:timers/promises'
import { type Running, repeatEvery } from '../base/lifecycle.ts'
import type { Log } from '../base/log.ts'
import type { Db } from '../store/db.ts'
import type { AdapterSettings, ReadFile } from './adapter.ts'
import { beginBatch, endBatch, noteFailure, readPlace, skipBatch } from './adapter-place.ts'
import { lastHead } from './archive.ts'
import { batchEntries, openAdapter, produceBatch } from './produce.ts'

export type ConfiguredAdapter = AdapterSettings & { type: string; runIntervalSeconds: number }

export type AdaptersOptions = {
  archive: Db
  /** Read anew each time: officers change them while the service runs. */
  configured: () => Promise<ConfiguredAdapter[]>
  /** The fence of this service while it moves events, else undefined: then it writes nothing. */
  fence: () => number | undefined
  readFile: ReadFile
  log: Log
}

const lookMs = 1_000
/** How long a stop waits for adapters that are at work. */
const stopMs = 10_000
/** A failed batch is tried again after this, then less and less often. */
const retrySeconds = 5
const maxRetrySeconds = 300

/** Runs each adapter when its interval is over, each with a place of its own: one that fails keeps no other from its turn. */
export function runAdapters(options: AdaptersOptions): Running {
  const { archive, log } = options
  const retryAt = new Map<string, number>()

  async function runOne(configured: ConfiguredAdapter, fence: number): Promise<void> {
    const { name } = configured
    if ((retryAt.get(name) ?? 0) > Date.now()) return
    const place = await readPlace(archive, name)
    const dueAt = (place.doneAt ?? place.begunAt).getTime() + configured.runIntervalSeconds * 1_000
    if (place.throughSeq === null && dueAt > Date.now()) return
    const top = (await lastHead(archive))?.head.last ?? 0
    if (place.throughSeq === null && top === place.doneSeq) return skipBatch(archive, name, top)
    try {
      const adapter = await openAdapter(configured.type, configured)
      const production = { archive, adapter, settings: configured, readFile: options.readFile }
      let through = place.throughSeq ?? undefined
      for (let done = place.doneSeq; done < top && !stopping; ) {
        through ??= Math.min(top, done + batchEntries)
        if (!(await beginBatch(archive, name, fence, through))) return
        await produceBatch(production, done + 1, through)
        if (!(await endBatch(archive, name, fence, through))) return
        done = through
        through = undefined
      }
      retryAt.delete(name)
    } catch (error) {
      retryAt.set(name, Date.now() + Math.min(maxRetrySeconds, retrySeconds * 2 ** place.failures) * 1_000)
      await noteFailure(archive, name, (error as Error).message)
      log.warn({ err: error, adapter: name }, 'an adapter has not written its batch, and tries again')
    }
  }

  /** At work: one that takes long, or hangs, keeps none of the others waiting. */
  const working = new Map<string, Promise<void>>()

  function begin(configured: ConfiguredAdapter, fence: number) {
    const { name } = configured
    if (working.has(name)) return
    const work = runOne(configured, fence)
      .catch(error => log.warn({ err: error, adapter: name }, 'an adapter waits'))
      .finally(() => working.delete(name))
    working.set(name, work)
  }

  let stopping = false
  const running = repeatEvery(
    lookMs,
    async () => {
      const fence = options.fence()
      if (fence === undefined) return
      for (const one of await options.configured()) begin(one, fence)
    },
    error => log.warn({ err: error }, 'adapters wait'),
  )
  return {
    async stop() {
      stopping = true
      await running.stop()
      // What is half written then is no output, and comes again.
      await Promise.race([Promise.all(working.values()), sleep(stopMs, undefined, { ref: false })])
    },
  }
}
