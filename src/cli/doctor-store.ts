import { join, resolve } from 'node:path'
import { splitHosts } from '../store/address.ts'
import { type Db, openDb, type Queryable } from '../store/db.ts'
import { readWithheld } from '../store/denial.ts'
import { listSources } from '../store/directory-source.ts'
import { lookAtStore, readSchemaFacts, readWorkFacts } from '../store/doctor.ts'
import { findEmbedded } from '../store/embedded.ts'
import { readCollectable } from '../store/file-what-if.ts'
import { readPool } from '../store/server.ts'
import { readSettings } from '../store/settings.ts'
import { type Check, fault, look, ok, type Seen, warning } from './doctor-check.ts'
import { serverName } from './doctor-machine.ts'
import type { StartOptions } from './options.ts'
import { isThere } from './probe-folder.ts'
import { checkHost, checkPair, type Host } from './probe-store.ts'

/** Each host of the store by itself, then what the primary holds. `work` is given the primary's connection, for what compares with it. */
export async function checkStore(
  options: StartOptions,
  work: (db: Db | undefined) => Promise<Check[]>,
): Promise<Check[]> {
  const hosts = await hostsOf(options)
  try {
    if (hosts.length === 0) return [await notRunning(options), ...(await work(undefined))]
    const seen = await Promise.all(hosts.map(host => checkHost(host, options.workers)))
    const primary = hosts.find((host, n) => !host.backup && seen[n]!.facts?.isStandBy === false)
    const checks = seen.flatMap(one => one.checks)
    const own = seen.filter((_, n) => !hosts[n]!.backup)
    if (own.length > 1) checks.push(checkPair(own.flatMap(one => one.facts ?? [])))
    if (primary) checks.push(...(await checkContent(primary.db, options)))
    return [...checks, ...(await work(primary?.db))]
  } finally {
    await Promise.allSettled(hosts.map(host => host.db.end()))
  }
}

async function hostsOf({ databaseUrl, backupDatabaseUrl, dataDir }: StartOptions): Promise<Host[]> {
  // One connection to one host at a time: a store of several hosts would be written to, to see who confirms.
  const open = (connectionString: string) => openDb({ connectionString }, { max: 1 })
  const named = [...(splitHosts(databaseUrl ?? '') ?? []), ...(splitHosts(backupDatabaseUrl ?? '', true) ?? [])]
  if (databaseUrl !== undefined)
    return named.map(({ name, backup, connectionString }) => ({
      name: backup ? `${name}, other site` : name,
      backup,
      db: open(connectionString),
    }))
  const embedded = await findEmbedded(resolve(dataDir))
  return embedded ? [{ name: 'embedded', backup: false, db: openDb(embedded, { max: 1 }) }] : []
}

/** Where none ever ran, no server of this machine was looked at: that is not well. */
async function notRunning({ dataDir }: StartOptions): Promise<Check> {
  const folder = resolve(dataDir)
  const wanted = 'the database of a running server'
  const seen = (await isThere(join(folder, 'postgres')))
    ? warning(
        `no database runs in ${folder}`,
        wanted,
        'Start the server, then look again; or name a store with --database-url.',
      )
    : fault(
        `no server has its database in ${folder}, and no other store is named: nothing of a server was looked at`,
        wanted,
        'Name the folder with --data-dir, a store with --database-url, or the topology with --topology; as root where pchat bootstrap made the server. Before a first start: start it, then look again.',
      )
  return { area: 'store', check: 'embedded', ...seen }
}

async function checkContent(db: Db, options: StartOptions): Promise<Check[]> {
  let isWhole = false
  const schema = await look(
    'store',
    'schema',
    'the schema of this program',
    'Start a server, which brings it up to date.',
    async () => {
      const facts = await lookAtStore(db, readSchemaFacts)
      if (!facts) return warning('no pool in this database yet', 'the schema of this program', 'Start a server on it.')
      const { has, knows, servesFrom } = facts
      isWhole = has >= knows && servesFrom <= knows
      if (servesFrom > knows)
        return fault(
          `schema ${has}, this program knows ${knows}`,
          `${knows} or one that it can serve`,
          'Install the newer version here.',
        )
      return has < knows
        ? warning(`schema ${has} of ${knows}`, `${knows}`, 'Start a server of this version: it migrates the store.')
        : ok(`schema ${has}, this program knows ${knows}`, 'the schema of this program')
    },
  )
  if (!isWhole) return [schema]
  const checks = await Promise.all([
    look('pool', 'servers', 'all active servers run', 'See pchat pool state.', () =>
      lookAtStore(db, q => seePool(q, options)),
    ),
    look('directory', 'last runs', 'each read lately, with success', 'See pchat directory status.', () =>
      lookAtStore(db, seeRuns),
    ),
    look('upkeep', 'unfinished work', 'what servers do within minutes', 'See the log of the servers.', () =>
      lookAtStore(db, seeWork),
    ),
    look('upkeep', 'denied deletions', 'kept until compliance officers lift the denials', 'Look again.', () =>
      lookAtStore(db, seeDenied),
    ),
  ])
  return [schema, ...checks]
}

async function seePool(q: Queryable, options: StartOptions): Promise<Seen> {
  const { state, servers } = await readPool(q)
  const alive = servers.flatMap(server => server.processes.filter(one => one.alive))
  const active = servers.filter(server => server.active)
  const programs = [...new Set(alive.map(one => one.program))]
  const found = servers
    .map(({ name, active, processes }) => {
      const running = processes.filter(one => one.alive).length
      return `${name} ${active ? 'active' : 'on stand-by'}, ${running === 0 ? 'does not run' : `${running} processes`}`
    })
    .join('; ')
  const wanted = 'all active servers run, with one version'
  const down = active.filter(server => !server.processes.some(one => one.alive)).map(server => server.name)
  // Front End Servers are none of the servers of a pool.
  const known = options.role === 'front-end' || servers.some(server => server.name === serverName(options))
  if (servers.length === 0) return ok('no server was started yet', wanted)
  if (active.length === 0) return fault(found, wanted, 'Make some active: pchat pool active-servers set NAME …')
  if (state !== 'normal') return warning(`${state}; ${found}`, wanted, 'When the own site is back: pchat pool normal')
  if (down.length > 0)
    return warning(found, wanted, `Start ${down.join(', ')}, or take it out: pchat pool remove-server NAME`)
  if (programs.length > 1)
    return warning(
      `${found}; versions ${programs.join(', ')}`,
      wanted,
      'Finish the upgrade: the others are to get the newer one.',
    )
  if (!known)
    return warning(
      `${found}; none is called ${serverName(options)}`,
      wanted,
      'Say --server with the name of this one, where it has another.',
    )
  return ok(`${found}; version ${programs.join(', ') || 'unknown'}`, wanted)
}

const latestSeconds = 3_600

async function seeRuns(q: Queryable): Promise<Seen> {
  const sources = await listSources(q)
  const wanted = 'each read within the hour, with success'
  if (sources.length === 0) return ok('no directory was ever read', wanted)
  const found = sources
    .map(({ name, lagSeconds, failures, lastError }) => {
      const last = lagSeconds === null ? 'never' : `${Math.round(lagSeconds)} s ago`
      return `${name} ${last}${failures > 0 ? `, failed ${failures} times: ${lastError}` : ''}`
    })
    .join('; ')
  const bad = sources.some(one => one.failures > 0 || (one.lagSeconds ?? Infinity) > latestSeconds)
  return bad ? warning(found, wanted, 'See pchat directory status, and the directory itself.') : ok(found, wanted)
}

async function seeWork(q: Queryable): Promise<Seen> {
  const { purges, unfinishedFiles, staleFiles, garbageDue, usageBehindDays } = await readWorkFacts(q)
  const found = `${purges} rooms to purge, ${unfinishedFiles} files on their way, ${garbageDue} objects to remove, usage counted up to ${usageBehindDays} days ago`
  const wanted = 'what servers do within minutes'
  const left = [
    ...(staleFiles > 0 ? [`${staleFiles} files wait for the scanner for more than an hour: look at clamd`] : []),
    ...(garbageDue > 1_000 ? ['objects of the file store are not removed: is it there?'] : []),
    ...(usageBehindDays > 2 ? ['the usage is not counted: see the log of the servers'] : []),
  ]
  return left.length > 0 ? warning(found, wanted, `${left.join('. ')}.`) : ok(found, wanted)
}

/** What collection leaves because compliance officers deny that it is deleted. */
async function seeDenied(q: Queryable): Promise<Seen> {
  const { denials, rooms, messages } = await readWithheld(q)
  const wanted = 'kept until compliance officers lift the denials'
  if (denials === 0) return ok('nobody denies that anything is deleted', wanted)
  const { settings } = await readSettings(q)
  const { denied: files } = await readCollectable(q, settings.fileGraceDays)
  return ok(
    `${denials} denials keep ${messages} messages of ${rooms} cleared or deleted rooms, and ${files} files`,
    wanted,
  )
}
