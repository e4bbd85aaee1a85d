import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds, proportionalBytes, residentBytes } from '../proc.ts'
import type { LoadMemory, LoadSeries } from './report.ts'
import { addCounts, countsBetween, quantileOf, rateOf, readMetric, type Scrape, scrape } from './scrape.ts'
import { openSeriesBook } from './series.ts'
import type { Site, SiteServer } from './site.ts'

export type Sampler = {
  /** Seconds since it was started: the time base of the report's phases and series. */
  seconds(): number
  /** How often it has looked at everything. */
  looks(): number
  /** A phase begins now. Memory is told from the phase `load` on, where there was one. */
  mark(phase: string): void
  /** A process beside the site, for its CPU; several may have one name. */
  addProcess(name: string, pid: number): void
  stop(): Promise<{ series: LoadSeries[]; memory: LoadMemory[] }>
}

const MEGABYTE = 1_000_000
/** The kernel walks all pages of a process for its proportional size: each server's is read once in so many samples. */
const PROPORTIONAL_EVERY = 5
/** A server tells what its workers counted within two seconds. */
const SCRAPE_PATIENCE_MS = 4_000
/** In the order in which they are shown; a metric that a server does not have leaves no line. */
const lags: { name: string; metric: string; labels: { [name: string]: string } }[] = [
  { name: 'bus', metric: 'pchat_bus_lag_seconds', labels: {} },
  { name: 'store, a transaction', metric: 'pchat_store_seconds', labels: { what: 'transaction' } },
  { name: 'store, a commit of posts', metric: 'pchat_batch_seconds', labels: {} },
]

/** Looks at all processes of the site and at what its servers tell of themselves, until it is stopped. */
export function startSampler(
  site: Pick<Site, 'servers' | 'databasePids' | 'natsPid'>,
  { everyMs }: { everyMs: number },
): Sampler {
  const startedAtMs = performance.now()
  const seconds = () => (performance.now() - startedAtMs) / 1000
  const book = openSeriesBook()
  const others = new Map<string, number[]>()
  const meter = openCpuMeter()
  const most = openMemoryBook()
  const last = new Map<string, Scrape>()
  const ending = new AbortController()
  let phase = ''
  let looks = 0

  function sampleProcesses(tick: number) {
    const at = seconds()
    for (const [index, { name, pids }] of site.servers.entries()) {
      const living = pids()
      book.add('cpu', 'cores', name, at, meter.cores(name, at, living))
      if (living.length === 0) continue
      book.add('memory', 'MB', name, at, sum(living, residentBytes) / MEGABYTE)
      const isDue = tick % PROPORTIONAL_EVERY === index % PROPORTIONAL_EVERY
      see(name, living, isDue)
    }
    book.add('cpu', 'cores', 'PostgreSQL', at, meter.cores('PostgreSQL', at, site.databasePids()))
    if (site.natsPid !== undefined) book.add('cpu', 'cores', 'NATS', at, meter.cores('NATS', at, [site.natsPid]))
    for (const [name, pids] of others) book.add('cpu', 'cores', name, at, meter.cores(name, at, pids))
  }

  function see(server: string, living: number[], isDue: boolean) {
    const residentMB = sum(living, residentBytes) / MEGABYTE
    const proportionalMB = isDue ? sum(living, proportionalBytes) / MEGABYTE : 0
    most.see(phase, { server, processes: living.length, residentMB, proportionalMB })
  }

  function weighAll() {
    for (const { name, pids } of site.servers) if (pids().length > 0) see(name, pids(), true)
  }

  async function sampleMetrics() {
    const seen = await Promise.all(site.servers.map(server => look(server)))
    const pairs = seen.filter(pair => pair !== undefined)
    const at = seconds()
    for (const [name, metric] of [
      ['posts', 'pchat_posts_total'],
      ['deliveries', 'pchat_deliveries_total'],
    ] as const)
      book.add('throughput', '/s', name, at, total(pairs.map(({ before, after }) => rateOf(before, after, metric))))
    for (const { name, metric, labels } of lags) {
      const counts = addCounts(pairs.map(({ before, after }) => countsBetween(before, after, metric, labels)))
      for (const share of [0.5, 0.99])
        book.add('lag', 'ms', `${name}, p${share * 100}`, at, inMs(quantileOf(counts, share)))
    }
  }

  /** The scrape before and this one, where there are both. */
  async function look({ name, url, pids }: SiteServer) {
    const after = pids().length === 0 ? undefined : await scrape(url, SCRAPE_PATIENCE_MS)
    const before = last.get(name)
    if (after === undefined) {
      last.delete(name)
      return undefined
    }
    last.set(name, after)
    const at = seconds()
    book.add('sessions', 'sessions', name, at, readMetric(after, 'pchat_sessions'))
    for (const [share, word] of [
      ['0.5', 'p50'],
      ['0.99', 'p99'],
      ['1', 'longest'],
    ] as const) {
      const delay = readMetric(after, 'pchat_event_loop_delay_seconds', { share })
      book.add('eventLoop', 'ms', `${name}, ${word}`, at, inMs(delay))
    }
    return before && { before, after }
  }

  async function run() {
    for (; !ending.signal.aborted; looks += 1) {
      sampleProcesses(looks)
      await sampleMetrics()
      const pauseMs = everyMs - ((performance.now() - startedAtMs) % everyMs)
      await sleep(pauseMs, undefined, { signal: ending.signal }).catch(() => {})
    }
  }

  const done = run()
  return {
    seconds,
    looks: () => looks,
    mark(name) {
      // A phase may be shorter than the turn of the proportional sizes.
      weighAll()
      phase = name
      weighAll()
    },
    addProcess: (name, pid) => void others.set(name, [...(others.get(name) ?? []), pid]),
    async stop() {
      ending.abort()
      await done
      weighAll()
      return { series: book.all(), memory: most.since('load') }
    },
  }
}

/** Cores in use since the look before, by name. */
function openCpuMeter() {
  const last = new Map<string, { at: number; used: number }>()
  return {
    cores(name: string, at: number, pids: number[]): number | undefined {
      if (pids.length === 0) {
        last.delete(name)
        return undefined
      }
      const before = last.get(name)
      const used = sum(pids, cpuSeconds)
      last.set(name, { at, used })
      // Less than before where one of several ended, or was started again.
      if (before === undefined || used < before.used || at - before.at < 0.1) return undefined
      return (used - before.used) / (at - before.at)
    },
  }
}

/** The most of each figure, by phase and server. */
function openMemoryBook() {
  const phases = new Map<string, Map<string, LoadMemory>>()
  return {
    see(phase: string, seen: LoadMemory) {
      const servers = phases.get(phase) ?? new Map<string, LoadMemory>()
      phases.set(phase, servers)
      servers.set(seen.server, greater(servers.get(seen.server), seen))
    },
    /** Of this phase and those after it; of all where there was none of this name. */
    since(phase: string): LoadMemory[] {
      const chosen = [...phases.values()].slice(Math.max(0, [...phases.keys()].indexOf(phase)))
      const servers = new Map<string, LoadMemory>()
      for (const each of chosen)
        for (const [name, memory] of each) servers.set(name, greater(servers.get(name), memory))
      return [...servers.values()].map(({ residentMB, proportionalMB, ...rest }) => ({
        ...rest,
        residentMB: Math.round(residentMB),
        proportionalMB: Math.round(proportionalMB),
      }))
    },
  }
}

function greater(a: LoadMemory | undefined, b: LoadMemory): LoadMemory {
  if (a === undefined) return b
  return {
    server: b.server,
    processes: Math.max(a.processes, b.processes),
    residentMB: Math.max(a.residentMB, b.residentMB),
    proportionalMB: Math.max(a.proportionalMB, b.proportionalMB),
  }
}

/** Of those that still are: a process may end while it is looked at. */
function sum(pids: number[], measure: (pid: number) => number): number {
  return pids.reduce((all, pid) => {
    try {
      return all + measure(pid)
    } catch {
      return all
    }
  }, 0)
}

function total(values: (number | undefined)[]): number | undefined {
  const known = values.filter(value => value !== undefined)
  return known.length === 0 ? undefined : known.reduce((all, value) => all + value, 0)
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}
