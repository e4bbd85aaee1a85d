import type { DatabasePlan, ProcessPlan, ServerPlan } from '../topology/plan.ts'
import { shellWord } from '../topology/unit-text.ts'
import { tableLines } from './shell/table.ts'
import { startArguments } from './topology-start.ts'

/** Every machine with what runs there. */
export function serverTable(plans: ServerPlan[]): string[] {
  const rows = plans.flatMap(({ fqdn, site, processes }) =>
    processes.map(({ pool, roles, listens, standby }) => [
      ...[fqdn, site ?? '', pool, `${listens.host}:${listens.port}`],
      `${roles.join(', ')}${standby ? ' (on stand-by)' : ''}`,
    ]),
  )
  return tableLines([['SERVER', 'SITE', 'POOL', 'LISTENS', 'RUNS'], ...rows])
}

/** For each pool the commands that are to be given once it runs. */
export function verbLines(plans: ServerPlan[]): string[] {
  const ofPools = new Map(
    plans.flatMap(({ processes }) => processes.filter(one => one.verbs.length > 0)).map(one => [one.pool, one.verbs]),
  )
  return [...ofPools].flatMap(([pool, verbs]) => ['', `Once ${pool} runs:`, ...verbs.map(verb => `  ${verb}`)])
}

export function planLines({ fqdn, address, site, processes }: ServerPlan): string[] {
  const where = [address && `address ${address}`, site && `site ${site}`].filter(Boolean).join(', ')
  return [
    `${fqdn}${where ? ` (${where})` : ''}`,
    ...(processes.length === 0 ? ['Nothing runs here.'] : processes.flatMap(processLines)),
  ]
}

function processLines(process: ProcessPlan): string[] {
  const { name, pool, roles, standby, recording, verbs, listens, signIn, secrets, databases, fileStore, peers } =
    process
  const words = startArguments(process.settings).map(shellWord)
  return [
    '',
    `${name}, of pool ${pool}${standby ? ', on stand-by' : ''}`,
    `  Runs: ${roles.join(', ')}`,
    `  Reached at: ${listens.url}`,
    ...(signIn.includes(listens.url) ? [] : [`  People sign in at: ${signIn.join(', ')}`]),
    `  Start: ${['pchat start', ...words].join(' ')}`,
    ...secrets.map(({ setting, reference }) => `  Password in ${setting}: ${reference}`),
    ...databases.map(one => `  ${one.what}: ${databaseText(one)}`),
    ...(fileStore === undefined ? [] : [`  Files: ${fileStore}`]),
    ...(standby ? ['  On stand-by: not by its start; the first four servers of a pool start active'] : []),
    `  Recording: ${recording ? 'to be on' : 'off'}`,
    ...(process.pools.length > 0
      ? [`  Pools that it tells of, in pools.json: ${process.pools.map(poolText).join('; ')}`]
      : []),
    ...(verbs.length > 0 ? ['  Once the pool runs:', ...verbs.map(verb => `    ${verb}`)] : []),
    ...(peers.length > 0 ? ['  Talks to:', ...tableLines(peers.map(peerRow)).map(line => `    ${line}`)] : []),
  ]
}

function poolText({ displayName, url, default: isDefault }: ProcessPlan['pools'][number]): string {
  return `${displayName} at ${url}${isDefault ? ' (for rooms of this site)' : ''}`
}

function databaseText({ hosts, database, user, tls }: DatabasePlan): string {
  if (hosts.length === 0) return 'the embedded one, in the data folder'
  return `${database} on ${hosts.join(', ')}, as ${user}${tls ? ', encrypted' : ', not encrypted'}`
}

function peerRow({ what, host, port }: ProcessPlan['peers'][number]): string[] {
  return [what, `${host}:${port}`]
}
