import { readdir, readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { soundTopology } from '../topology/central-effect.ts'
import { planServer, type ServerPlan, serversOf } from '../topology/plan.ts'
import { readReplica, replicaFileOf } from '../topology/replica.ts'
import { unitFolder } from '../topology/unit.ts'
import { type Central, checkCentral, checkReplica } from './doctor-central.ts'
import { type Check, fault, ok, sentence, warning } from './doctor-check.ts'
import { examineConsole, examineProcesses, type Said } from './doctor-planned.ts'
import { fillNamed } from './doctor-secrets.ts'

/** As a server that follows the store: what is published counts, else what this machine kept of it. Nothing is locked or written. */
export async function examineFollowed(said: Said): Promise<Check[]> {
  const { options, checks } = await fillNamed(said.options, said.env, ['topology'])
  const seen = await checkCentral(options.topology!, 'follow', central => examineBy(central, said))
  // Where it publishes to another place or as another role, that is looked at as well.
  const console_ = said.options.cms === undefined ? [] : await examineConsole(said, async () => [])
  return [...checks, ...seen, ...console_]
}

type Candidate = { what: string; document: string; isPublished: boolean }
type Chosen = { planned: ServerPlan; candidate: Candidate }

async function examineBy(central: Central, said: Said): Promise<Check[]> {
  const fqdn = said.options.server ?? hostname()
  const folders = said.start.isNamed('dataDir') ? [said.options.dataDir] : await foldersOfUnits()
  const candidates = await candidatesOf(central, folders)
  const reasons: string[] = []
  for (const candidate of candidates) {
    const planned = planFor(candidate, fqdn, said)
    if (typeof planned !== 'string') return examineChosen({ planned, candidate }, reasons, central, said)
    reasons.push(`${candidate.what}: ${planned}`)
  }
  const found =
    reasons.join('; ') ||
    'neither the store nor a replica here says what this machine is to run: nothing else was looked at'
  const mend =
    'Mend what is told of the store; name this machine with --server, and with --data-dir where its replica is.'
  const seen = fault(found, 'what this machine runs', mend)
  return [...(await replicasIn(folders, central)), { area: 'topology', check: fqdn, ...seen }]
}

async function examineChosen(
  { planned, candidate }: Chosen,
  reasons: string[],
  central: Central,
  said: Said,
): Promise<Check[]> {
  const wanted = 'what is published'
  const mend =
    'The server goes on with it. Mend what is told of the store, or publish a topology with this machine in it.'
  const seen = candidate.isPublished
    ? ok(candidate.what, wanted)
    : warning([candidate.what, ...reasons].join('; '), wanted, mend)
  const { checks, folders } = await examineProcesses(planned, said)
  const replicas = await replicasIn(folders, central)
  return [...replicas, { area: 'topology', check: planned.fqdn, ...seen }, ...checks]
}

function replicasIn(folders: string[], central: Central): Promise<Check[]> {
  return Promise.all(folders.map(folder => checkReplica(replicaFileOf(resolve(folder)), central)))
}

/** The plan of this machine, or why there is none. */
function planFor({ document }: Candidate, fqdn: string, { options, start }: Said): ServerPlan | string {
  try {
    const topology = soundTopology(document)
    const planned = planServer(topology, fqdn)
    if (!planned) return `it has no machine ${fqdn}, but ${serversOf(topology).join(', ')}`
    const pool = start.isNamed('pool') ? options.pool : undefined
    const processes = planned.processes.filter(one => pool === undefined || one.settings.pool === pool)
    return processes.length > 0 ? { ...planned, processes } : `nothing runs on ${fqdn}${pool ? ` for ${pool}` : ''}`
  } catch (error) {
    return sentence(error)
  }
}

/** In the order in which a server takes them. */
async function candidatesOf({ published }: Central, folders: string[]): Promise<Candidate[]> {
  const first = published
    ? [{ what: `version ${published.version}, as published`, document: published.document, isPublished: true }]
    : []
  const kept = await Promise.all(
    folders.map(async folder => {
      const file = replicaFileOf(resolve(folder))
      // Why it is no good, its own check says.
      const replica = await readReplica(file).catch(() => undefined)
      return replica === undefined || 'torn' in replica
        ? []
        : [{ what: `version ${replica.version}, kept in ${file}`, document: replica.document, isPublished: false }]
    }),
  )
  return [...first, ...kept.flat()]
}

/** Where the servers keep their data that `pchat bootstrap` made units for. */
async function foldersOfUnits(): Promise<string[]> {
  const names = (await readdir(unitFolder).catch(() => [])).filter(name => /^pchat[\w.-]*\.service$/.test(name))
  const texts = await Promise.all(names.map(name => readFile(`${unitFolder}/${name}`, 'utf8').catch(() => '')))
  return texts.flatMap(text => /--data-dir (\/[\w./-]+)/.exec(text)?.[1] ?? [])
}
