/** What `/metrics` told at one moment. */
export type Scrape = { atMs: number; samples: Sample[] }
type Sample = { name: string; labels: Labels; value: number }
type Labels = { [name: string]: string }

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g
const escapes: Labels = { '\\n': '\n', '\\"': '"', '\\\\': '\\' }

/** Undefined where the server does not answer in time: it may have been killed. */
export async function scrape(url: string, patienceMs: number): Promise<Scrape | undefined> {
  try {
    const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(patienceMs) })
    return answer.ok ? { atMs: performance.now(), samples: parseMetrics(await answer.text()) } : undefined
  } catch {
    return undefined
  }
}

/** Prometheus' text format, without its comments and timestamps. */
export function parseMetrics(text: string): Sample[] {
  const samples: Sample[] = []
  for (const row of text.split('\n')) {
    const [, name, labels = '', value] = line.exec(row) ?? []
    if (name !== undefined) samples.push({ name, labels: parseLabels(labels), value: toNumber(value!) })
  }
  return samples
}

function parseLabels(text: string): Labels {
  const plain = (value: string) => value.replace(/\\./g, pair => escapes[pair] ?? pair)
  return Object.fromEntries([...text.matchAll(label)].map(([, name, value]) => [name!, plain(value!)]))
}

/** The format has its own words for what is no number, and Number knows none of them. */
function toNumber(text: string): number {
  return Number(text.replace(/^([+-]?)Inf$/, '$1Infinity'))
}

/** The sum over all samples of the name that have these labels; undefined where there is none: another version may not have it. */
export function readMetric({ samples }: Scrape, name: string, wanted: Labels = {}): number | undefined {
  const found = select(samples, name, wanted)
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
}

/** A second since the scrape before; after a restart, since the restart. */
export function rateOf(before: Scrape, after: Scrape, name: string): number | undefined {
  const value = readMetric(after, name)
  if (value === undefined) return undefined
  const last = readMetric(before, name) ?? 0
  return ((value >= last ? value - last : value) * 1000) / (after.atMs - before.atMs)
}

/** How many were counted between two scrapes, up to each bound of a histogram. */
export type Counts = Map<number, number>

export function countsBetween(before: Scrape, after: Scrape, name: string, wanted: Labels = {}): Counts {
  const last = boundsOf(before, name, wanted)
  const now = boundsOf(after, name, wanted)
  const restarted = [...now].some(([bound, count]) => count < (last.get(bound) ?? 0))
  return new Map([...now].map(([bound, count]) => [bound, count - (restarted ? 0 : (last.get(bound) ?? 0))]))
}

function boundsOf({ samples }: Scrape, name: string, wanted: Labels): Counts {
  return addCounts(
    select(samples, `${name}_bucket`, wanted).map(({ labels, value }) => new Map([[toNumber(labels.le ?? ''), value]])),
  )
}

export function addCounts(all: Counts[]): Counts {
  const sum: Counts = new Map()
  for (const counts of all) for (const [bound, count] of counts) sum.set(bound, (sum.get(bound) ?? 0) + count)
  return sum
}

/** Straight between the bounds of the bucket, as Prometheus estimates it; undefined where nothing was counted. */
export function quantileOf(counts: Counts, share: number): number | undefined {
  const bounds = [...counts].sort(([a], [b]) => a - b)
  const place = (bounds.at(-1)?.[1] ?? 0) * share
  if (!(place > 0)) return undefined
  let from = 0
  let passed = 0
  for (const [bound, count] of bounds) {
    if (count >= place) return bound === Infinity ? from : from + ((bound - from) * (place - passed)) / (count - passed)
    from = bound
    passed = count
  }
  return from
}

function select(samples: Sample[], name: string, wanted: Labels): Sample[] {
  return samples.filter(
    sample => sample.name === name && Object.entries(wanted).every(([label, value]) => sample.labels[label] === value),
  )
}
