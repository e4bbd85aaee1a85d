import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Refusal } from '../protocol/error.ts'
import type { ProcessPlan, ServerPlan } from '../topology/plan.ts'
import { type Step, stepsOf } from '../topology/steps.ts'
import { foldersOf, type Program, type UnitFile, unitsOf } from '../topology/unit.ts'
import { authorityFiles } from './bootstrap-authority.ts'
import { Misuse } from './shell/fault.ts'
import type { Io } from './shell/io.ts'
import { startArguments } from './topology-start.ts'
import { type Done, planOf, run } from './topology-verbs.ts'

export type BootstrapOptions = {
  topology: string
  server?: string
  check?: boolean
  units?: boolean
  whatIf?: boolean
  out?: string
  installDir?: string
  json?: boolean
}

export function bootstrap(options: BootstrapOptions, io: Io): Promise<void> {
  return run({ json: options.json === true }, io, async () => {
    const { check, units, whatIf, out, installDir } = options
    const asked = [check, units, whatIf].filter(Boolean).length
    if (asked > 1) throw new Misuse('--check, --units and --what-if are three things. Say one of them.')
    if (!units && (out ?? installDir) !== undefined)
      throw new Misuse('--out and --install-dir belong to --units. Add that, or leave them out.')
    const { topology, planned } = await planOf(options.topology, options.server, io)
    if (check) {
      const { checkPrerequisites } = await import('./bootstrap-check.ts')
      return checkPrerequisites(topology, planned, io.env)
    }
    if (units) return writeUnits(planned, options)
    if (whatIf) return showSteps(planned)
    throw new Refusal(
      'invalid_argument',
      'Carrying the steps out is still to come. See them with --what-if, look at the machine with --check, write its units with --units.',
    )
  })
}

async function writeUnits(planned: ServerPlan, { out, installDir }: BootstrapOptions): Promise<Done> {
  const relative = planned.processes.find(({ settings }) => !isAbsolute(settings.dataDir!))
  if (relative)
    throw new Error(
      `The data folder ${relative.settings.dataDir} is of the folder that a server is started in, and a unit has none. Give dataDir a whole path.`,
    )
  const hidden = planned.processes.flatMap(ownPaths).find(path => homes.test(resolve(path)))
  if (hidden !== undefined)
    throw new Error(
      `${hidden} is in a home, and homes are hidden from a unit. Give it another place in the topology, such as below /etc/pchat or /srv.`,
    )
  const units = unitsOf(planned, programIn(installDir))
  if (units.length === 0) return { value: { server: planned.fqdn, units }, lines: ['Nothing runs here.'] }
  if (out === undefined) {
    const lines = units.flatMap(({ name, text }) => [`# ${name}`, ...text.trimEnd().split('\n'), ''])
    return { value: { server: planned.fqdn, units }, lines: lines.slice(0, -1) }
  }
  const folder = resolve(out)
  await mkdir(folder, { recursive: true })
  const written = []
  for (const unit of units) written.push({ name: unit.name, changed: await writeUnit(folder, unit) })
  return {
    value: { server: planned.fqdn, folder, units: written },
    lines: written.map(({ name, changed }) => `${join(folder, name)}: ${changed ? 'written' : 'as it was'}`),
  }
}

const homes = /^\/(home|root|run\/user)(\/|$)/

/** What a process opens itself. Certificate, keys and passwords are handed to it by systemd, which sees homes. */
function ownPaths(one: ProcessPlan): string[] {
  return [...foldersOf(one), one.settings.directoryConfig, ...authorityFiles(one)].filter(path => path !== undefined)
}

/** The whole file or the one before: systemd may read it at any time. True where it is another now. */
async function writeUnit(folder: string, { name, text }: UnitFile): Promise<boolean> {
  const file = join(folder, name)
  if ((await readFile(file, 'utf8').catch(() => undefined)) === text) return false
  // A name that systemd does not take for a unit.
  const draft = `${file}.new`
  try {
    await writeFile(draft, text, { mode: 0o644 })
    await rename(draft, file)
  } finally {
    await rm(draft, { force: true })
  }
  return true
}

const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '')

/** This program with this Node.js; where Node.js came with it, that of the other folder. */
function programIn(installDir: string | undefined): Program {
  if (installDir !== undefined && !isAbsolute(installDir))
    throw new Misuse('--install-dir is a whole path. Begin it with /.')
  const folder = (installDir ?? root).replace(/\/+$/, '')
  const node = process.execPath.startsWith(`${root}/`)
    ? `${folder}${process.execPath.slice(root.length)}`
    : process.execPath
  return { command: [node, `${folder}/src/cli/main.ts`], argumentsOf: startArguments }
}

function showSteps(planned: ServerPlan): Done {
  const steps = stepsOf(planned)
  return { value: { server: planned.fqdn, whatIf: true, steps }, lines: [planned.fqdn, ...stepLines(steps)] }
}

export function stepLines(steps: Step[]): string[] {
  if (steps.length === 0) return ['Nothing runs here.']
  return steps.flatMap(({ title, does, doneWhen }, i) => [
    '',
    `${i + 1}. ${title}`,
    ...does.map(line => `   ${line}`),
    `   Done already where: ${doneWhen}.`,
  ])
}
