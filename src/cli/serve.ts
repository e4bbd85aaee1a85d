import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import { hostname } from 'node:os'
import type { FastifyInstance } from 'fastify'
import { descriptorLimit } from '../base/descriptors.ts'
import { repeatEvery } from '../base/lifecycle.ts'
import type { Log } from '../base/log.ts'
import { type Counted, openMetrics, sumCounted } from '../base/metrics.ts'
import { admissionLine } from '../chat/admission.ts'
import type { Chat } from '../chat/chat.ts'
import { hostOf, openDirectorySync } from '../chat/directory-sync.ts'
import { openMeasuring } from '../chat/measure.ts'
import { checkVouches } from '../chat/oidc-check.ts'
import { openPostQueue } from '../chat/post-queue.ts'
import { unrecordable, watchBacklog } from '../chat/record.ts'
import { purgeSignIns, writeUses } from '../chat/session.ts'
import { loadSettings, setDomain } from '../chat/settings.ts'
import { beginSetup, createFirstAdministrator, needsSetup } from '../chat/setup.ts'
import { writeSignIns } from '../chat/sign-in-record.ts'
import { stopSimulations } from '../chat/simulation.ts'
import { openUsageCount } from '../chat/usage.ts'
import { openAccounts } from '../directory/accounts.ts'
import { openLocalDirectory } from '../directory/local.ts'
import type { OidcClients } from '../directory/oidc.ts'
import type { OidcProvider } from '../directory/oidc-config.ts'
import type { DiscoveryOptions } from '../directory/oidc-discovery.ts'
import type { ScimClient } from '../directory/scim-config.ts'
import { addFiles, type FilesOptions, uploadsPath } from '../files/http.ts'
import type { Bus } from '../pool/bus.ts'
import { openLocalBus } from '../pool/local.ts'
import { openNatsBus } from '../pool/nats.ts'
import { watchBusLag } from '../server/bus-lag.ts'
import { type HubOptions, openHub } from '../server/hub.ts'
import { openMembership } from '../server/membership.ts'
import { openWebSockets } from '../server/ws.ts'
import type { StoreAddress } from '../store/address.ts'
import { openDb } from '../store/db.ts'
import { readEpoch } from '../store/epoch.ts'
import { findCredential } from '../store/principal.ts'
import { countSizes } from '../store/room-size.ts'
import { dropDeadProcesses } from '../store/server.ts'
import { defaultSettings } from '../store/settings.ts'
import { openTimedDb } from '../store/timing.ts'
import { dropOldChanges, flushWordIndex, purgeSlice, turnPartitions } from '../store/upkeep.ts'
import { type Health, openHttp } from '../web-services/http.ts'
import { closeSources, loadDirectoryConfig, type OpenSource, openSources } from './directory-sources.ts'
import { listenBacklog } from './entrance.ts'
import { lookAtMachine } from './machine.ts'
import { programVersion } from './program.ts'
import { storeConnections } from './store-connection.ts'
import { openTopologyDesk } from './topology-desk.ts'
import { urlOf } from './url.ts'

export type ServeOptions = {
  address: StoreAddress
  host: string
  port: number
  tls?: { cert: string; key: string } | undefined
  domain?: string | undefined
  site?: string | undefined
  /** The server's name in its pool; several processes may have the same. */
  server?: string | undefined
  /** What this pool's subjects on the bus begin with, where several share one. */
  pool?: string | undefined
  natsUrl?: string | undefined
  /** Instead of NATS: the bus of the workers of one server, or a test's own. */
  bus?: Bus | undefined
  /** Of a worker: where its connections come from, in place of a port of its own. */
  door?: Door | undefined
  /** Of a worker: what all processes of the server counted. */
  countAll?: (() => Promise<Counted[]>) | undefined
  /** False where another process sees to the first administrator and makes the link for one. */
  setUp?: boolean | undefined
  /** Address that clients reach this server at, where it is not that of host and port. */
  publicUrl?: string | undefined
  /** File that says where people come from; the same on every server. */
  directoryConfig?: string | undefined
  /** For tests: what opens the sources that it names. */
  openSource?: OpenSource
  /** For tests: providers in place of those of the file. */
  oidc?: OidcProvider[] | undefined
  scim?: ScimClient[] | undefined
  log: Log
  admin?: { user: string; password: string } | undefined
  webRoot: string
  /** What else is not as it should be, for /readyz. */
  notes?: (() => string[]) | undefined
  /** Who must have a second factor beside a password that is kept here; `optional` unless said. */
  secondFactor?: 'optional' | 'administrators' | 'everyone' | undefined
  /** Encrypts the secrets of authenticator apps: the first one; all decrypt. See readFactorKeys. */
  factorKeys?: Uint8Array[] | undefined
  /** What passkeys are made for, where the servers of a pool have hosts of their own: a domain that all of them are in. */
  passkeyDomain?: string | undefined
  /** Below it compliance adapters write that are set over the wire; without it they are set on the machine only. */
  adapterBase?: string | undefined
  /** The Central Management Store that the console publishes to; without it the console draws and checks only. */
  central?: StoreAddress | undefined
  /** The role files; without it this server takes none. */
  files?: FilesOptions | undefined
  /** For tests: how often the hub sweeps, how long a lost connection lingers. */
  sweepMs?: number
  lingerMs?: number
  /** How often it is written down who has left, and who died. */
  attendance?: HubOptions['attendance']
  /** How often each connection is asked for a sign of life. */
  pingMs?: number
  /** WebSocket connections at a time; by default as many as leave the process enough descriptors for itself. */
  maxSessions?: number
  /** How often it looks whether the store was restored. */
  epochMs?: number
  /** How often it looks for whom an OpenID provider is to be asked, and how it talks to providers. */
  oidcCheckMs?: number
  oidcOptions?: DiscoveryOptions
}
export type Door = { port: number; open(http: FastifyInstance): Promise<void> }
export type Serving = {
  url: string
  setupUrl?: string | undefined
  stop(): Promise<void>
}
export type ServingProcess = Serving & {
  /** Live sessions of this process. */
  sessions(): number
  /** What this process counted. */
  counted(): Promise<Counted>
}

const defaultPool = 'pchat'
const upkeepMs = 30_000
/** For the store, the bus and listening; and as many for requests over HTTP. */
const keptDescriptors = 50
const httpConnections = 50
const wordIndexMs = 1_000
const sizesMs = 2_000
const oidcCheckMs = 10_000

/** One server with all roles, on a store that is already migrated. `stop` drains: what was asked is answered, what was taken is written. */
export async function serve(options: ServeOptions): Promise<ServingProcess> {
  const { log } = options
  await using started = new AsyncDisposableStack()
  const metrics = openMetrics()
  let draining = false
  // The driver hangs its whole client on the error; and a database that stops with this server is no news.
  const onError = (error: Error & { code?: string }) => {
    if (!draining) log.warn({ code: error.code, reason: error.message }, 'an idle connection to the store ended')
  }
  let switched = () => {}
  const onSwitch = (host: string) => {
    log.info({ host }, 'the store has its primary here')
    metrics.storeSwitches.inc()
    switched()
  }
  const db = openTimedDb(openDb(options.address, { max: storeConnections, onError, onSwitch }), (what, seconds) =>
    metrics.storeSeconds.observe({ what }, seconds),
  )
  started.defer(() => db.end())
  const bus = openBus(options)
  started.defer(() => bus.close())
  const config = options.directoryConfig === undefined ? {} : await loadDirectoryConfig(options.directoryConfig)
  const oidc = await openProviders(options.oidc ?? config.oidc ?? [], options.oidcOptions)
  const scim = options.scim ?? config.scim
  const sources = await openSources(config, log, options.openSource)
  started.defer(() => closeSources(sources))
  const findAccount = (name: string) => findCredential(db, name)
  const local = openLocalDirectory({ findAccount })
  const directories = new Map([...sources].map(([name, { directory }]) => [name, directory]))

  const topology = openTopologyDesk(options.central)
  started.defer(() => topology.stop())

  let url = ''
  const chat: Chat = {
    member: randomUUID(),
    db,
    bus,
    directory: sources.size === 0 ? local : openAccounts({ local, findAccount, sources: directories }),
    directorySync: { sources, server: options.server ?? hostname() },
    groupSources: [...oidc.keys(), ...(scim ?? []).map(client => client.name)],
    roster: { list: () => [], count: () => 0, isLarge: () => false },
    posts: openPostQueue({ db, bus, site: options.site, log, metrics, refusal: () => unrecordable(chat) }),
    settings: defaultSettings,
    settingsVersion: 0,
    recording: 'off',
    epoch: await readEpoch(db),
    site: options.site,
    pool: options.pool ?? defaultPool,
    servers: () => [],
    takesSessions: () => true,
    secondFactor: {
      need: options.secondFactor ?? config.secondFactor ?? 'optional',
      keys: options.factorKeys ?? [],
      publicUrl: () => options.publicUrl ?? url,
      passkeyDomain: options.passkeyDomain,
    },
    adapterBase: options.adapterBase,
    topology,
    log,
    metrics,
  }
  // When nobody can sign in any more, and the store is still there.
  started.defer(() => writeSignIns(chat).catch(error => log.warn({ err: error }, 'some sign-ins were not recorded')))
  await loadSettings(chat)
  if (options.admin) await createFirstAdministrator(chat, { ...options.admin, domain: options.domain })
  if (options.domain) await setDomain(chat, options.domain)
  await turnPartitions(db)

  started.defer(() => stopSimulations(chat))
  const hub = await openHub(chat, options)
  started.defer(() => hub.stop())
  chat.roster = hub.roster
  switched = () => void hub.checkStore()
  const membership = await openMembership(chat, {
    server: options.server ?? hostname(),
    url: () => (url === '' ? '' : `${(options.publicUrl ?? url).replace(/^http/, 'ws').replace(/\/$/, '')}/ws`),
    program: programVersion,
    sessions: () => hub.sessions.size,
    records: hub.records,
    onGone: member => hub.forget(member),
  })
  started.defer(() => membership.stop())
  chat.servers = membership.servers
  chat.takesSessions = membership.takesSessions
  started.defer(watchBusLag(chat))
  const backlog = watchBacklog(chat)
  started.defer(() => backlog.stop())
  metrics.lines.set('posts', () => chat.posts.waiting())
  metrics.lines.set('sign-in', () => chat.directory.waiting?.() ?? 0)
  metrics.lines.set('admission', () => admissionLine(chat).here)
  metrics.lines.set('admission, told to come later', () => admissionLine(chat).told)
  const upkeep = repeatEvery(
    upkeepMs,
    () => keepUp(chat, () => draining),
    error => log.warn({ err: error }, 'upkeep waits for the store'),
  )
  started.defer(() => upkeep.stop())
  const words = repeatEvery(
    wordIndexMs,
    () => flushWordIndex(db),
    error => log.warn({ err: error }, 'the word index waits for the store'),
  )
  started.defer(() => words.stop())
  const usage = openUsageCount(chat)
  started.defer(() => usage.stop())
  const syncing = openDirectorySync(hostOf(chat))
  started.defer(() => syncing.stop())
  const vouches = repeatEvery(
    options.oidcCheckMs ?? oidcCheckMs,
    () => checkVouches(chat, oidc, () => draining),
    error => log.warn({ err: error }, 'asking OpenID providers waits for the store'),
  )
  started.defer(() => vouches.stop())

  const health = async (): Promise<Health> => {
    const isStoreThere = await db.query('SELECT 1').then(
      () => true,
      () => false,
    )
    const notes = [
      ...(draining ? ['going away'] : []),
      ...(isStoreThere ? [] : ['store away']),
      ...(isBusThere(bus) ? [] : ['bus away']),
      ...(files?.isThere() === false ? ['file store away'] : []),
      ...(chat.recording === 'full' ? ['compliance outbox full'] : chat.recordingBehind ? ['compliance behind'] : []),
      ...(draining || membership.takesSessions() ? [] : ['on stand-by']),
      ...(membership.state() === 'normal' ? [] : [membership.state()]),
      ...(options.notes?.() ?? []),
    ]
    return { ready: !draining && isStoreThere, notes }
  }
  chat.uploads = () => (files?.isThere() ? `${(options.publicUrl ?? url).replace(/\/$/, '')}${uploadsPath}` : undefined)
  const { countAll } = options
  const publicUrl = () => (options.publicUrl ?? url).replace(/\/$/, '')
  const measure = countAll && (async () => sumCounted(await countAll()))
  const http = await openHttp(chat, {
    tls: options.tls,
    webRoot: options.webRoot,
    health,
    measure,
    oidc,
    scim,
    publicUrl,
    downloadUrl: options.files?.downloadUrl,
  })
  started.defer(() => http.close())
  const files = options.files && (await addFiles(http, chat, options.files))
  started.defer(() => files?.stop())
  const machine = { certificate: options.tls?.cert, fileStore: options.files?.store.place }
  const isFileStoreThere = () => files?.isThere() ?? false
  const measuring = openMeasuring(chat, () => lookAtMachine(metrics, { ...machine, isFileStoreThere }))
  started.defer(() => measuring.stop())
  const { maxSessions = descriptorsForSessions() } = options
  // Whoever connects and asks nothing has a descriptor, too.
  http.server.maxConnections = maxSessions + httpConnections
  const webSockets = openWebSockets(http.server as Server, chat, hub, {
    ...{ pingMs: options.pingMs, maxSessions, downloadUrl: options.files?.downloadUrl },
  })
  if (options.door) await options.door.open(http)
  else await http.listen({ host: options.host, port: options.port, backlog: listenBacklog })
  url = urlOf({ ...options, port: options.door?.port ?? portOf(http.server as Server) ?? options.port })
  await membership.announce()

  const setupUrl =
    options.setUp !== false && (await needsSetup(chat)) ? `${url}/setup#token=${await beginSetup(chat)}` : undefined
  const running = started.move()
  return {
    url,
    setupUrl,
    sessions: () => hub.sessions.size,
    counted: () => metrics.registry.getMetricsAsJSON(),
    async stop() {
      draining = true
      await membership.drain()
      await webSockets.stop()
      await chat.posts.flush()
      await writeUses(chat).catch(error => log.warn({ err: error }, 'uses of sign-ins were not noted'))
      await running.disposeAsync()
    },
  }
}

function descriptorsForSessions(): number {
  return Math.max(1, (descriptorLimit() ?? Number.POSITIVE_INFINITY) - keptDescriptors - httpConnections)
}

/** The libraries for it are more than 10 MB, which a server without providers does without. */
async function openProviders(providers: OidcProvider[], options?: DiscoveryOptions): Promise<OidcClients> {
  if (providers.length === 0) return new Map()
  const { openOidcClients } = await import('../directory/oidc.ts')
  return openOidcClients(providers, options)
}

function openBus({ bus, natsUrl, pool = defaultPool, log }: ServeOptions): Bus {
  if (bus) return bus
  return natsUrl ? openNatsBus({ url: natsUrl, pool, log }) : openLocalBus()
}

function isBusThere(bus: Bus): boolean {
  return bus.isConnected?.() ?? true
}

async function keepUp(chat: Chat, isStopping: () => boolean) {
  await turnPartitions(chat.db)
  await dropOldChanges(chat.db)
  await dropDeadProcesses(chat.db)
  await purgeSignIns(chat)
  // A slice at a time, so that no long transaction stands in the way of posts.
  while (!isStopping() && (await purgeSlice(chat.db))) await new Promise(resolve => setImmediate(resolve))
  await countSizes(chat.db, sizesMs)
}

function portOf(server: Server): number | undefined {
  const bound = server.address()
  return typeof bound === 'object' && bound ? bound.port : undefined
}
