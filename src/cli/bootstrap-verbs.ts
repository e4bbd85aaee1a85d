import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { ServerPlan } from '../topology/plan.ts'
import { type Step, stepsOf } from '../topology/steps.ts'
import { unitsOf } from '../topology/unit.ts'
import type { ApplyOptions } from './bootstrap-apply.ts'
import { withCms } from './bootstrap-following.ts'
import type { RemoveOptions } from './bootstrap-remove.ts'
import { programIn, requirePlaces, writeUnit } from './bootstrap-units.ts'
import { Misuse } from './shell/fault.ts'
import type { Io } from './shell/io.ts'
import { fail } from './shell/run.ts'
import { type Done, planOf, run } from './topology-verbs.ts'

export type BootstrapOptions = ApplyOptions &
  RemoveOptions & {
    topology?: string
    cms?: string
    server?: string
    check?: boolean
    units?: boolean
    remove?: boolean
    out?: string
  }

export async function bootstrap(options: BootstrapOptions, said: Io): Promise<void> {
  const io = { ...said, env: withCms(said.env, options.cms) }
  const { check, units, whatIf, remove } = options
  if (check || units || whatIf || remove) return tell(options, io)
  // What it has to say it says while it works.
  try {
    requireSense(options)
    const { topology, planned } = await readPlan(options, io)
    const code = await (await import('./bootstrap-apply.ts')).apply(topology, planned, options, io)
    if (code !== 0) io.exit(code)
  } catch (error) {
    fail(error, { json: options.json === true }, io)
  }
}

function tell(options: BootstrapOptions, io: Io): Promise<void> {
  return run({ json: options.json === true }, io, async () => {
    requireSense(options)
    const { check, units, remove } = options
    if (remove) return (await import('./bootstrap-remove.ts')).remove(options)
    const { topology, planned } = await readPlan(options, io)
    if (check) {
      const { checkPrerequisites } = await import('./bootstrap-check.ts')
      return checkPrerequisites(topology, planned, io.env)
    }
    if (units) return writeUnits(planned, options)
    return showSteps(planned)
  })
}

/** What would be passed over in silence is wrong use. */
function requireSense({ check, units, whatIf, remove, out, installDir, ...rest }: BootstrapOptions): void {
  const { topology, cms, server, adminUrl, makeSecrets, authority, caFile, uid } = rest
  if ([check, units, whatIf && !remove].filter(Boolean).length + (remove ? 1 : 0) > 1)
    throw new Misuse('--check, --units, --what-if and --remove are different things. Say one of them.')
  if (out !== undefined && !units) throw new Misuse('--out belongs to --units. Add that, or leave it out.')
  const carriesOut = !(check || units || whatIf || remove)
  if (installDir !== undefined && !units && !carriesOut)
    throw new Misuse('--install-dir belongs to --units, and to carrying out. Leave it out.')
  if (!carriesOut && [adminUrl, makeSecrets, caFile, uid].some(one => one !== undefined))
    throw new Misuse('--admin-url, --make-secrets, --ca-file and --uid belong to carrying out. Leave them out.')
  if (!carriesOut && !remove && authority !== undefined)
    throw new Misuse('--authority belongs to carrying out, and to --remove. Leave it out.')
  if (remove && [topology, cms, server].some(one => one !== undefined))
    throw new Misuse('--remove goes by what is on the machine. Leave the topology and the name of the machine out.')
  if (topology !== undefined && cms !== undefined)
    throw new Misuse('--topology and --cms name two topologies. Leave one of them out.')
}

/** Of a document, or of the one that is published. */
async function readPlan({ topology, cms, server }: BootstrapOptions, io: Io) {
  if (topology !== undefined) return planOf(topology, server, io)
  if ((cms ?? io.env.PCHAT_CMS) === undefined)
    throw new Misuse('Name the topology: --topology FILE, or --cms URL of the Central Management Store.')
  const { publishedText } = await import('./topology-central-verbs.ts')
  const document = await publishedText(cms === undefined ? {} : { cms }, io)
  return planOf('-', server, { ...io, read: async () => document })
}

async function writeUnits(planned: ServerPlan, { out, installDir }: BootstrapOptions): Promise<Done> {
  requirePlaces(planned)
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
