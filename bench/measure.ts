import { percentile, progress, type Row, round, type Timed } from './figures.ts'
import type { BenchServer } from './server.ts'

/** CPU of server and database while something is done. */
export async function whileCounting<T>(server: Pick<BenchServer, 'cpu'>, work: () => Promise<T>) {
  const before = server.cpu()
  const startedAt = performance.now()
  const done = await work()
  const seconds = (performance.now() - startedAt) / 1000
  const after = server.cpu()
  return { done, seconds, server: after.server - before.server, database: after.database - before.database }
}

export function latencies(timed: Timed): Row {
  return { 'p50 ms': percentile(timed.each, 0.5), 'p99 ms': percentile(timed.each, 0.99) }
}

/** One after the other: each has the machine to itself. */
export async function repeat(runs: number, run: () => Promise<Row>): Promise<Row[]> {
  const rows: Row[] = []
  for (let count = 0; count < runs; count += 1) {
    const row = await run()
    progress(
      Object.entries(row)
        .map(([name, value]) => `${name} ${typeof value === 'number' ? round(value) : value}`)
        .join(', '),
    )
    rows.push(row)
  }
  return rows
}
