import { showClock, showMs, showNumber } from './figure.ts'
import { type Markup, markup } from './markup.ts'
import type { LoadHistogram, LoadPhase, LoadSeries } from './report.ts'

/** Units of the drawing, which the page scales to its place. */
const width = 560
const height = 210
const plot = { left: 52, right: width - 24, top: 22, bottom: height - 26 }
/** More points than pixels cost space and show nothing. */
const MAX_POINTS = 260
const COLOURS = 8

type Scale = (value: number) => number

/** Whatever the profile, kinds are compared at one glance: all charts have the same axis. */
export function spanOf(latencies: LoadHistogram[]): [fromMs: number, toMs: number] {
  const ends = latencies.flatMap(({ buckets }) => buckets.map(([upToMs]) => upToMs))
  if (ends.length === 0) return [1, 1000]
  const least = Math.floor(Math.log10(Math.min(...ends)))
  return [10 ** least, 10 ** Math.max(least + 1, Math.ceil(Math.log10(Math.max(...ends))))]
}

/** How many took how long, on a logarithmic axis, with its percentiles. */
export function histogramChart(id: string, histogram: LoadHistogram, [fromMs, toMs]: [number, number]): Markup {
  const { kind, count, p50Ms, p99Ms, maxMs } = histogram
  const x = logScale(fromMs, toMs)
  const bars = mergeBuckets(histogram, fromMs, toMs)
  const highest = Math.max(4, niceCeiling(Math.max(...bars.map(bar => bar.count))))
  const y = linearScale(0, highest, plot.bottom, plot.top + 18)
  const ticks = decades(fromMs, toMs)
  return svg(
    id,
    `How long each of ${showNumber(count)} took: ${kind}`,
    `Half took at most ${showMs(p50Ms)}, 99 of 100 at most ${showMs(p99Ms)}, the longest ${showMs(maxMs)}.`,
    markup`${ticks.map(tick => verticalTick(x(tick), showMs(tick)))}
${horizontalTicks(y, highest, showNumber)}
${bars.map(bar => markup`<rect class="bar" x="${px(x(bar.fromMs))}" width="${px(Math.max(0.8, x(bar.toMs) - x(bar.fromMs) - 0.6))}" y="${px(y(bar.count))}" height="${px(plot.bottom - y(bar.count))}"/>`)}
<line class="axis" x1="${plot.left}" x2="${plot.right}" y1="${plot.bottom}" y2="${plot.bottom}"/>
${percentileMarks(x, [
  ['p50', p50Ms],
  ['p99', p99Ms],
])}`,
  )
}

/** Buckets of the report are too narrow to be seen: here about 25 a decade. */
function mergeBuckets({ buckets }: LoadHistogram, fromMs: number, toMs: number) {
  const decadesShown = Math.log10(toMs / fromMs)
  const bars = Math.round(25 * decadesShown)
  const edge = (index: number) => fromMs * 10 ** ((index * decadesShown) / bars)
  const counts = new Map<number, number>()
  for (const [upToMs, count] of buckets) {
    const index = Math.min(bars - 1, Math.max(0, Math.ceil((Math.log10(upToMs / fromMs) / decadesShown) * bars) - 1))
    counts.set(index, (counts.get(index) ?? 0) + count)
  }
  return [...counts].map(([index, count]) => ({ fromMs: edge(index), toMs: edge(index + 1), count }))
}

/** Their words stand left and right of them where they would meet. */
function percentileMarks(x: Scale, marks: [name: string, ms: number][]): Markup[] {
  const isFirst = (index: number) => index === 0
  return marks
    .filter(([, ms]) => ms > 0)
    .map(([name, ms], index) => {
      const at = x(ms)
      const toLeft = (isFirst(index) && at > plot.left + 90) || at > plot.right - 90
      return markup`<line class="mark" x1="${px(at)}" x2="${px(at)}" y1="${plot.top - 4}" y2="${plot.bottom}"/>
<text class="told" x="${px(at + (toLeft ? -5 : 5))}" y="${plot.top + (isFirst(index) ? 0 : 14)}" text-anchor="${toLeft ? 'end' : 'start'}">${name} ${showMs(ms)}</text>`
    })
}

/** Lines over time, with every second phase shaded. */
export function lineChart(id: string, title: string, series: LoadSeries[], phases: LoadPhase[]): Markup {
  const thin = series.map(one => ({ ...one, points: thinOut(one.points) }))
  const points = thin.flatMap(one => one.points)
  const end = Math.max(1, ...points.map(([at]) => at), ...phases.map(({ throughSeconds }) => throughSeconds))
  const highest = niceCeiling(Math.max(0, ...points.map(([, value]) => value)))
  const x = linearScale(0, end, plot.left, plot.right)
  const y = linearScale(0, highest, plot.bottom, plot.top)
  const described = series.map(one => `${one.name}: at most ${showNumber(mostOf(one))} ${one.unit}`).join('; ')
  return svg(
    id,
    `${title} over ${showClock(end)}`,
    described,
    markup`${phases.map((phase, index) => shade(x, phase, index))}
${horizontalTicks(y, highest, showNumber)}
${timeTicks(end).map(tick => markup`<text x="${px(x(tick))}" y="${plot.bottom + 16}" text-anchor="middle">${showClock(tick)}</text>`)}
<line class="axis" x1="${plot.left}" x2="${plot.right}" y1="${plot.bottom}" y2="${plot.bottom}"/>
${thin.map((one, index) => markup`<path class="series ${strokeOf(index)}" d="${pathOf(one.points, x, y)}"/>`)}`,
  )
}

export function legend(series: LoadSeries[]): Markup {
  return markup`<ul class="legend">${series.map(
    (one, index) =>
      markup`<li><svg viewBox="0 0 22 10" aria-hidden="true"><path class="series ${strokeOf(index)}" d="M0 5H22"/></svg>${one.name} <span class="quiet">up to ${showNumber(mostOf(one))}</span></li>`,
  )}</ul>`
}

export function mostOf({ points }: LoadSeries): number {
  return points.reduce((most, [, value]) => Math.max(most, value), 0)
}

const strokeOf = (index: number) => `s${index % COLOURS}${index >= COLOURS ? ' dashed' : ''}`

/** The greatest of neighbours: a peak is what one looks for. */
export function thinOut(points: LoadSeries['points'], most = MAX_POINTS): LoadSeries['points'] {
  const each = Math.ceil(points.length / most)
  if (each <= 1) return points
  return Array.from({ length: Math.ceil(points.length / each) }, (_, index) =>
    points.slice(index * each, (index + 1) * each).reduce((a, b) => (b[1] > a[1] ? b : a)),
  )
}

/** Broken where nothing was seen for a while: the server was down. */
function pathOf(points: LoadSeries['points'], x: Scale, y: Scale): string {
  const gaps = points.slice(1).map(([at], index) => at - points[index]![0])
  const usual = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0
  return points
    .map(([at, value], index) => {
      const isBroken = index === 0 || at - points[index - 1]![0] > usual * 4
      return `${isBroken ? 'M' : 'L'}${px(x(at))} ${px(y(value))}`
    })
    .join('')
}

function shade(x: Scale, { name, fromSeconds, throughSeconds }: LoadPhase, index: number): Markup {
  const [from, to] = [x(fromSeconds), x(throughSeconds)]
  const word = to - from > name.length * 6.2 + 6 ? name : ''
  return markup`${index % 2 === 1 ? markup`<rect class="shade" x="${px(from)}" width="${px(Math.max(1, to - from))}" y="${plot.top - 16}" height="${plot.bottom - plot.top + 16}"/>` : undefined}
<text x="${px((from + to) / 2)}" y="${plot.top - 5}" text-anchor="middle">${word}</text>`
}

function svg(id: string, title: string, description: string, inside: Markup): Markup {
  return markup`<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc"><title id="${id}-title">${title}</title><desc id="${id}-desc">${description}</desc>
${inside}</svg>`
}

function verticalTick(at: number, text: string): Markup {
  return markup`<line class="grid" x1="${px(at)}" x2="${px(at)}" y1="${plot.top}" y2="${plot.bottom}"/>
<text x="${px(at)}" y="${plot.bottom + 16}" text-anchor="middle">${text}</text>`
}

function horizontalTicks(y: Scale, highest: number, show: (value: number) => string): Markup[] {
  return [0, 0.25, 0.5, 0.75, 1].map(
    share => markup`<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${px(y(highest * share))}" y2="${px(y(highest * share))}"/>
<text x="${plot.left - 7}" y="${px(y(highest * share) + 4)}" text-anchor="end">${show(highest * share)}</text>`,
  )
}

function timeTicks(end: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400]
  const step = steps.find(each => end / each <= 8) ?? 28_800
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, index) => index * step)
}

function decades(from: number, to: number): number[] {
  const first = Math.round(Math.log10(from))
  return Array.from({ length: Math.round(Math.log10(to)) - first + 1 }, (_, index) => 10 ** (first + index))
}

/** Just above the value, and such that quarters of it are short. */
function niceCeiling(value: number): number {
  if (!(value > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8].find(each => each * power >= value) ?? 10) * power
}

function linearScale(from: number, to: number, start: number, end: number): Scale {
  return value => start + ((value - from) / (to - from)) * (end - start)
}

function logScale(from: number, to: number): Scale {
  const inner = linearScale(Math.log10(from), Math.log10(to), plot.left, plot.right)
  return value => inner(Math.log10(Math.min(to, Math.max(from, value))))
}

function px(value: number): string {
  return String(Number(value.toFixed(1)))
}
