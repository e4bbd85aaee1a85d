import { type Running, repeatEvery } from '../base/lifecycle.ts'
import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { externalIdOf } from '../store/directory-explain.ts'
import { countObjects, listRuns, listSources, readSource } from '../store/directory-source.ts'
import { resolvePerson } from '../store/principal.ts'
import type { Caller, Chat } from './chat.ts'
import { type Report, type RunOptions, runSource, type SyncHost } from './directory-run.ts'
import type { DirectorySync, SyncedSource } from './synced-source.ts'

/** How often a process looks whether a run is due; the store says so, for all of the pool. */
const longestLookMs = 5_000
const shortestLookMs = 250

/** Keeps all sources in step until stopped: of all servers that do so, one runs a source at a time, as often as it says. */
export function openDirectorySync(host: SyncHost): Running {
  const stop = new AbortController()
  const loops = [...host.directorySync.sources.values()].map(source => keepInStep(host, source, stop.signal))
  return {
    async stop() {
      stop.abort(new Error('This server stops.'))
      await Promise.all(loops.map(loop => loop.stop()))
    },
  }
}

function keepInStep(host: SyncHost, source: SyncedSource, signal: AbortSignal): Running {
  const { name } = source.directory
  const lookMs = Math.min(longestLookMs, Math.max(shortestLookMs, source.everySeconds * 250))
  // Asked of the store at each look, and counted on from there when somebody wants to know.
  let known: { lagSeconds: number; at: number } | undefined
  host.metrics.directoryLag.set(name, () => known && known.lagSeconds + (performance.now() - known.at) / 1000)
  return repeatEvery(
    lookMs,
    async () => {
      try {
        // What fails is noted by the run itself.
        await runSource(host, source, { onlyDue: true, signal }).catch(error => {
          if (!(error instanceof Refusal)) throw error
        })
      } finally {
        const state = await readSource(host.db, name)
        known =
          typeof state?.lagSeconds === 'number' ? { lagSeconds: state.lagSeconds, at: performance.now() } : undefined
      }
    },
    error => {
      if (!signal.aborted) host.log.warn({ source: name, err: error }, 'the directory waits for the store')
    },
  )
}

/** A run now. Refusals: conflict, unavailable. */
export async function syncNow(host: SyncHost, source: SyncedSource, options: RunOptions = {}): Promise<Report> {
  return (await runSource(host, source, { ...options, onlyDue: false }))!
}

/** One person, group or unit as the source has it now. Refusals: not_found, invalid_argument, conflict, unavailable. */
export async function resyncOne(host: SyncHost, ref: string, options: Pick<RunOptions, 'actor'> = {}): Promise<Report> {
  const person = await resolvePerson(host.db, ref)
  const id = await externalIdOf(host.db, person.id)
  if (id === undefined)
    throw new Refusal(
      'invalid_argument',
      person.source === ''
        ? `"${person.name}" was made here and comes from no source. There is nothing to read anew.`
        : `"${person.name}" comes from ${person.source}, which is no directory that is read. There is nothing to read anew.`,
    )
  return syncNow(host, requireSource(host, person.source), { ...options, only: id })
}

export function requireSource(host: { directorySync: DirectorySync }, name: string): SyncedSource {
  const source = host.directorySync.sources.get(name)
  if (source) return source
  const names = [...host.directorySync.sources.keys()]
  throw new Refusal(
    'not_found',
    names.length === 0
      ? 'This server knows no directory. Start it with --directory-config.'
      : `This server knows no directory ${name}; it knows ${names.join(', ')}. Name one of these.`,
  )
}

/** The server as one that runs sources; one without a configuration has none. */
export function hostOf(chat: Chat): SyncHost {
  const { db, bus, log, metrics, member } = chat
  return { db, bus, log, metrics, member, directorySync: chat.directorySync ?? { sources: new Map(), server: '' } }
}

/** directory.sync: answers when all runs are done. Refusals: not_found, conflict, unavailable. */
export async function syncDirectory(
  chat: Chat,
  caller: Caller,
  input: Input<'directory.sync'>,
): Promise<Result<'directory.sync'>> {
  const host = hostOf(chat)
  const { source, full, dryRun, force } = input
  const sources = source === undefined ? [...host.directorySync.sources.values()] : [requireSource(host, source)]
  if (sources.length === 0) requireSource(host, '')
  const runs: Report[] = []
  for (const each of sources) runs.push(await syncNow(host, each, { full, dryRun, force, actor: caller.user.id }))
  return { runs }
}

/** directory.resync. */
export async function resyncPrincipal(
  chat: Chat,
  caller: Caller,
  input: Input<'directory.resync'>,
): Promise<Result<'directory.resync'>> {
  return { run: await resyncOne(hostOf(chat), input.principal, { actor: caller.user.id }) }
}

const shownRuns = 10

/** directory.status: every source that this server knows or that ever ran. */
export async function readDirectoryStatus(
  chat: Chat,
  _caller: Caller,
  _input: Input<'directory.status'>,
): Promise<Result<'directory.status'>> {
  return statusOf(hostOf(chat))
}

export async function statusOf(host: Pick<SyncHost, 'db' | 'directorySync'>): Promise<Result<'directory.status'>> {
  const states = new Map((await listSources(host.db)).map(state => [state.name, state]))
  const names = [...new Set([...host.directorySync.sources.keys(), ...states.keys()])].sort()
  const at = (date: Date | null | undefined) => date?.toISOString() ?? null
  const sources = await Promise.all(
    names.map(async name => {
      const state = states.get(name)
      const [runs, objects] = await Promise.all([listRuns(host.db, name, shownRuns), countObjects(host.db, name)])
      return {
        source: name,
        configured: host.directorySync.sources.has(name),
        running: state?.server ?? null,
        lastRunAt: at(state?.lastRunAt),
        lastSuccessAt: at(state?.lastSuccessAt),
        lastFullAt: at(state?.lastFullAt),
        nextAt: at(state?.nextAt),
        lagSeconds: state?.lagSeconds ?? null,
        failures: state?.failures ?? 0,
        lastError: state?.lastError ?? null,
        ...objects,
        runs: runs.map(({ startedAt, endedAt, whole, objects, counts, error }) => ({
          startedAt: startedAt.toISOString(),
          endedAt: endedAt.toISOString(),
          ...{ whole, objects, counts, error },
        })),
      }
    }),
  )
  return { sources }
}
