import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { syncFolder } from '../base/sync-folder.ts'
import type { ProcessPlan, ServerPlan } from '../topology/plan.ts'
import {
  environmentFile,
  foldersOf,
  keyFiles,
  type Program,
  targetName,
  type UnitFile,
  unitFolder,
  unitName,
  unitNote,
  unitsOf,
} from '../topology/unit.ts'
import { authorityFiles } from './bootstrap-authority.ts'
import type { Doing, Machine, Site } from './bootstrap-doing.ts'
import { isThere } from './probe-folder.ts'
import { Misuse } from './shell/fault.ts'
import { startArguments } from './topology-start.ts'
import { draftOf, writeWhole } from './whole-file.ts'

const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '')

/** This program with this Node.js; where Node.js came with it, that of the other folder. */
export function programIn(installDir: string | undefined): Program {
  if (installDir !== undefined && !isAbsolute(installDir))
    throw new Misuse('--install-dir is a whole path. Begin it with /.')
  const folder = (installDir ?? root).replace(/\/+$/, '')
  const node = process.execPath.startsWith(`${root}/`)
    ? `${folder}${process.execPath.slice(root.length)}`
    : process.execPath
  return { command: [node, `${folder}/src/cli/main.ts`], argumentsOf: startArguments }
}

const homes = /^\/(home|root|run\/user)(\/|$)/
const temporary = /^\/(tmp|var\/tmp)(\/|$)/

/** Throws where a unit could not work in what the plan names. */
export function requirePlaces({ processes }: ServerPlan): void {
  const relative = processes.find(({ settings }) => !isAbsolute(settings.dataDir!))
  if (relative)
    throw new Error(
      `The data folder ${relative.settings.dataDir} is of the folder that a server is started in, and a unit has none. Give dataDir a whole path.`,
    )
  const paths = processes.flatMap(ownPaths).map(path => resolve(path))
  const hidden = paths.find(path => homes.test(path))
  if (hidden !== undefined)
    throw new Error(
      `${hidden} is in a home, and homes are hidden from a unit. Give it another place in the topology, such as below /etc/pchat or /srv.`,
    )
  const lost = paths.find(path => temporary.test(path))
  if (lost !== undefined)
    throw new Error(
      `${lost} is below /tmp or /var/tmp, of which a unit has its own, empty at each start. Give it another place in the topology, such as below /var/lib or /srv.`,
    )
}

/** What a process opens itself. Certificate, keys and passwords are handed to it by systemd, which sees homes. */
function ownPaths(one: ProcessPlan): string[] {
  return [...foldersOf(one), one.settings.directoryConfig, ...authorityFiles(one)].filter(path => path !== undefined)
}

/** The whole file or the one before: systemd may read it at any time. True where it is another now. */
export async function writeUnit(folder: string, unit: UnitFile): Promise<boolean> {
  if (await isWritten(folder, unit)) return false
  await writeWhole(join(folder, unit.name), unit.text, 0o644)
  return true
}

async function isWritten(folder: string, { name, text }: UnitFile): Promise<boolean> {
  const file = join(folder, name)
  return (await readFile(file, 'utf8').catch(() => undefined)) === text && !(await isThere(draftOf(file)))
}

/** Units in the folder that a bootstrapper wrote, by their first lines. */
export async function writtenUnits(): Promise<UnitFile[]> {
  const names = (await readdir(unitFolder).catch(() => [])).filter(name =>
    /^pchat[\w.-]*\.(service|target)$/.test(name),
  )
  const all = await Promise.all(
    names.sort().map(async name => ({ name, text: await readFile(join(unitFolder, name), 'utf8') })),
  )
  return all.filter(({ text }) => text.split('\n', 1)[0]!.includes(unitNote))
}

type UnitState = {
  name: string
  isActive: boolean
  /** Ended, and not to be started again by itself. */
  isDown: boolean
  isEnabled: boolean
  needsReload: boolean
  startedAt: number
}

/** What systemd says of units, in their order. */
export async function askUnits(machine: Machine, names: string[]): Promise<UnitState[]> {
  const asked = 'Id,ActiveState,UnitFileState,NeedDaemonReload,ExecMainStartTimestamp'
  const said = await machine.run('systemctl', ['show', '--timestamp=us+utc', `--property=${asked}`, ...names])
  const blocks = said.trim().split(/\n\n+/)
  return names.map(name => {
    const block = blocks.find(one => one.split('\n').includes(`Id=${name}`)) ?? ''
    const wordOf = (property: string) => new RegExp(`^${property}=(.*)$`, 'm').exec(block)?.[1] ?? ''
    const [, day, time] = /(\d{4}-\d\d-\d\d) (\S+) UTC/.exec(wordOf('ExecMainStartTimestamp')) ?? []
    const active = wordOf('ActiveState')
    return {
      name,
      isActive: active === 'active',
      isDown: active === 'failed' || active === 'inactive',
      isEnabled: wordOf('UnitFileState') === 'enabled',
      needsReload: wordOf('NeedDaemonReload') === 'yes',
      startedAt: Date.parse(`${day}T${time}Z`),
    }
  })
}

export function unitsDoing({ plan, program, machine }: Site): Doing {
  const units = unitsOf(plan, program)
  const names = units.map(({ name }) => name)
  const abandoned = async () => (await writtenUnits()).filter(({ name }) => !names.includes(name))
  return {
    id: 'units',
    async look() {
      for (const unit of units) {
        const text = await readFile(join(unitFolder, unit.name), 'utf8').catch(() => undefined)
        if (text !== undefined && text !== unit.text && !text.includes(unitNote))
          throw new Error(
            `${join(unitFolder, unit.name)} was not written by pchat bootstrap. Move it away; changes of ours stand in a drop-in (systemctl edit).`,
          )
        if (!(await isWritten(unitFolder, unit))) return { done: false, found: `${unit.name} to be written` }
      }
      const [old] = await abandoned()
      if (old) return { done: false, found: `${old.name} is not in the topology any more` }
      for (const { name, needsReload, isEnabled } of await askUnits(machine, names)) {
        if (needsReload) return { done: false, found: `${name} is not loaded as it is written` }
        if (!isEnabled) return { done: false, found: `${name} is not enabled` }
      }
      return { done: true, found: names.join(', ') }
    },
    async act() {
      const old = (await abandoned()).map(({ name }) => name)
      if (old.length > 0) await removeUnits(machine, old)
      await mkdir(unitFolder, { recursive: true })
      for (const unit of units) await writeUnit(unitFolder, unit)
      await machine.run('systemctl', ['daemon-reload'])
      await machine.run('systemctl', ['enable', ...names])
    },
  }
}

/** Stopped and disabled before its file goes: afterwards systemd would not know what to stop. */
export async function removeUnits(machine: Machine, names: string[]): Promise<void> {
  await machine.run('systemctl', ['disable', ...names])
  await machine.run('systemctl', ['stop', ...names])
  for (const name of names)
    for (const file of [join(unitFolder, name), draftOf(join(unitFolder, name))]) await rm(file, { force: true })
  await syncFolder(unitFolder)
  await machine.run('systemctl', ['daemon-reload'])
}

/** Written by npm when a program takes the place of another one: what runs is the old one until it is started anew. */
function programFiles({ command }: Program): string[] {
  const folder = join(dirname(command.at(-1)!), '../..')
  return [join(folder, 'package.json'), join(folder, 'node_modules/.package-lock.json')]
}

export function startDoing({ plan, program, machine }: Site): Doing {
  const names = plan.processes.map(unitName)
  const stale = async () => {
    const states = await askUnits(machine, [...names, targetName])
    const common = [...programFiles(program), environmentFile, ...(await extraAuthorities())]
    const isFresh = await Promise.all(
      states.map(async one => {
        const process = plan.processes.find(process => unitName(process) === one.name)
        const files = process ? [...common, ...filesReadAtStart(process)] : []
        return one.isActive && !one.needsReload && !(await isBefore(one.startedAt, files))
      }),
    )
    return states.flatMap(({ name }, i) => (isFresh[i] ? [] : [name]))
  }
  return {
    id: 'start',
    async look() {
      const found = await stale()
      return found.length === 0
        ? { done: true, found: names.join(', ') }
        : { done: false, found: `to be started: ${found.join(', ')}` }
    },
    async act() {
      const services = (await stale()).filter(name => name !== targetName)
      if (services.length > 0) await machine.run('systemctl', ['restart', ...services])
      await machine.run('systemctl', ['start', targetName])
    },
  }
}

/** What is read when the service starts, and not again: what changed since then is not in force. */
function filesReadAtStart(process: ProcessPlan): string[] {
  const { settings, secrets } = process
  const keys = [...keyFiles, 'directoryConfig' as const].flatMap(name => settings[name] ?? [])
  const passwords = secrets.flatMap(({ reference }) => (reference.startsWith('file:') ? [reference.slice(5)] : []))
  return [join(unitFolder, unitName(process)), ...keys, ...passwords, ...authorityFiles(process)]
}

async function extraAuthorities(): Promise<string[]> {
  const text = await readFile(environmentFile, 'utf8').catch(() => '')
  const named = /^NODE_EXTRA_CA_CERTS=(["']?)(.+)\1$/m.exec(text)?.[2]
  return named === undefined ? [] : [named]
}

async function isBefore(startedAt: number, files: string[]): Promise<boolean> {
  const changes = await Promise.all(
    files.map(file =>
      stat(file).then(
        ({ ctimeMs }) => ctimeMs,
        () => 0,
      ),
    ),
  )
  return changes.some(at => at > startedAt)
}
