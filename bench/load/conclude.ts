import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import type { AgentResult, AgentStatus } from './agent.ts'
import { toLoadHistogram } from './histogram.ts'
import { profiles } from './profiles.ts'
import type { Provisioned } from './provision.ts'
import type { LoadGoal, LoadMemory, LoadPhase, LoadReport, LoadSeries } from './report.ts'
import type { Stage } from './stage.ts'
import { sumTimings, type TimingData } from './timings.ts'
import type { Removal, Verdict } from './verdict.ts'

export type Findings = {
  stage: Stage
  startedAt: Date
  provisioned: Provisioned
  status: AgentStatus
  results: AgentResult[]
  removals: Removal[]
  verdict: Verdict
  /** Sessions that were not in when all was quiet. */
  away: number
  sampled: { series: LoadSeries[]; memory: LoadMemory[] }
}

const most = { memoryMB: 1_200 }
/** A process may hold less than 20,000 descriptors: 19,800 users on each of four servers are the whole model, too. */
const fullScale = 0.99

export function toReport(findings: Findings): LoadReport {
  const { stage, startedAt, provisioned, status, results, verdict, sampled } = findings
  const { plan, model, site } = stage
  const { options } = plan
  const timings = results.flatMap(result => result.timings)
  const concluded = profiles[options.profile].conclude?.({ stage, timings }) ?? []
  for (const phase of stage.phases) addFigures(phase, stage.labelsOf(phase), timings)
  Object.assign(stage.phases.at(-1)!.figures, triedOf(findings))
  return {
    ...{ profile: options.profile, seed: options.seed, scale: options.scale, seconds: plan.seconds },
    startedAt: startedAt.toISOString(),
    program: programVersion(),
    machine: {
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
      node: process.version,
      ...site.versions,
    },
    site: {
      servers: options.servers,
      workers: options.workers,
      users: model.users,
      sessions: model.sessions,
      rooms: model.rooms,
      entries: provisioned.entries,
    },
    posts: status.posts,
    deliveries: verdict.deliveries,
    // Who could not come back to ask for it has lost something, too.
    lost: verdict.lost + findings.away,
    ...{ doubled: verdict.doubled, disordered: verdict.disordered, leaked: verdict.leaked },
    latencies: latenciesOf(timings),
    phases: stage.phases,
    ...sampled,
    goals: goalsOf(findings, concluded),
    notes: notesOf(findings),
  }
}

/** The four counts are judged at any size; times and memory only at the size that they were promised for. */
function goalsOf({ stage, verdict, away, sampled }: Findings, concluded: LoadGoal[]): LoadGoal[] {
  const none = (text: string, seen: number): LoadGoal => ({ text, wanted: '0', seen: String(seen), met: seen === 0 })
  const faults = [
    none('Acknowledged posts that did not reach somebody entitled', verdict.lost + away),
    none('Deliveries that came twice', verdict.doubled),
    none('Deliveries out of order', verdict.disordered),
    none('Told to somebody not entitled', verdict.leaked),
  ]
  if (stage.plan.options.scale < fullScale) return faults
  const memory = Math.max(0, ...sampled.memory.map(({ proportionalMB }) => proportionalMB))
  const small: LoadGoal = {
    text: 'Memory of each server',
    wanted: `under ${most.memoryMB} MB`,
    seen: `${Math.round(memory)} MB`,
    met: memory < most.memoryMB,
  }
  return [...faults, ...concluded, small]
}

function addFigures(phase: LoadPhase, labels: ReadonlySet<string>, timings: TimingData[]): void {
  const seconds = phase.throughSeconds - phase.fromSeconds
  const kind = (name: string, which: (kind: string) => boolean) =>
    toLoadHistogram(
      name,
      sumTimings(timings, timing => labels.has(timing.phase) && which(timing.kind)),
    )
  const posts = kind('acknowledgement', one => one === 'acknowledgement')
  const deliveries = kind('delivery', isDelivery)
  if (posts.count === 0) return
  Object.assign(phase.figures, {
    'posts a second': posts.count / seconds,
    'deliveries a second': deliveries.count / seconds,
    'acknowledged p50 ms': posts.p50Ms,
    'acknowledged p99 ms': posts.p99Ms,
    'delivered p50 ms': deliveries.p50Ms,
    'delivered p99 ms': deliveries.p99Ms,
  })
}

/** What the checker had to look at: nothing leaks where nobody was removed and no outsider asked. */
function triedOf({ results, removals }: Findings): LoadPhase['figures'] {
  const asked = results.reduce((sum, { probes }) => sum + probes, 0)
  const kept = results.reduce((sum, { evidence }) => sum + evidence.watched.length, 0)
  return {
    'sessions removed and let in again': removals.length,
    'heard before and after': kept,
    'outsiders asked': asked,
  }
}

const isDelivery = (kind: string) => kind.startsWith('delivery ')

function latenciesOf(timings: TimingData[]): LoadReport['latencies'] {
  const kinds = [...new Set(timings.map(({ kind }) => kind))].sort()
  const all = (name: string, which: (kind: string) => boolean) =>
    toLoadHistogram(
      name,
      sumTimings(timings, ({ kind }) => which(kind)),
    )
  const deliveries = kinds.some(isDelivery) ? [all('delivery', isDelivery)] : []
  return [...deliveries, ...kinds.map(name => all(name, kind => kind === name))]
}

function notesOf({ stage, results, away, status, verdict }: Findings): string[] {
  const faults = new Map<string, number>()
  for (const { faults: some } of results)
    for (const [text, times] of some) faults.set(text, (faults.get(text) ?? 0) + times)
  return [
    ...stage.site.deaths,
    ...(away > 0 ? [`${away} sessions were not in at the end, each counted as one loss.`] : []),
    ...(status.unsettled > 0 ? [`${status.unsettled} posts had no answer at the end.`] : []),
    ...(verdict.posts > 0 ? [`${verdict.posts} acknowledged posts are not what was heard, or not in the store.`] : []),
    ...[...faults].map(([text, times]) => `${times} times: ${text}`),
  ]
}

function programVersion(): string {
  const file = join(import.meta.dirname, '..', '..', 'package.json')
  const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name: string; version: string }
  return `${name} ${version}`
}
