import type { LoadHistogram } from './report.ts'

/** Counts by bucket, empty buckets left out, and the greatest value: plain data that travels between processes. */
export type HistogramData = { maxMs: number; counts: [bucket: number, count: number][] }

export type Histogram = {
  record(ms: number): void
  /** Adds what another one counted. */
  add(data: HistogramData): void
  data(): HistogramData
}

const LEAST_MS = 0.01
const MOST_MS = 1_000_000
/** Each bucket is two per cent wider than the one before, so that a percentile is right to two per cent. */
const GROWTH = 1.02
const logGrowth = Math.log(GROWTH)
/** The first bucket takes all that is shorter, the last one all that is longer. */
const BUCKETS = Math.ceil(Math.log(MOST_MS / LEAST_MS) / logGrowth) + 1

/** Counts times from 0.01 ms to 1,000 s, at the price of one logarithm each. */
export function openHistogram(): Histogram {
  const counts = new Float64Array(BUCKETS)
  let maxMs = 0
  return {
    record(ms) {
      counts[bucketOf(ms)]! += 1
      if (ms > maxMs) maxMs = ms
    },
    add(data) {
      for (const [bucket, count] of data.counts) counts[bucket]! += count
      maxMs = Math.max(maxMs, data.maxMs)
    },
    data() {
      const filled: HistogramData['counts'] = []
      for (const [bucket, count] of counts.entries()) if (count > 0) filled.push([bucket, count])
      return { maxMs, counts: filled }
    },
  }
}

export function toLoadHistogram(kind: string, { maxMs, counts }: HistogramData): LoadHistogram {
  const count = counts.reduce((sum, [, each]) => sum + each, 0)
  const at = (share: number) => percentileOf(counts, count * share, maxMs)
  return {
    kind,
    count,
    p50Ms: at(0.5),
    p90Ms: at(0.9),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    maxMs: tidy(maxMs),
    buckets: counts.map(([bucket, each]) => [tidy(endOf(bucket)), each]),
  }
}

function bucketOf(ms: number): number {
  if (!(ms > LEAST_MS)) return 0
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / LEAST_MS) / logGrowth))
}

function endOf(bucket: number): number {
  return LEAST_MS * GROWTH ** bucket
}

/** The middle of the bucket that holds the value at this place; the greatest value is known better than its bucket. */
function percentileOf(counts: HistogramData['counts'], place: number, maxMs: number): number {
  let passed = 0
  for (const [bucket, count] of counts) {
    passed += count
    if (passed >= place && passed > 0) return tidy(Math.min(maxMs, endOf(bucket) / Math.sqrt(GROWTH)))
  }
  return 0
}

/** Four digits: more is noise, and makes the report long. */
function tidy(ms: number): number {
  return Number(ms.toPrecision(4))
}
