import type { Command } from 'commander'
import type { ProcessPlan, ServerPlan } from '../topology/plan.ts'
import { replicaFileOf } from '../topology/replica.ts'
import { asSeenBy } from './bootstrap-check.ts'
import { type Central, checkCentral, checkReplica } from './doctor-central.ts'
import { type Check, warning } from './doctor-check.ts'
import { examine } from './doctor-examine.ts'
import { checkPasswords, fillNamed } from './doctor-secrets.ts'
import type { StartOptions } from './options.ts'
import { isThere } from './probe-folder.ts'
import { readReference } from './secret-reference.ts'
import { processIo } from './shell/io.ts'
import { mergeSettings, type Start } from './topology-central-merge.ts'
import { planOf } from './topology-verbs.ts'

/** What was said on the command line, and the variables that count. */
export type Said = { options: StartOptions; start: Start; env: NodeJS.ProcessEnv }

export function saidOf(options: StartOptions, command: Command, env: NodeJS.ProcessEnv): Said {
  const isNamed = (name: string) => ['cli', 'env'].includes(command.getOptionValueSource(name) ?? '')
  const usual = (name: string) => command.options.find(option => option.attributeName() === name)?.defaultValue
  return { options, start: { options, isNamed, usual, credentials: env.CREDENTIALS_DIRECTORY }, env }
}

/** Each process that a document plans for this machine; what was named beside it wins, as at the start. */
export async function examinePlanned(file: string, said: Said): Promise<Check[]> {
  const { planned } = await planOf(file, said.options.server, processIo)
  const { checks, folders } = await examineProcesses(planned, said)
  const kept: string[] = []
  for (const folder of folders) if (await isThere(replicaFileOf(folder))) kept.push(folder)
  const replicas = (central?: Central) => Promise.all(kept.map(folder => checkReplica(replicaFileOf(folder), central)))
  return [...checks, ...(await examineConsole(said, replicas))]
}

/** The store of the console is one for all processes of the machine, and compared with what they keep. */
export async function examineConsole(
  { options, env }: Said,
  work: (central?: Central) => Promise<Check[]>,
): Promise<Check[]> {
  if (options.cms === undefined) return work()
  const { options: filled, checks } = await fillNamed(options, env, ['cms'])
  return [...checks, ...(await checkCentral(filled.cms!, 'console', work))]
}

/** All but the Central Management Store; `folders` are where the processes keep their data. */
export async function examineProcesses(
  planned: ServerPlan,
  said: Said,
): Promise<{ checks: Check[]; folders: string[] }> {
  const { start, env } = said
  const needed = planned.processes.map(one => ({
    ...{ ...one, secrets: one.secrets.filter(({ setting }) => !start.isNamed(setting)) },
  }))
  const secrets = await checkPasswords({ ...planned, processes: needed }, env)
  const unread = secrets.filter(({ state }) => state === 'error').map(({ check }) => check)
  const checks = asSeenBy(process.getuid?.(), secrets)
  const folders: string[] = []
  for (const process_ of needed) {
    // Its address is tried without it: the rest of the machine is looked at all the same.
    const readable = process_.secrets.filter(({ reference }) => !unread.includes(reference))
    const { folder, seen } = await examineOne({ ...process_, secrets: readable }, planned.fqdn, said)
    folders.push(folder)
    const of = planned.processes.length > 1 ? ` of ${process_.name}` : ''
    checks.push(...seen.map(one => ({ ...one, area: `${one.area}${of}` })))
  }
  return { checks, folders }
}

async function examineOne(process_: ProcessPlan, fqdn: string, { start, env }: Said) {
  const { options, overridden } = mergeSettings(process_, start, reference => readReference(reference, env))
  const { cms: _, topology: __, ...own } = options
  const filled = await fillNamed(own, withoutCentral(env))
  const beside = overridden.length === 0 ? [] : [overriddenCheck(overridden)]
  const server = process_.settings.server ?? fqdn
  const seen = [...beside, ...filled.checks, ...(await examine({ ...filled.options, server }))]
  return { folder: filled.options.dataDir, seen }
}

/** What belongs to the store of the console is looked at once. */
function withoutCentral({ PCHAT_CMS_SECRET: _, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env
}

function overriddenCheck(overridden: string[]): Check {
  const seen = warning(
    `${overridden.join(', ')} as named beside it`,
    'all as the topology says',
    'Leave the options and variables out that are left over from before; where they are meant, this is how the server starts.',
  )
  return { area: 'configuration', check: 'beside the topology', ...seen }
}
