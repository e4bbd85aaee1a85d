import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Command } from 'commander'
import type { Log } from '../base/log.ts'
import { effectOn } from '../topology/central-effect.ts'
import { followCentral } from '../topology/central-follow.ts'
import { openCentral } from '../topology/central-place.ts'
import { checkTopology, isSound } from '../topology/check.ts'
import { fillSecrets } from '../topology/connection.ts'
import { type ProcessPlan, planServer, serversOf } from '../topology/plan.ts'
import { readTopology } from '../topology/read.ts'
import { replicaFileOf } from '../topology/replica.ts'
import type { ServerSettings } from '../topology/settings.ts'
import { type DataFolder, takeDataFolder } from './data-folder.ts'
import type { StartOptions } from './options.ts'

/** A server that starts as the published topology says, and follows what is published. */
export type Followed = {
  /** What it starts with: what was said at the start, then what the topology says, then what is usual. */
  options: StartOptions
  /** Taken for this process, since the replica is in it; `stop` gives it back. */
  folder?: DataFolder
  /** For /readyz. */
  notes(): string[]
  stop(): Promise<void>
}

/** Of the start that names a Central Management Store; rejects with a sentence where it has nothing to start as. */
export async function followTopology(options: StartOptions, command: Command, log: Log): Promise<Followed> {
  const fqdn = options.server ?? hostname()
  const isSaid = (name: string) => isNamed(command, name)
  // Of two servers that share one by mistake neither would know what it has.
  const folder = await takeDataFolder(options.dataDir)
  const db = openCentral({ connectionString: options.topology! })
  try {
    const following = await followCentral({
      ...{ db, replica: replicaFileOf(folder.path), tell: effectOn(fqdn), log },
      // What can be followed needs nothing done here; the rest is noted until the restart.
      onChange: () => {},
    })
    const stop = async () => {
      await following.stop()
      await db.end()
      await folder.release()
    }
    try {
      const settings = settingsOf(following.topology().document, fqdn, isSaid('pool') ? options.pool : undefined)
      const other = Object.entries(settings).filter(
        ([name, value]) => isSaid(name) && optionOf(options, name) !== value,
      )
      if (other.length > 0)
        log.warn(
          { options: other.map(([name]) => name) },
          'options that were named at the start are not as the topology says',
        )
      const more = Object.fromEntries(Object.entries(settings).filter(([name]) => !isSaid(name)))
      return { options: { ...options, ...more }, folder, notes: following.notes, stop }
    } catch (error) {
      await following.stop()
      throw error
    }
  } catch (error) {
    await db.end()
    await folder.release()
    throw error
  }
}

/** Whether somebody said it, on the command line or in the environment. */
function isNamed(command: Command, name: string): boolean {
  return ['cli', 'env'].includes(command.getOptionValueSource(name) ?? '')
}

/** What is missing beside --topology. */
export function findTopologyFault(command: Command): string | undefined {
  if (isNamed(command, 'dataDir')) return undefined
  return '--topology keeps what it got in the data folder, and has to find it there before it knows the topology. Add --data-dir <folder>, the one that the topology says for this machine.'
}

function optionOf(options: object, name: string): unknown {
  return (options as Record<string, unknown>)[name]
}

function settingsOf(document: string, fqdn: string, pool: string | undefined): ServerSettings {
  const read = readTopology(document)
  if ('faults' in read) throw new Error(`The published topology cannot be read here: ${read.faults[0]?.message}`)
  const [error] = checkTopology(read.topology)
  if (error && !isSound([error]))
    throw new Error(`The published topology is not sound for this program: ${error.message}`)
  const plan = planServer(read.topology, fqdn)
  if (!plan)
    throw new Error(
      `The published topology has no machine ${fqdn}; it has ${serversOf(read.topology).join(', ')}. Name this one with --server.`,
    )
  const { settings, secrets } = processOf(plan.processes, fqdn, pool)
  return fillSecrets(settings, secrets, readSecret)
}

function processOf(processes: ProcessPlan[], fqdn: string, pool: string | undefined): ProcessPlan {
  const fitting = pool === undefined ? processes : processes.filter(one => one.settings.pool === pool)
  if (fitting.length === 1) return fitting[0]!
  const pools = processes.map(one => one.settings.pool).join(', ')
  throw new Error(
    pools === ''
      ? `In the published topology no pool runs on ${fqdn}.`
      : `In the published topology ${fqdn} runs for ${pools}. Name one of them with --pool.`,
  )
}

/** env:NAME, or file:/path with the secret in its first line. */
function readSecret(reference: string): string {
  const [, kind, place = ''] = /^(env|file):(.*)$/s.exec(reference) ?? []
  const secret = kind === 'env' ? process.env[place] : firstLine(place)
  if (!secret) throw new Error(`The topology says that a password stands in ${reference}, and there is none.`)
  return secret
}

function firstLine(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/)[0]
  } catch (error) {
    throw new Error(`The topology says that a password stands in ${file}: ${(error as Error).message}`)
  }
}
