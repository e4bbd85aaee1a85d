/** One measurement: what was varied, and what came out in each run. */
export type Row = { [name: string]: string | number }

/** `users`: how many the store is filled with. `sessions`: how many are in the room, one after the other. `points`: of a curve. `databaseUrl`: one to fill and to keep. */
export type BenchOptions = {
  runs: number
  users: number
  sessions: number[]
  points?: number[] | undefined
  databaseUrl?: string | undefined
}
/** Rows of the table, each with its runs. */
export type Bench = { title: string; run(options: BenchOptions): Promise<Row[][]> }

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Runs of the same thing as one row: `1,234 (1,100–1,300)`, texts as they are. */
export function summarise(runs: Row[]): Row {
  const first = runs[0] ?? {}
  return Object.fromEntries(
    Object.entries(first).map(([name, value]) => {
      if (typeof value === 'string') return [name, value]
      const values = runs.map(run => Number(run[name]))
      const spread = `${round(Math.min(...values))}–${round(Math.max(...values))}`
      return [name, `${round(median(values))} (${spread})`]
    }),
  )
}

/** Three digits that count. */
export function round(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

export function printTable(title: string, rows: Row[]): void {
  const names = Object.keys(rows[0] ?? {})
  const cells = [names, names.map(() => '---'), ...rows.map(row => names.map(name => String(row[name])))]
  console.log(`\n### ${title}\n\n${cells.map(line => `| ${line.join(' | ')} |`).join('\n')}`)
}

/** On stderr, so that what is on stdout stays a table. */
export function progress(text: string): void {
  console.error(`${(performance.now() / 1000).toFixed(1).padStart(7)} s  ${text}`)
}

/** `ms`: of the whole; `each`: of the single requests. */
export type Timed = { count: number; ms: number; each: number[] }
