import { showClock, showFigure, showMs, showNumber } from './figure.ts'
import { faultNames, type LoadReport, sayVerdict } from './report.ts'

/** The report for a terminal. */
export function toText(report: LoadReport): string {
  const parts = [
    head(report),
    faults(report),
    section('Goals', ['', 'goal', 'wanted', 'seen'], goals(report)),
    section('Times', ['', 'count', 'p50', 'p90', 'p99', 'p99.9', 'longest'], times(report)),
    section('Phases', ['', 'from', 'through', 'figures'], phases(report)),
    section('Memory, the most of each server', ['', 'processes', 'resident MB', 'proportional MB'], memory(report)),
    section('CPU, cores on the average while the load ran', ['', 'cores'], cpu(report)),
    report.notes.length === 0 ? undefined : ['Notes', ...report.notes.map(note => `  ${note}`)].join('\n'),
    foot(report),
  ]
  return parts.filter(part => part !== undefined).join('\n\n')
}

function head({ profile, scale, seed, site, startedAt }: LoadReport): string {
  const { servers, workers, users, sessions, rooms, entries } = site
  const rows: [value: number, one: string, many: string][] = [
    [users, 'user', 'users'],
    [sessions, 'live session', 'live sessions'],
    [rooms, 'room', 'rooms'],
    [entries, 'entry', 'entries'],
    [servers, 'server', 'servers'],
    [workers, 'worker each', 'workers each'],
  ]
  return [
    `Load ${profile}, scale ${scale}, seed ${seed}, begun at ${startedAt}`,
    rows.map(([value, one, many]) => `${showNumber(value)} ${value === 1 ? one : many}`).join(', '),
  ].join('\n')
}

function faults(report: LoadReport): string {
  const { sent, acknowledged, refused, retried } = report.posts
  return [
    faultNames.map(name => `${showNumber(report[name])} ${name}`).join(', '),
    sayVerdict(report),
    `${showNumber(acknowledged)} posts acknowledged of ${showNumber(sent)} sent (${showNumber(refused)} refused, ${showNumber(retried)} sent again), ${showNumber(report.deliveries)} deliveries`,
  ].join('\n')
}

const goals = ({ goals }: LoadReport) =>
  goals.map(({ text, wanted, seen, met }) => [met ? 'met' : 'NOT MET', text, wanted, seen])

const times = ({ latencies }: LoadReport) =>
  latencies.map(({ kind, count, p50Ms, p90Ms, p99Ms, p999Ms, maxMs }) => [
    kind,
    showNumber(count),
    ...[p50Ms, p90Ms, p99Ms, p999Ms, maxMs].map(showMs),
  ])

const phases = ({ phases }: LoadReport) =>
  phases.map(({ name, fromSeconds, throughSeconds, figures }) => [
    name,
    showClock(fromSeconds),
    showClock(throughSeconds),
    Object.entries(figures)
      .map(([figure, value]) => `${figure} ${showFigure(value)}`)
      .join(', '),
  ])

const memory = ({ memory }: LoadReport) =>
  memory.map(({ server, processes, residentMB, proportionalMB }) => [
    server,
    ...[processes, residentMB, proportionalMB].map(showNumber),
  ])

/** Of the phase `load`, or of the whole run where there was none. */
function cpu({ series, phases }: LoadReport): string[][] {
  const load = phases.find(({ name }) => name === 'load')
  const within = (at: number) => load === undefined || (at >= load.fromSeconds && at <= load.throughSeconds)
  return series
    .filter(({ group }) => group === 'cpu')
    .flatMap(({ name, points }) => {
      const seen = points.filter(([at]) => within(at)).map(([, value]) => value)
      return seen.length === 0 ? [] : [[name, showNumber(seen.reduce((sum, value) => sum + value, 0) / seen.length)]]
    })
}

function foot({ machine, program }: LoadReport): string {
  const { cores, memoryGiB, kernel, node, postgres, nats } = machine
  return `${program} on ${cores} cores, ${showNumber(memoryGiB)} GiB, ${kernel}, Node ${node}, PostgreSQL ${postgres}, NATS ${nats}`
}

/** A title and aligned columns, texts to the left and figures to the right; nothing where there are no rows. */
function section(title: string, names: string[], rows: string[][]): string | undefined {
  if (rows.length === 0) return undefined
  const cells = names.some(name => name !== '') ? [names, ...rows] : rows
  const widths = names.map((_, column) => Math.max(...cells.map(row => row[column]!.length)))
  const isFigure = names.map((_, column) => rows.every(row => /^[\d–]/.test(row[column]!)))
  const lines = cells.map(row =>
    row
      .map((cell, column) => (isFigure[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  )
  return [title, ...lines.map(line => `  ${line}`)].join('\n')
}
