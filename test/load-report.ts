import { openHistogram, toLoadHistogram } from '../bench/load/histogram.ts'
import type { LoadReport, LoadSeries } from '../bench/load/report.ts'
import { openRandom } from './random.ts'

/** A report as a run of ten minutes gives it, for looking at. */
export function sampleReport(changes: Partial<LoadReport> = {}): LoadReport {
  const random = openRandom(1)
  const series = (group: LoadSeries['group'], unit: string, name: string, level: (at: number) => number) => ({
    ...{ group, unit, name },
    points: Array.from({ length: 600 }, (_, at): [number, number] => [
      at,
      level(at) * (0.85 + 0.3 * (random.below(1e6) / 1e6)),
    ]),
  })
  const times = (kind: string, count: number, middleMs: number, spread: number) => {
    const histogram = openHistogram()
    for (let n = 0; n < count; n += 1) {
      const bell = [1, 2, 3, 4].reduce(sum => sum + random.below(1e6) / 1e6 - 0.5, 0)
      histogram.record(middleMs * Math.exp(bell * spread))
    }
    return toLoadHistogram(kind, histogram.data())
  }
  const grows = (at: number, most: number) => most * Math.min(1, at / 120)
  const names = ['load1', 'load2', 'load3', 'load4']
  return {
    ...{ profile: 'lync-2013', seed: 1, scale: 1, seconds: 480, startedAt: '2026-11-24T13:00:00.000Z' },
    program: 'pchat 0.1.0',
    machine: { cores: 2, memoryGiB: 24, kernel: 'Linux 6.12', node: '26.10.0', postgres: '18.4', nats: '2.9.10' },
    site: { servers: 4, workers: 2, users: 80_000, sessions: 80_000, rooms: 33_077, entries: 731_088 },
    posts: { sent: 11_520, acknowledged: 11_518, refused: 2, retried: 14 },
    deliveries: 2_419_200,
    ...{ lost: 0, doubled: 0, disordered: 0, leaked: 0 },
    latencies: [
      times('delivery', 20_000, 22, 1),
      times('delivery small', 9000, 14, 0.8),
      times('delivery large', 8000, 160, 1.1),
      times('acknowledgement', 11_000, 8, 0.9),
      times('sync', 8000, 140, 1.2),
    ],
    phases: [
      { name: 'sign-in', fromSeconds: 0, throughSeconds: 120, figures: { 'sign-ins a second': 667 } },
      { name: 'load', fromSeconds: 120, throughSeconds: 590, figures: { 'posts a second': 24.1, joins: 4700 } },
      { name: 'drain', fromSeconds: 590, throughSeconds: 600, figures: {} },
    ],
    series: [
      series('throughput', '/s', 'posts', at => (at < 120 ? 0 : 24)),
      series('throughput', '/s', 'deliveries', at => (at < 120 ? 0 : 5040)),
      ...names.map(name => series('sessions', 'sessions', name, at => grows(at, 20_000))),
      ...[...names, 'PostgreSQL', 'NATS', 'generators'].map((name, index) =>
        series('cpu', 'cores', name, at => (at < 120 ? 0.3 : 0.1) * (1 + index / 3)),
      ),
      ...names.map(name => series('memory', 'MB', name, at => 300 + grows(at, 700))),
      ...names.flatMap(name => [
        series('eventLoop', 'ms', `${name}, p50`, () => 0.2),
        series('eventLoop', 'ms', `${name}, p99`, at => (at < 120 ? 30 : 4)),
        series('eventLoop', 'ms', `${name}, longest`, at => (at < 120 ? 80 : 12)),
      ]),
      series('lag', 'ms', 'bus, p50', () => 1),
      series('lag', 'ms', 'bus, p99', () => 9),
      series('lag', 'ms', 'store, a transaction, p50', () => 2),
      series('lag', 'ms', 'store, a transaction, p99', () => 18),
    ],
    memory: names.map((server, index) => ({
      ...{ server, processes: 3, residentMB: 1004 + index * 13, proportionalMB: 871 + index * 9 },
    })),
    goals: [
      { text: 'delivery at 24 posts a second, median', wanted: 'under 50 ms', seen: '22 ms', met: true },
      { text: 'memory of each server', wanted: 'under 1,200 MB', seen: '1,310 MB', met: false },
    ],
    notes: ['A server holds 19,900 sessions where 20,000 are meant: a process has 20,000 descriptors.'],
    ...changes,
  }
}
