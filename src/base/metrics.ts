import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { addComplianceMetrics } from './compliance-metrics.ts'
import { addPoolMetrics } from './pool-metrics.ts'
import { addProcessMetrics } from './process-metrics.ts'

/** What is the same in all processes of a server: sums would say that two of them were active. */
const same = 'max'

/** From less than a statement on an idle machine to what a client gives up after. */
const waits = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]

/** One registry a process; names begin with pchat_. Made by the caller, so that tests can run several servers in one process. */
export function openMetrics() {
  const registry = new Registry()
  const registers = [registry]
  const lines = new Map<string, () => number>()
  const directoryLag = new Map<string, () => number | undefined>()
  addProcessMetrics(registry)
  /** Asked when somebody looks; whoever knows puts his own in place of these. */
  const looks = { queueBytes: () => 0, largeRooms: () => 0 }
  new Gauge({
    name: 'pchat_delivery_queue_bytes',
    help: 'what waits for sessions to read it',
    registers,
    collect() {
      this.set(looks.queueBytes())
    },
  })
  new Gauge({
    name: 'pchat_rooms_over_roster_limit',
    help: 'rooms whose participants are no longer told one by one, of those that the process hears',
    aggregator: same,
    registers,
    collect() {
      this.set(looks.largeRooms())
    },
  })
  new Gauge({
    name: 'pchat_waiting',
    help: 'how many wait, by the line that they wait in',
    labelNames: ['line'],
    registers,
    collect() {
      for (const [line, length] of lines) this.set({ line }, length())
    },
  })
  new Gauge({
    name: 'pchat_directory_lag_seconds',
    help: 'since the last run of a source of people that succeeded on any server',
    labelNames: ['source'],
    aggregator: 'min',
    registers,
    collect() {
      for (const [source, lag] of directoryLag) {
        const seconds = lag()
        if (seconds !== undefined) this.set({ source }, seconds)
      }
    },
  })
  return {
    registry,
    looks,
    ...addPoolMetrics(registry, same),
    /** Seconds since the last success, by source; asked when somebody looks. */
    directoryLag,
    directoryRunSeconds: new Gauge({
      name: 'pchat_directory_run_seconds',
      help: 'what the last run of a source took that this process made',
      labelNames: ['source'],
      aggregator: same,
      registers,
    }),
    directoryChanges: new Counter({
      name: 'pchat_directory_changes_total',
      help: 'what runs of a source changed, by kind of change',
      labelNames: ['source', 'change'],
      registers,
    }),
    directoryFailures: new Counter({
      name: 'pchat_directory_failures_total',
      help: 'runs of a source that failed or were stopped',
      labelNames: ['source'],
      registers,
    }),
    /** What waits, by name; asked when somebody looks. */
    lines,
    sessions: new Gauge({ name: 'pchat_sessions', help: 'open WebSocket sessions, one for each device', registers }),
    users: new Gauge({ name: 'pchat_users', help: 'users who are connected, once in each process', registers }),
    joins: new Counter({
      name: 'pchat_joins_total',
      help: 'rooms that sessions began to hear, by joining or by their sync',
      registers,
    }),
    subscriptions: new Gauge({ name: 'pchat_subscriptions', help: 'rooms heard, summed over sessions', registers }),
    requests: new Counter({
      name: 'pchat_requests_total',
      help: 'requests by verb and outcome',
      labelNames: ['verb', 'outcome'],
      registers,
    }),
    refusals: new Counter({
      name: 'pchat_refusals_total',
      help: 'what was refused at any door, by code; 503 over HTTP is unavailable',
      labelNames: ['code'],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'pchat_request_seconds',
      help: 'from a request to its answer or refusal, by kind of request',
      labelNames: ['kind'],
      buckets: waits,
      registers,
    }),
    posts: new Counter({ name: 'pchat_posts_total', help: 'posts acknowledged', registers }),
    batchPosts: new Histogram({
      name: 'pchat_batch_posts',
      help: 'posts in one commit',
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
      registers,
    }),
    batchSeconds: new Histogram({
      name: 'pchat_batch_seconds',
      help: 'time of one commit',
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 5],
      registers,
    }),
    deliveries: new Counter({ name: 'pchat_deliveries_total', help: 'events handed to sessions', registers }),
    deliverySeconds: new Histogram({
      name: 'pchat_delivery_seconds',
      help: 'from the first session of a room that is handed a message to the last one of this process',
      buckets: waits,
      registers,
    }),
    slowReaders: new Counter({
      name: 'pchat_slow_readers_total',
      help: 'sessions closed because they did not read',
      registers,
    }),
    gapsFilled: new Counter({
      name: 'pchat_gaps_filled_total',
      help: 'gaps of a room filled from the store',
      registers,
    }),
    rechecks: new Counter({
      name: 'pchat_access_rechecks_total',
      help: 'rights of a room decided again before a delivery',
      registers,
    }),
    busAway: new Gauge({
      name: 'pchat_bus_away',
      help: 'bus away: 1 while the other servers are not heard',
      aggregator: same,
      registers,
    }),
    busLag: new Histogram({
      name: 'pchat_bus_lag_seconds',
      help: 'age of signs of life from other processes when they arrive; clocks of machines included',
      buckets: waits,
      registers,
    }),
    storeSeconds: new Histogram({
      name: 'pchat_store_seconds',
      help: 'of the store, by what: a statement, a transaction, or the wait for a connection',
      labelNames: ['what'],
      buckets: waits,
      registers,
    }),
    active: new Gauge({
      name: 'pchat_active',
      help: '1 while this server takes new sessions',
      aggregator: same,
      registers,
    }),
    compliance: addComplianceMetrics(registry, same),
    poolProcesses: new Gauge({
      name: 'pchat_pool_processes',
      help: 'living processes of the pool',
      aggregator: same,
      registers,
    }),
    storeSwitches: new Counter({
      name: 'pchat_store_switches_total',
      help: 'times that a host of the store became the primary, the first one among them',
      aggregator: same,
      registers,
    }),
    storeFailures: new Counter({
      name: 'pchat_store_failures_total',
      help: 'statements that the store did not answer',
      registers,
    }),
  }
}
export type Metrics = ReturnType<typeof openMetrics>

/** Of the parent of several processes that serve together. */
export function openParentMetrics() {
  const registry = new Registry()
  const registers = [registry]
  addProcessMetrics(registry)
  return {
    registry,
    workers: new Gauge({ name: 'pchat_workers', help: 'processes of this server that serve', registers }),
    restarts: new Counter({
      name: 'pchat_worker_restarts_total',
      help: 'processes of this server that ended by themselves and were started again',
      registers,
    }),
  }
}

/** What one registry counted, as data that travels between processes. */
export type Counted = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** The text of several registries as if they were one. */
export function sumCounted(counts: Counted[]): Promise<string> {
  return AggregatorRegistry.aggregate(counts).metrics()
}
