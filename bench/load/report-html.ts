import { showClock, showFigure, showMs, showNumber } from './figure.ts'
import { type Markup, markup } from './markup.ts'
import { faultNames, type LoadHistogram, type LoadReport, type LoadSeries, sayVerdict } from './report.ts'
import { histogramChart, legend, lineChart, mostOf, spanOf, thinOut } from './report-chart.ts'
import { style } from './report-style.ts'

/** One page that needs nothing else: no script, no network, charts as drawings in it. */
export function toHtml(report: LoadReport): string {
  const parts = [
    head(report),
    faults(report),
    keyFigures(report),
    goals(report),
    latencies(report),
    timeCharts(report),
    phases(report),
    memory(report),
    notes(report),
    setting(report),
  ]
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Persistent Chat under load: ${report.profile}, ${showNumber(report.site.users)} users</title>
<style>${{ markup: style }}</style>
</head>
<body>
<main>
${parts.map(part => markup`${part}\n`)}</main>
</body>
</html>
`.markup
}

function head({ profile, scale, seed, startedAt, site }: LoadReport): Markup {
  const { servers, workers, users, sessions, rooms } = site
  return markup`<header><h1>Persistent Chat under load</h1>
<p class="quiet">${showNumber(users)} users with ${showNumber(sessions)} live sessions in ${showNumber(rooms)} rooms, on ${count(servers, 'server')} of ${count(workers, 'worker')} each.<br>Profile ${profile}, scale ${scale}, seed ${seed}, begun <time datetime="${startedAt}">${startedAt.replace(/\.\d+Z$/, 'Z')}</time>.</p></header>`
}

const faultTexts: { [name in (typeof faultNames)[number]]: string } = {
  lost: 'acknowledged, and not heard by somebody who was there and may read it',
  doubled: 'heard twice by one session',
  disordered: 'heard in another order than that of the room',
  leaked: 'heard by somebody who may not read it',
}

function faults(report: LoadReport): Markup {
  return markup`<section aria-label="Was anything lost, doubled, disordered or leaked?">
<p class="verdict">${sayVerdict(report)}</p>
<div class="tiles">${faultNames.map(name => faultTile(name, report[name]))}</div></section>`
}

function faultTile(name: (typeof faultNames)[number], value: number): Markup {
  return markup`<div class="tile fault ${value === 0 ? 'good' : 'bad'}"><b>${value.toLocaleString('en')}</b> <span class="word">${value === 0 ? '✓ none' : '✗'} ${name}</span><br><span class="quiet">${faultTexts[name]}</span></div>`
}

function keyFigures(report: LoadReport): Markup {
  const { posts, deliveries, latencies, memory } = report
  const delivery = latencies.find(({ kind }) => kind === 'delivery')
  const acknowledgement = latencies.find(({ kind }) => kind === 'acknowledgement')
  const figures: [string, string | undefined][] = [
    [`posts acknowledged of ${showNumber(posts.sent)} sent`, showNumber(posts.acknowledged)],
    ['deliveries to live sessions', showNumber(deliveries)],
    ['from sending to hearing, the median', delivery && showMs(delivery.p50Ms)],
    ['from sending to hearing, 99 of 100', delivery && showMs(delivery.p99Ms)],
    ['until a post is on disk, the median', acknowledgement && showMs(acknowledgement.p50Ms)],
    [
      'memory of the largest server',
      memory.length === 0 ? undefined : `${showNumber(Math.max(...memory.map(heaviest)))} MB`,
    ],
  ]
  return markup`<div class="tiles key">${figures
    .filter(([, value]) => value !== undefined)
    .map(([text, value]) => markup`<div class="tile"><b>${value}</b><span>${text}</span></div>`)}</div>`
}

const heaviest = ({ proportionalMB, residentMB }: LoadReport['memory'][number]) => proportionalMB || residentMB

function goals({ goals }: LoadReport): Markup | undefined {
  if (goals.length === 0) return undefined
  const met = goals.filter(goal => goal.met).length
  const rows = goals.map(goal => [
    goal.text,
    goal.wanted,
    goal.seen,
    markup`<span class="badge ${goal.met ? 'good' : 'bad'}">${goal.met ? '✓ met' : '✗ not met'}</span>`,
  ])
  return section(`Goals: ${met} of ${goals.length} met`, card(table(['goal', 'wanted', 'seen', 'met?'], rows)))
}

/** The shape of fewer says nothing; they stand in the table. */
const LEAST_DRAWN = 20

function latencies({ latencies }: LoadReport): Markup | undefined {
  const filled = latencies.filter(({ count }) => count > 0)
  if (filled.length === 0) return undefined
  const drawn = filled.filter(({ count }) => count >= LEAST_DRAWN)
  const span = spanOf(drawn)
  return section(
    'How long things took',
    markup`<p class="quiet">Each bar is how many took so long, on the same logarithmic axis in all charts. Half were faster than p50, 99 of 100 faster than p99.</p>
<div class="charts">${drawn.map((one, index) => histogramCard(`times-${index}`, one, span))}</div>
${card(table(['kind', 'count', 'p50', 'p90', 'p99', 'p99.9', 'longest'], filled.map(timesRow), 1))}`,
  )
}

function timesRow({ kind, count, p50Ms, p90Ms, p99Ms, p999Ms, maxMs }: LoadHistogram): string[] {
  return [kind, count.toLocaleString('en'), ...[p50Ms, p90Ms, p99Ms, p999Ms, maxMs].map(showMs)]
}

function histogramCard(id: string, histogram: LoadHistogram, span: [number, number]): Markup {
  const { kind, count, buckets } = histogram
  const rows = [...Map.groupBy(buckets, ([upToMs]) => decadeThird(upToMs))].map(([upToMs, inside]) => [
    showMs(upToMs),
    inside.reduce((sum, [, each]) => sum + each, 0).toLocaleString('en'),
  ])
  return chartCard(
    kind,
    `${count.toLocaleString('en')} measured`,
    histogramChart(id, histogram, span),
    table(['up to', 'how many'], rows, 1),
  )
}

/** 1, 2, 5, 10 … at or above. */
function decadeThird(ms: number): number {
  const power = 10 ** Math.floor(Math.log10(ms))
  return Number(([1, 2, 5].find(each => each * power >= ms * 0.9999) ?? 10) * power)
}

type ChartPlan = { title: string; group: LoadSeries['group']; pick: RegExp }
/** A series goes into the first that picks it. */
const charts: ChartPlan[] = [
  { title: 'Posts a second', group: 'throughput', pick: /^posts$/ },
  { title: 'Deliveries a second', group: 'throughput', pick: /^deliveries$/ },
  { title: 'Throughput', group: 'throughput', pick: /./ },
  { title: 'Live sessions of each server', group: 'sessions', pick: /./ },
  { title: 'CPU, cores in use', group: 'cpu', pick: /./ },
  { title: 'Resident memory, MB', group: 'memory', pick: /./ },
  { title: 'Event-loop delay, 99 of 100 shorter, ms', group: 'eventLoop', pick: /p99$/ },
  { title: 'Event-loop delay, the longest, ms', group: 'eventLoop', pick: /longest$/ },
  { title: 'Event-loop delay, half shorter, ms', group: 'eventLoop', pick: /./ },
  { title: 'Lag of the bus, ms', group: 'lag', pick: /^bus/ },
  { title: 'Lag of the store, ms', group: 'lag', pick: /^store/ },
  { title: 'Lag, ms', group: 'lag', pick: /./ },
]

function timeCharts({ series, phases }: LoadReport): Markup | undefined {
  if (series.length === 0) return undefined
  const planned = Map.groupBy(series, one =>
    charts.findIndex(({ group, pick }) => group === one.group && pick.test(one.name)),
  )
  const cards = charts.flatMap(({ title }, index) => {
    const picked = planned.get(index)
    if (picked === undefined) return []
    const drawing = markup`${picked.length > 1 ? legend(picked) : undefined}${lineChart(`time-${index}`, title, picked, phases)}`
    const most = Math.max(...picked.map(mostOf))
    return [chartCard(title, `up to ${showNumber(most)}`, drawing, seriesTable(picked))]
  })
  return section('Over time', markup`<div class="charts">${cards}</div>`)
}

/** About twenty instants, at those of the first series. */
function seriesTable(series: LoadSeries[]): Markup {
  const instants = thinOut(series[0]!.points, 20).map(([at]) => at)
  const rows = instants.map(at => [showClock(at), ...series.map(({ points }) => valueAt(points, at))])
  return table(['at', ...series.map(({ name }) => name)], rows, 1)
}

function valueAt(points: LoadSeries['points'], at: number): string {
  const nearest = points.reduce((a, b) => (Math.abs(b[0] - at) < Math.abs(a[0] - at) ? b : a))
  return Math.abs(nearest[0] - at) < 5 ? showNumber(nearest[1]) : '–'
}

function phases({ phases }: LoadReport): Markup | undefined {
  if (phases.length === 0) return undefined
  const rows = phases.map(({ name, fromSeconds, throughSeconds, figures }) => [
    name,
    `${showClock(fromSeconds)}\u00a0to\u00a0${showClock(throughSeconds)}`,
    Object.entries(figures)
      .map(([figure, value]) => `${figure} ${showFigure(value)}`)
      .join(' · '),
  ])
  return section('Phases', card(table(['phase', 'when', 'figures'], rows)))
}

function memory({ memory }: LoadReport): Markup | undefined {
  if (memory.length === 0) return undefined
  const rows = memory.map(({ server, processes, residentMB, proportionalMB }) => [
    server,
    ...[processes, residentMB, proportionalMB].map(showNumber),
  ])
  return section(
    'Memory, the most of each server',
    card(
      markup`${table(['server', 'processes', 'resident MB', 'proportional MB'], rows, 1)}<p class="quiet">Resident counts what its processes share in each of them, proportional once.</p>`,
    ),
  )
}

function notes({ notes }: LoadReport): Markup | undefined {
  if (notes.length === 0) return undefined
  return section('Notes', card(markup`<ul>${notes.map(note => markup`<li>${note}</li>`)}</ul>`))
}

function setting({ machine, site, program, seconds, posts }: LoadReport): Markup {
  const rows: [string, string][] = [
    ['Program', program],
    ['Machine', `${count(machine.cores, 'core')}, ${showNumber(machine.memoryGiB)} GiB, ${machine.kernel}`],
    ['Node.js', machine.node],
    ['PostgreSQL', machine.postgres],
    ['NATS', machine.nats],
    ['Model', `${showNumber(site.users)} users, ${showNumber(site.rooms)} rooms, ${showNumber(site.entries)} entries`],
    [
      'Load',
      `${showNumber(seconds)} s; ${showNumber(posts.refused)} posts refused, ${showNumber(posts.retried)} sent again`,
    ],
  ]
  const list = markup`<dl>${rows.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
  return section(
    'Where it ran',
    card(markup`${list}<p class="quiet">Servers, database, NATS and the load generator shared this machine.</p>`),
  )
}

function section(title: string, inside: Markup): Markup {
  return markup`<section><h2>${title}</h2>${inside}</section>`
}

function card(inside: Markup): Markup {
  return markup`<div class="card scroll">${inside}</div>`
}

function chartCard(title: string, aside: string, drawing: Markup, figures: Markup): Markup {
  return markup`<figure class="card"><figcaption><h3>${title}</h3><span class="quiet">${aside}</span></figcaption>${drawing}
<details><summary>The figures of this chart</summary><div class="scroll">${figures}</div></details></figure>`
}

/** Columns from `figuresFrom` on are figures. */
function table(names: string[], rows: (string | Markup)[][], figuresFrom = names.length): Markup {
  const kind = (column: number) => (column >= figuresFrom ? 'figure' : '')
  return markup`<table><thead><tr>${names.map((name, column) => markup`<th scope="col" class="${kind(column)}">${name}</th>`)}</tr></thead>
<tbody>${rows.map(row => markup`<tr>${row.map((cell, column) => (column === 0 ? markup`<th scope="row">${cell}</th>` : markup`<td class="${kind(column)}">${cell}</td>`))}</tr>`)}</tbody></table>`
}

function count(value: number, one: string): string {
  return `${showNumber(value)} ${one}${value === 1 ? '' : 's'}`
}
