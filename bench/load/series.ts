import type { LoadSeries } from './report.ts'

/** Collects points by group and name. */
export type SeriesBook = {
  add(group: LoadSeries['group'], unit: string, name: string, atSeconds: number, value: number | undefined): void
  all(): LoadSeries[]
}

export function openSeriesBook(): SeriesBook {
  const series = new Map<string, LoadSeries>()
  return {
    add(group, unit, name, atSeconds, value) {
      if (value === undefined || !Number.isFinite(value)) return
      const key = `${group} ${name}`
      const one = series.get(key) ?? { name, group, unit, points: [] }
      series.set(key, one)
      one.points.push([Number(atSeconds.toFixed(2)), Number(value.toPrecision(4))])
    },
    all: () => [...series.values()],
  }
}
