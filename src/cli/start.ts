import { mkdir } from 'node:fs/promises'
import type { Command } from 'commander'
import { type Log, openLog } from '../base/log.ts'
import type { StoreAddress } from '../store/address.ts'
import { openDb } from '../store/db.ts'
import { migrate } from '../store/migrate.ts'
import { type Certificate, keepSelfSigned, readCertificate } from './certificate.ts'
import type { ComplianceHere } from './compliance-service.ts'
import { type DataFolder, takeDataFolder } from './data-folder.ts'
import { explain } from './explain.ts'
import { readFactorKeys, readHandOverKeys } from './factor-key.ts'
import { readDatabaseUrl } from './option-value.ts'
import {
  adapterBaseOf,
  centralOf,
  readAdministrator,
  type StartOptions,
  serveRoleOf,
  variable,
  withStartOptions,
} from './options.ts'
import { withSecrets } from './secret-reference.ts'
import type { Serving } from './serve-options.ts'
import { findFault } from './start-fault.ts'
import { aborted, listenForStop, type Stopping, unless } from './stopping.ts'
import { connectionsFor } from './store-connection.ts'
import type { Followed } from './topology-central-start.ts'
import { webRoot } from './web-root.ts'
import { startWorkers } from './workers.ts'

const examples = `
Examples:
  $ pchat start --port 9000 --data-dir /srv/pchat
  $ pchat start --role front-end --database-url postgres://pchat@db1/pchat --nats-url nats://nats1 --file-store /mnt/pchat-files
  $ pchat start --role compliance --database-url postgres://pchat@db1/pchat --compliance-database-url postgres://service@db9/archive
  $ pchat start --topology postgres://pchat_reader@db1/pchat_central --server chat1.example.com --data-dir /srv/pchat
  $ pchat start --host chat.example.com --port 443 --tls-cert /etc/pchat/chat.pem --tls-key /etc/pchat/chat.key

Each option can be given as an environment variable. PCHAT_ADMIN_USER and PCHAT_ADMIN_PASSWORD make the first administrator.
PCHAT_DATABASE_SECRET (and PCHAT_BACKUP_DATABASE_SECRET, PCHAT_COMPLIANCE_DATABASE_SECRET, PCHAT_NATS_SECRET, PCHAT_CMS_SECRET,
PCHAT_TOPOLOGY_SECRET) says where the password of that address stands, as env:NAME or file:/path, so that none is in a command line.`

export function addStart(program: Command): void {
  withStartOptions(program.command('start').description('start a whole server on this machine, with its own database'))
    .addOption(
      variable(
        '--topology <url>',
        'PCHAT_TOPOLOGY',
        'Central Management Store: start as the topology says that is published there, and follow it; options that are named win',
      ).argParser(readDatabaseUrl),
    )
    .addHelpText('after', examples)
    .action((options: StartOptions, command: Command) => start(options, command))
}

/** Runs a server until it is told to stop. `onReady` is called when it answers requests, before its address is told. */
export async function start(
  named: StartOptions,
  command: Command,
  onReady?: (serving: Serving, address: StoreAddress) => Promise<void>,
): Promise<void> {
  const stopping = listenForStop()
  const told = await withSecrets(named, process.env, ['topology']).catch(error =>
    command.error(`error: ${error.message}`),
  )
  const followed = await findTopology(told, command, stopping)
  const refuse = async (error: Error) => {
    await followed.stop()
    return command.error(`error: ${error.message}`)
  }
  const options = await withSecrets(followed.options, process.env).catch(refuse)
  const log = openLog(options.logLevel)
  const setting = await checkSetting(options).catch(refuse)
  try {
    if (options.role === 'compliance') await runCompliance(options, log, stopping)
    else
      await run({ ...{ options, log, stopping, notes: followed.notes, taken: followed.folder }, ...setting }, onReady)
    await followed.stop()
    process.exit(stopping.hurried.aborted ? 1 : 0)
  } catch (error) {
    if (stopping.asked.aborted) process.exit(0)
    log.debug({ error }, 'start failed')
    console.error(`pchat: ${explain(error, options)}`)
    process.exit(1)
  }
}

/** Ends the process where there is nothing to start as. */
async function findTopology(options: StartOptions, command: Command, stopping: Stopping): Promise<Followed> {
  if (options.topology === undefined) return { options, notes: () => [], stop: async () => {} }
  // While it waits for the store there is nothing to stop in order.
  const end = () => process.exit(0)
  stopping.asked.addEventListener('abort', end)
  const { findTopologyFault, followTopology } = await import('./topology-central-start.ts')
  const fault = findTopologyFault(command)
  if (fault) return command.error(`error: ${fault}`)
  try {
    return await followTopology(options, command, openLog(options.logLevel))
  } catch (error) {
    console.error(`pchat: ${explain(error, options)}`)
    return process.exit(1)
  } finally {
    stopping.asked.removeEventListener('abort', end)
  }
}

type Setting = { admin?: { user: string; password: string } | undefined; tls?: Certificate | undefined }
type Run = Setting & {
  options: StartOptions
  log: Log
  stopping: Stopping
  notes: () => string[]
  /** The data folder, where it is this process's already. */
  taken: DataFolder | undefined
}

async function checkSetting(options: StartOptions): Promise<Setting> {
  const fault = findFault(options)
  if (fault) throw new Error(fault)
  const admin = readAdministrator(process.env)
  if (admin && 'fault' in admin) throw new Error(admin.fault)
  // Before anything starts: a server without them could not check the codes of others.
  await readFactorKeys(options.factorKeyFile)
  await readHandOverKeys(options.handOverKeyFile)
  if (options.pools !== undefined) await (await import('./pools-file.ts')).checkPools(options)
  const { tlsCert, tlsKey } = options
  return { admin, tls: tlsCert && tlsKey ? await readCertificate(tlsCert, tlsKey) : undefined }
}

/** What was started is stopped in the opposite order: server, database, lock; also where a later step fails. */
async function run(
  { options, log, stopping, admin, tls, notes, taken }: Run,
  onReady?: (serving: Serving, address: StoreAddress) => Promise<void>,
): Promise<void> {
  await using started = new AsyncDisposableStack()
  const folder = taken ?? (await takeDataFolder(options.dataDir))
  if (!taken) started.defer(() => folder.release())
  const address = await openStore(options, folder.path, log, stopping, started)
  await migrateStore(address, log)
  stopping.asked.throwIfAborted()
  const certificate = options.tlsSelfSigned
    ? await keepSelfSigned(folder.path, options.host, [options.url, options.pagesUrl])
    : tls
  const plan = { options, address, tls: certificate, admin, log, notes }
  const serving = options.workers > 1 ? await startWorkers({ ...plan, ...stopping }) : await serveAlone(plan)
  started.defer(() => unless(stopping.hurried, serving.stop()))
  // A pool's servers have the service beside them where they are told of the archive; one machine has it always.
  if (options.complianceDatabaseUrl || !options.databaseUrl) {
    const { startCompliance } = await import('./compliance-service.ts')
    const compliance = startCompliance(options, address, log)
    started.defer(() => unless(stopping.hurried, compliance.stop()))
  }
  await onReady?.(serving, address)
  announce(serving)
  await aborted(stopping.asked)
  log.info({}, 'stopping')
}

/** The role alone: beside the servers of a pool, or on a machine of its own. One of several moves events, the others wait. */
async function runCompliance(options: StartOptions, log: Log, stopping: Stopping): Promise<void> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o711 })
  const { startCompliance } = await import('./compliance-service.ts')
  const compliance = startCompliance(options, { connectionString: options.databaseUrl! }, log)
  const health = options.healthPort === undefined ? undefined : await openServiceHealth(options, compliance)
  console.log(`The compliance service runs${health ? `, and tells of itself at ${health.url}/readyz` : ''}`)
  await aborted(stopping.asked)
  log.info({}, 'stopping')
  await health?.stop()
  await unless(stopping.hurried, compliance.stop())
}

/** Where it cannot be, such as at a port that is taken, the service does not run either: nobody would know of it. */
async function openServiceHealth({ host, healthPort, databaseUrl }: StartOptions, compliance: ComplianceHere) {
  const { openHealth } = await import('./compliance-health.ts')
  const { looking } = await import('./compliance-service.ts')
  const store = openDb({ connectionString: databaseUrl! }, looking)
  try {
    const health = await openHealth({ host, port: healthPort!, service: compliance, store })
    return { ...health, stop: () => health.stop().finally(() => store.end()) }
  } catch (error) {
    await Promise.all([store.end(), compliance.stop()])
    throw error
  }
}

type Plan = Setting & { options: StartOptions; address: StoreAddress; log: Log; notes: () => string[] }

async function serveAlone({ options, address, tls, admin, log, notes }: Plan): Promise<Serving> {
  // Half of the program's memory, which the parent of workers would hold for nothing.
  const { serve } = await import('./serve.ts')
  const { openFileOptions } = await import('./file-options.ts')
  const { followPools } = await import('./pools-file.ts')
  const {
    host,
    port,
    domain,
    site,
    server,
    pool,
    natsUrl,
    url: publicUrl,
    pagesUrl,
    trustedProxies,
    directoryConfig,
    passkeyDomain,
  } = options
  const factorKeys = await readFactorKeys(options.factorKeyFile)
  const role = serveRoleOf(options)
  const files = role === 'persistent-chat' ? undefined : await openFileOptions(options)
  const where = {
    role,
    address,
    host,
    port,
    tls,
    domain,
    site,
    server,
    pool,
    natsUrl,
    publicUrl,
    pagesUrl,
    trustedProxies,
  }
  const adapterBase = adapterBaseOf(options)
  const pools = await followPools(options, log)
  const central = centralOf(options, address)
  const more = { directoryConfig, central, passkeyDomain, factorKeys, files, adapterBase, log, admin, webRoot }
  const allNotes = () => [...notes(), ...pools.notes()]
  const serving = await serve({ ...where, ...more, pools: pools.known, notes: allNotes })
  return { ...serving, stop: () => serving.stop().finally(pools.stop) }
}

async function openStore(
  options: StartOptions,
  dataDir: string,
  log: Log,
  stopping: Stopping,
  started: AsyncDisposableStack,
): Promise<StoreAddress> {
  if (options.databaseUrl) return { connectionString: options.databaseUrl, backup: options.backupDatabaseUrl }
  const { startEmbedded } = await import('../store/embedded.ts')
  const settings = { max_connections: connectionsFor(options.workers) }
  const embedded = await startEmbedded({ dataDir, log, settings, signal: stopping.asked })
  started.defer(() => embedded.stop())
  return embedded.address
}

async function migrateStore(address: StoreAddress, log: Log): Promise<void> {
  const db = openDb(address, { max: 1, statementMs: 3_600_000 })
  try {
    const { applied } = await migrate(db)
    if (applied.length > 0) log.info({ applied }, 'the database has a new schema')
  } finally {
    await db.end()
  }
}

function announce({ url, setupUrl }: Serving): void {
  console.log(`Persistent Chat is ready at ${url}`)
  if (setupUrl) console.log(`Make the first administrator with this link, which works once: ${setupUrl}`)
}
