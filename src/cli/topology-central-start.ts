import { hostname } from 'node:os'
import type { Command } from 'commander'
import type { Log } from '../base/log.ts'
import { effectOn, soundTopology } from '../topology/central-effect.ts'
import { followCentral } from '../topology/central-follow.ts'
import { openCentral } from '../topology/central-place.ts'
import { processOn } from '../topology/central-process.ts'
import type { ProcessPlan } from '../topology/plan.ts'
import { replicaFileOf } from '../topology/replica.ts'
import { type DataFolder, takeDataFolder } from './data-folder.ts'
import type { StartOptions } from './options.ts'
import { writePools } from './pools-file.ts'
import { readReference } from './secret-reference.ts'
import { mergeSettings } from './topology-central-merge.ts'

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
  const pool = isNamed(command, 'pool') ? options.pool : undefined
  // Of two servers that share one by mistake neither would know what it has.
  const folder = await takeDataFolder(options.dataDir)
  const db = openCentral({ connectionString: options.topology! })
  try {
    const following = await followCentral({
      ...{ db, replica: replicaFileOf(folder.path), tell: effectOn(fqdn, pool), log },
      // The pools are looked at where they are written; what else can be followed needs nothing done, the rest is noted until the restart.
      onChange: ({ after }) => writePools(folder.path, processOf(after.document, fqdn, pool).pools),
    })
    const stop = async () => {
      await following.stop()
      await db.end()
      await folder.release()
    }
    try {
      const plan = processOf(following.topology().document, fqdn, pool)
      await writePools(folder.path, plan.pools)
      const usual = (name: string) => command.options.find(option => option.attributeName() === name)?.defaultValue
      const credentials = process.env.CREDENTIALS_DIRECTORY
      const start = { options, isNamed: (name: string) => isNamed(command, name), usual, credentials }
      const merged = mergeSettings(plan, start, reference => readReference(reference, process.env))
      const { overridden } = merged
      if (overridden.length > 0)
        log.warn({ options: overridden }, 'options that were named at the start are not as the topology says')
      const notes = () => [...following.notes(), ...(overridden.length > 0 ? ['topology overridden'] : [])]
      return { options: merged.options, folder, notes, stop }
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

function processOf(document: string, fqdn: string, pool: string | undefined): ProcessPlan {
  const found = processOn(readSound(document), fqdn, pool)
  if ('gone' in found) throw new Error(found.gone)
  return found
}

function readSound(document: string) {
  try {
    return soundTopology(document)
  } catch (error) {
    throw new Error(`No server can start by the topology: ${(error as Error).message}`)
  }
}
