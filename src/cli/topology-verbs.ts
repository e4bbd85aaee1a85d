import { checkChange } from '../topology/change.ts'
import { checkTopology, type Finding, isSound, locate } from '../topology/check.ts'
import { type Ask, type Difference, diffTopologies } from '../topology/diff.ts'
import { type Edition, editions, exampleDocument } from '../topology/example.ts'
import type { Fault } from '../topology/fault.ts'
import { type Place, shownPath } from '../topology/place.ts'
import { planServer, planServers, type ServerPlan, serversOf } from '../topology/plan.ts'
import { publishedSchema } from '../topology/published.ts'
import { type Read, readTopology } from '../topology/read.ts'
import type { Topology } from '../topology/schema.ts'
import { Misuse } from './shell/fault.ts'
import type { Io } from './shell/io.ts'
import { fail, print } from './shell/run.ts'
import { harmless, tableLines } from './shell/table.ts'
import type { Answer } from './shell/verb.ts'
import { pictureLines } from './topology-picture.ts'
import { planLines, serverTable, verbLines } from './topology-plan.ts'
import { startArguments } from './topology-start.ts'
import { textOf } from './topology-text.ts'

export type TopologyOptions = { json?: boolean; server?: string; fqdn?: string }

const differs = 3

/** `exit` is set where what was found says more than that it was done. */
export type Done = Answer & { exit?: number }

export async function run(options: TopologyOptions, io: Io, work: () => Promise<Done>): Promise<void> {
  try {
    const { exit, ...answer } = await work()
    print(io, options, { ...answer, lines: answer.lines?.map(line => line.split('\n').map(harmless).join('\n')) ?? [] })
    if (exit !== undefined) io.exit(exit)
  } catch (error) {
    fail(error, options, io)
  }
}

export function writeNew(word: string, options: TopologyOptions, io: Io): Promise<void> {
  return run(options, io, async () => {
    const edition = editions.find(one => one === word)
    if (edition === undefined) throw new Misuse(`There is no ${word}. Give one of ${editions.join(', ')}.`)
    const text = exampleDocument(edition as Edition, options.fqdn)
    const read = readTopology(text)
    return { value: 'faults' in read ? {} : read.topology, lines: [text.trimEnd()] }
  })
}

export function printSchema(options: TopologyOptions, io: Io): Promise<void> {
  return run(options, io, async () => {
    const value = publishedSchema()
    return { value, lines: [JSON.stringify(value, null, 2)] }
  })
}

export function validate(file: string, options: TopologyOptions, io: Io): Promise<void> {
  return run(options, io, async () => {
    const read = readTopology(await textOf(file, io))
    if ('faults' in read) {
      const value = { file, sound: false, faults: read.faults, findings: [] }
      return { value, lines: [...faultLines(file, read.faults), 'It cannot be read.'], exit: 1 }
    }
    const findings = locate(checkTopology(read.topology), read.places)
    const sound = isSound(findings)
    const [told, more] = cutFindings(findings)
    const value = { file, sound, faults: [], findings: told, ...(more > 0 ? { more } : {}) }
    return {
      value,
      lines: [...findingLines(file, told), ...moreLines(more), verdict(findings)],
      ...(sound ? {} : { exit: 1 }),
    }
  })
}

export function show(file: string, options: TopologyOptions, io: Io): Promise<void> {
  return run(options, io, async () => {
    const { topology } = await readDocument(file, io)
    const findings = checkTopology(topology)
    // Nothing is planned of what nothing may be made of.
    const plans = isSound(findings) ? planServers(topology) : []
    const hint = isSound(findings)
      ? []
      : ['', `It is not sound: ${verdict(findings)} pchat topology validate says what.`]
    const lines = [
      ...pictureLines(topology),
      ...(plans.length > 0 ? serverTable(plans) : []),
      ...verbLines(plans),
      ...hint,
    ]
    return { value: { topology, sound: isSound(findings), servers: plans }, lines }
  })
}

export function diff(files: [string, string], options: TopologyOptions, io: Io): Promise<void> {
  return run(options, io, async () => {
    if (files.every(file => file === '-')) throw new Misuse('Only one of the two can be standard input.')
    const before = await readDocument(files[0], io)
    const after = await readDocument(files[1], io)
    const differences = diffTopologies(before.topology, after.topology)
    const findings = locate(checkChange(before.topology, after.topology), after.places)
    const refused = !isSound(findings)
    return {
      value: { differences, findings, sound: !refused },
      lines: [...diffLines(differences), ...findingLines(files[1], findings)],
      ...(refused ? { exit: 1 } : differences.length > 0 ? { exit: differs } : {}),
    }
  })
}

export function plan(file: string, options: TopologyOptions, io: Io): Promise<void> {
  return run(options, io, async () => {
    const { planned } = await planOf(file, options.server, io)
    const processes = planned.processes.map(one => ({ ...one, arguments: startArguments(one.settings) }))
    return { value: { server: { ...planned, processes } }, lines: planLines(planned) }
  })
}

/** The plan of one machine of a sound document; its only one where none is named. */
export async function planOf(
  file: string,
  server: string | undefined,
  io: Io,
): Promise<{ topology: Topology; planned: ServerPlan }> {
  const { topology, places } = await readDocument(file, io)
  const findings = locate(checkTopology(topology), places)
  const errors = findings.filter(({ level }) => level === 'error')
  if (errors.length > 0) throw new Error(`Nothing is planned: ${firstOf(file, findingLines(file, errors))}`)
  const all = serversOf(topology)
  const fqdn = server ?? (all.length === 1 ? all[0]! : undefined)
  if (fqdn === undefined) throw new Misuse(`Name the machine with --server: ${all.join(', ')}.`)
  const planned = planServer(topology, fqdn)
  if (!planned) throw new Misuse(`There is no ${fqdn} in it. Its machines are ${all.join(', ')}.`)
  return { topology, planned }
}

async function readDocument(file: string, io: Io): Promise<Read> {
  const read = readTopology(await textOf(file, io))
  if ('faults' in read) throw new Error(`It cannot be read: ${firstOf(file, faultLines(file, read.faults))}`)
  return read
}

export function faultLines(file: string, faults: Fault[]): string[] {
  return faults.map(({ line, column, message }) => `${file}:${line}:${column}: error: ${message}`)
}

/** Whoever mends has enough with these. */
const maxFindings = 300

/** Those that are told, and how many more there are. */
export function cutFindings<Item>(findings: Item[]): [told: Item[], more: number] {
  const told = findings.slice(0, maxFindings)
  return [told, findings.length - told.length]
}

export function moreLines(more: number): string[] {
  return more > 0 ? [`There are ${more.toLocaleString('en')} more.`] : []
}

/** As compilers write it, so that editors lead to the place. */
export function findingLines(file: string, findings: (Finding & Place)[]): string[] {
  return findings.map(
    ({ line, column, level, rule, path, message }) =>
      `${file}:${line}:${column}: ${level} ${rule}: ${shownPath(path)}: ${message}`,
  )
}

/** One line, as every verb says why it did nothing. */
function firstOf(file: string, lines: string[]): string {
  const more = lines.length > 1 ? ` There are ${lines.length - 1} more: pchat topology validate ${file}.` : ''
  return `${lines[0]}${more}`
}

export function verdict(findings: Finding[]): string {
  const errors = findings.filter(({ level }) => level === 'error').length
  const advice = findings.length - errors
  const told = `${errors} error${errors === 1 ? '' : 's'}, ${advice} advice.`
  return errors === 0 ? `It is sound. ${advice === 0 ? 'Nothing to remark.' : told}` : told
}

const doings = {
  restart: 'restart',
  start: 'start',
  stop: 'drain and stop',
} as const

export function diffLines(differences: Difference[]): string[] {
  if (differences.length === 0) return ['Nothing differs.']
  const rows = differences.map(({ where, change, before, after, verb, asks }) => [
    ...[where, change, change === 'changed' || change === 'removed' ? shown(before) : '', shown(after)],
    verb === undefined ? askedText(asks) : `say: ${verb}`,
  ])
  return tableLines([['WHERE', 'CHANGE', 'BEFORE', 'AFTER', 'SERVERS'], ...rows])
}

function askedText(asks: Ask[]): string {
  const texts = (['start', 'restart', 'stop'] as const).flatMap(doing => {
    const those = asks.filter(one => one.doing === doing)
    const names = those.map(({ server, process }) => (process === undefined ? server : `${server} (${process})`))
    return names.length > 0 ? [`${doings[doing]}: ${names.join(', ')}`] : []
  })
  return texts.join('; ') || 'run on'
}

function shown(value: unknown): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
