import { type Histogram, type HistogramData, openHistogram } from './histogram.ts'

export type TimingData = { phase: string; kind: string; data: HistogramData }

/** Times by what they are of, and by the phase of the run in which they ended. */
export type Timings = {
  begin(phase: string): void
  record(kind: string, ms: number): void
  data(): TimingData[]
}

export function openTimings(): Timings {
  const phases = new Map<string, Map<string, Histogram>>()
  let current = new Map<string, Histogram>()
  return {
    begin(phase) {
      current = phases.get(phase) ?? new Map()
      phases.set(phase, current)
    },
    record(kind, ms) {
      const histogram = current.get(kind) ?? openHistogram()
      current.set(kind, histogram)
      histogram.record(ms)
    },
    data: () =>
      [...phases].flatMap(([phase, kinds]) =>
        [...kinds].map(([kind, histogram]) => ({ phase, kind, data: histogram.data() })),
      ),
  }
}

/** One of each kind and phase that `which` takes, over all processes. */
export function sumTimings(all: TimingData[], which: (timing: TimingData) => boolean): HistogramData {
  const sum = openHistogram()
  for (const timing of all) if (which(timing)) sum.add(timing.data)
  return sum.data()
}
