import { type DirectorySource, SourceAway } from '../directory/source.ts'
import { nameKey } from '../domain/name.ts'
import { Refusal } from '../protocol/error.ts'
import { storeRefusal, transaction } from '../store/db.ts'
import { type Applied, applyReading, Stopped } from '../store/directory-apply.ts'
import { shouldOthersAdminister } from '../store/directory-member.ts'
import type { Effect } from '../store/directory-report.ts'
import {
  beatSource,
  Fenced,
  type Held,
  keepCookie,
  noteRun,
  readSource,
  releaseSource,
  requireFence,
  takeSource,
} from '../store/directory-source.ts'
import { clearStage, isAnyMissing } from '../store/directory-stage.ts'
import { announce } from './announce.ts'
import type { Chat } from './chat.ts'
import { type Reading, stageAllIds, stageOne, stageReading } from './directory-reading.ts'
import type { DirectorySync, SyncedSource } from './synced-source.ts'

/** What a run needs of a server; the command line has no more. */
export type SyncHost = Pick<Chat, 'db' | 'bus' | 'log' | 'metrics' | 'member'> & { directorySync: DirectorySync }

export type RunOptions = {
  /** All there is, not what changed. */
  full?: boolean | undefined
  /** Only says what it would do. */
  dryRun?: boolean | undefined
  /** Also where it would shut out many. */
  force?: boolean | undefined
  /** One object only, by its own id. */
  only?: string | undefined
  /** Nothing where it is not due, or another server runs it. */
  onlyDue?: boolean | undefined
  actor?: string | null
  samples?: number
  signal?: AbortSignal | undefined
}

export type Report = {
  source: string
  whole: boolean
  dryRun: boolean
  /** That were read. */
  objects: number
  seconds: number
  counts: Record<string, number>
  samples: Effect[]
  warning?: string | undefined
}

const defaultSamples = 20
/** Four of them before one counts as dead. */
const beatMs = 2_500
const longestPauseMs = 300_000
/** Asking for all ids takes a tenth of the time at most, unless somebody asked for it. */
const idsFactor = 10

/** When a source was asked last for all its ids, and how long that took. */
const idsAsked = new WeakMap<DirectorySource, { doneAt: number; tookMs: number }>()

/**
 * One run of a source: takes the fenced lock, reads into the stage, writes the difference in one transaction, tells the pool.
 * Undefined only with `onlyDue`. Refusals: conflict (another run is under way; it would do too much harm), unavailable (the
 * directory or the store is away).
 */
export async function runSource(
  host: SyncHost,
  source: SyncedSource,
  options: RunOptions,
): Promise<Report | undefined> {
  const { name } = source.directory
  const by = { holder: host.member, server: host.directorySync.server, onlyDue: options.onlyDue ?? false }
  const held = await takeSource(host.db, name, by)
  if (!held) {
    if (options.onlyDue) return undefined
    throw await busy(host, name)
  }
  const beganAt = performance.now()
  const lost = new AbortController()
  const beating = setInterval(() => void beat(host, held, lost), beatMs)
  const signal = AbortSignal.any([lost.signal, ...(options.signal ? [options.signal] : [])])
  try {
    const report = await readAndApply(host, source, held, options, signal)
    const seconds = (performance.now() - beganAt) / 1000
    await finish(host, source, held, options, { ...report, seconds })
    return { ...report, seconds }
  } catch (error) {
    const reason = signal.aborted ? signal.reason : error
    await fail(host, source, held, options, reason).catch(error =>
      host.log.warn({ source: name, err: error }, 'the end of a directory run was not noted'),
    )
    throw toRefusal(reason)
  } finally {
    clearInterval(beating)
  }
}

async function beat(host: SyncHost, held: Held, lost: AbortController): Promise<void> {
  try {
    if (!(await beatSource(host.db, held))) lost.abort(new Fenced(held.source))
  } catch {
    // The store is away for a moment; whether somebody took over is asked again before anything is written.
  }
}

async function readAndApply(
  host: SyncHost,
  source: SyncedSource,
  held: Held,
  options: RunOptions,
  signal: AbortSignal,
): Promise<Omit<Report, 'seconds'>> {
  await clearStage(host.db, held.source, held.fence)
  const reading = await stage(host, source, held, options, signal)
  if (reading.skipped > 0)
    host.log.warn({ source: held.source, objects: reading.skipped }, 'objects without a usable id are passed over')
  signal.throwIfAborted()
  const applied = await apply(host, source, held, options, reading, signal)
  announce(host, { directory: applied.directory, ended: applied.ended })
  const { counts, samples, warning } = applied
  const dryRun = options.dryRun ?? false
  const objects = reading.staged.objects
  return {
    source: held.source,
    whole: reading.whole,
    dryRun,
    objects,
    counts,
    samples,
    ...(warning ? { warning } : {}),
  }
}

async function stage(
  host: SyncHost,
  { directory, fullEveryMinutes }: SyncedSource,
  held: Held,
  { full, only, onlyDue }: RunOptions,
  signal: AbortSignal,
): Promise<Reading> {
  if (only !== undefined) return stageOne(host.db, held, directory, only)
  const { lastFullAt, startedAt } = held
  const isFullDue = !lastFullAt || startedAt.getTime() - lastFullAt.getTime() >= fullEveryMinutes * 60_000
  const reading = await stageReading(host.db, held, directory, full || isFullDue, signal)
  if (reading.whole) return reading
  const asked = idsAsked.get(directory)
  if (onlyDue && asked && performance.now() - asked.doneAt < idsFactor * asked.tookMs) return reading
  const beganAt = performance.now()
  const ids = await stageAllIds(host.db, held, directory, signal)
  idsAsked.set(directory, { doneAt: performance.now(), tookMs: performance.now() - beganAt })
  return { ...reading, byIds: true, staged: { ...reading.staged, ids } }
}

async function apply(
  host: SyncHost,
  source: SyncedSource,
  held: Held,
  options: RunOptions,
  reading: Reading,
  signal: AbortSignal,
): Promise<Applied> {
  const { whole, byIds, cookie, staged } = reading
  const administrators = source.administrators === undefined ? undefined : nameKey(source.administrators)
  const isEmpty =
    staged.objects === 0 &&
    !whole &&
    !(byIds && (await isAnyMissing(host.db, held))) &&
    !(await shouldOthersAdminister(host.db, held.source, administrators))
  if (isEmpty && !options.dryRun) {
    await transaction(host.db, async tx => {
      await requireFence(tx, held)
      if (cookie !== undefined) await keepCookie(tx, held, cookie, false)
    })
    return { counts: {}, samples: [], ended: [] }
  }
  return applyReading(host.db, {
    ...{ held, whole, byIds, cookie, staged, signal },
    administrators,
    maxDisabledShare: source.maxDisabledShare,
    // Who asks for one person has seen whom it concerns; not that he may be the last one who administers.
    anyShare: options.only !== undefined,
    force: options.force ?? false,
    dryRun: options.dryRun ?? false,
    samples: options.samples ?? defaultSamples,
    actor: options.actor ?? null,
  })
}

async function finish(
  host: SyncHost,
  source: SyncedSource,
  held: Held,
  options: RunOptions,
  report: Report,
): Promise<void> {
  const isWhole = !options.dryRun && options.only === undefined
  await releaseSource(host.db, held, { pauseMs: isWhole ? source.everySeconds * 1_000 : null })
  await clearStage(host.db, held.source, held.fence)
  const { leftOut: _, ...changes } = report.counts
  const hasChanged = Object.keys(changes).length > 0
  if (!isWhole || hasChanged || !options.onlyDue) {
    const { whole, objects, counts } = report
    if (!options.dryRun)
      await noteRun(host.db, { source: held.source, startedAt: held.startedAt, whole, objects, counts })
    host.log.info({ ...report, samples: undefined }, options.dryRun ? 'a directory run was tried' : 'a directory run')
  }
  if (options.dryRun) return
  const labels = { source: held.source }
  host.metrics.directoryRunSeconds.set(labels, report.seconds)
  for (const [change, count] of Object.entries(changes)) host.metrics.directoryChanges.inc({ ...labels, change }, count)
}

async function fail(
  host: SyncHost,
  source: SyncedSource,
  held: Held,
  options: RunOptions,
  reason: unknown,
): Promise<void> {
  // This server stops, and said so: another one may go on at once, and nothing is wrong.
  if (options.signal?.aborted) return releaseSource(host.db, held, { pauseMs: options.onlyDue ? 0 : null })
  if (options.dryRun || options.only !== undefined) return releaseSource(host.db, held, { pauseMs: null })
  const error = sentenceOf(reason)
  host.log.warn({ source: held.source, err: reason }, 'a directory run failed')
  host.metrics.directoryFailures.inc({ source: held.source })
  const everyMs = source.everySeconds * 1_000
  const pauseMs = Math.min(everyMs * 2 ** Math.min(held.failures, 16), Math.max(everyMs, longestPauseMs))
  await releaseSource(host.db, held, { error, pauseMs })
  const run = {
    source: held.source,
    startedAt: held.startedAt,
    whole: options.full ?? false,
    objects: 0,
    counts: {},
    error,
  }
  await noteRun(host.db, run)
  await clearStage(host.db, held.source, held.fence)
}

function sentenceOf(reason: unknown): string {
  if (reason instanceof SourceAway || reason instanceof Stopped || reason instanceof Fenced) return reason.message
  return storeRefusal(reason)?.message ?? `The run failed: ${reason instanceof Error ? reason.message : String(reason)}`
}

/** What whoever asked for the run is told. Anything unknown stays what it is: `internal`, with its line in the log. */
function toRefusal(reason: unknown): unknown {
  if (reason instanceof SourceAway)
    return new Refusal('unavailable', reason.message, { retryAfterMs: 5_000, cause: reason })
  if (reason instanceof Stopped || reason instanceof Fenced)
    return new Refusal('conflict', reason.message, { cause: reason })
  return reason
}

async function busy(host: SyncHost, name: string): Promise<Refusal> {
  const state = await readSource(host.db, name)
  const where = state?.server ? ` on the server ${state.server}, since ${state.lastRunAt?.toISOString()}` : ''
  return new Refusal(
    'conflict',
    `Another run of ${name} is under way${where}. Wait until it has ended, then try again.`,
  )
}
