/** Times of one kind. `buckets`: how many were above the bucket before and at most `upToMs`; empty ones are left out. */
export type LoadHistogram = {
  kind: string
  count: number
  p50Ms: number
  p90Ms: number
  p99Ms: number
  p999Ms: number
  maxMs: number
  buckets: [upToMs: number, count: number][]
}

export type LoadSeries = {
  name: string
  group: 'throughput' | 'memory' | 'cpu' | 'eventLoop' | 'lag' | 'sessions'
  unit: string
  points: [atSeconds: number, value: number][]
}

export type LoadPhase = {
  name: string
  fromSeconds: number
  throughSeconds: number
  figures: { [name: string]: number | string }
}

/** Most of each server from the load on. Resident counts pages that its processes share once each, proportional once. */
export type LoadMemory = { server: string; processes: number; residentMB: number; proportionalMB: number }

export type LoadGoal = { text: string; wanted: string; seen: string; met: boolean }

/** What a run of the load generator found: what `--json` prints, and what text and page are made of. */
export type PostCounts = { sent: number; acknowledged: number; refused: number; retried: number }

export type LoadReport = {
  profile: string
  seed: number
  scale: number
  seconds: number
  startedAt: string
  program: string
  machine: { cores: number; memoryGiB: number; kernel: string; node: string; postgres: string; nats: string }
  site: { servers: number; workers: number; users: number; sessions: number; rooms: number; entries: number }
  posts: PostCounts
  deliveries: number
  /** Acknowledged posts that an entitled live session did not hear, heard twice, heard out of order; heard by somebody not entitled. */
  lost: number
  doubled: number
  disordered: number
  leaked: number
  latencies: LoadHistogram[]
  phases: LoadPhase[]
  series: LoadSeries[]
  memory: LoadMemory[]
  goals: LoadGoal[]
  notes: string[]
}

/** The four counts of the checker, in the order in which they are shown. */
export const faultNames = ['lost', 'doubled', 'disordered', 'leaked'] as const

export function countFaults(report: Pick<LoadReport, (typeof faultNames)[number]>): number {
  return faultNames.reduce((sum, name) => sum + report[name], 0)
}

/** In a sentence. Of a run without posts nothing can be said. */
export function sayVerdict(report: LoadReport): string {
  const { acknowledged } = report.posts
  const found = faultNames.filter(name => report[name] > 0).map(name => `${report[name].toLocaleString('en')} ${name}`)
  if (found.length > 0) return `Not as promised: ${found.join(', ')}.`
  if (acknowledged === 0) return 'No post was acknowledged, so that nothing was shown.'
  return `All ${acknowledged.toLocaleString('en')} acknowledged posts reached whom they should, once and in order, and nobody else.`
}
