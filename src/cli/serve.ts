import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { repeatEvery } from '../base/lifecycle.ts'
import { openMetrics } from '../base/metrics.ts'
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
import { type FilesRole, uploadsPath } from '../files/http.ts'
import type { Bus } from '../pool/bus.ts'
import { openLocalBus } from '../pool/local.ts'
import { openNatsBus } from '../pool/nats.ts'
import { watchBusLag } from '../server/bus-lag.ts'
import { watchFrontEnds } from '../server/front-ends.ts'
import { openHub } from '../server/hub.ts'
import { openMembership } from '../server/membership.ts'
import { openDb } from '../store/db.ts'
import { readEpoch } from '../store/epoch.ts'
import { findCredential } from '../store/principal.ts'
import { countSizes } from '../store/room-size.ts'
import { dropDeadProcesses } from '../store/server.ts'
import { defaultSettings } from '../store/settings.ts'
import { openTimedDb } from '../store/timing.ts'
import { dropOldChanges, flushWordIndex, purgeSlice, turnPartitions } from '../store/upkeep.ts'
import type { Health } from '../web-services/app.ts'
import { closeSources, loadDirectoryConfig, openSources } from './directory-sources.ts'
import { lookAtMachine } from './machine.ts'
import { programVersion } from './program.ts'
import { openDoor } from './serve-door.ts'
import type { ServeOptions, ServingProcess } from './serve-options.ts'
import { storeConnections } from './store-connection.ts'
import { openTopologyDesk } from './topology-desk.ts'

const defaultPool = 'pchat'
const upkeepMs = 30_000
const wordIndexMs = 1_000
const sizesMs = 2_000
const oidcCheckMs = 10_000

/**
 * One server with all roles, or with those of a Front End Server or a Persistent Chat Server, on a store that is already migrated. `stop`
 * drains: what was asked is answered, what was taken is written.
 */
export async function serve(options: ServeOptions): Promise<ServingProcess> {
  const { log, role = 'all' } = options
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
  const publicUrl = () => (options.publicUrl ?? url).replace(/\/$/, '')
  const pagesUrl = () => options.pagesUrl?.replace(/\/$/, '') ?? ownPages(chat, publicUrl())[0] ?? ''
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
    pools: options.pools,
    servers: () => [],
    takesSessions: () => true,
    secondFactor: {
      need: options.secondFactor ?? config.secondFactor ?? 'optional',
      keys: options.factorKeys ?? [],
      pagesUrl,
      otherPages: () => ownPages(chat, publicUrl()),
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
  const frontEnds = role === 'all' ? undefined : await watchFrontEnds(chat)
  started.defer(() => frontEnds?.stop())
  if (role !== 'all' && frontEnds) chat.apart = { role, webServices: frontEnds.urls }
  let files: FilesRole | undefined
  const isFileStoreThere = () => files?.isThere() ?? false
  const membership = await openMembership(chat, {
    server: options.server ?? hostname(),
    frontEnd: role === 'front-end' ? { takesFiles: isFileStoreThere } : undefined,
    url: () => (url === '' ? '' : role === 'front-end' ? publicUrl() : `${publicUrl().replace(/^http/, 'ws')}/ws`),
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
      ...(role === 'front-end' || draining || membership.takesSessions() ? [] : ['on stand-by']),
      ...(role === 'front-end' && chat.servers().length === 0 ? ['no Persistent Chat Server'] : []),
      ...(role === 'persistent-chat' && frontEnds?.urls().length === 0 ? ['no Front End Server'] : []),
      ...(membership.state() === 'normal' ? [] : [membership.state()]),
      ...(options.notes?.() ?? []),
    ]
    return { ready: !draining && isStoreThere, notes }
  }
  if (role === 'persistent-chat' && frontEnds)
    chat.uploads = () => {
      const other = frontEnds.forFiles()
      return other === undefined ? undefined : `${other}${uploadsPath}`
    }
  const live = role === 'front-end' ? membership.known : undefined
  const door = await openDoor(chat, hub, { ...options, role, oidc, scim, publicUrl, pagesUrl, live, health })
  started.defer(() => door.close())
  files = door.files
  const machine = { certificate: options.tls?.cert, fileStore: files && options.files?.store.place }
  const measuring = openMeasuring(chat, () => lookAtMachine(metrics, { ...machine, isFileStoreThere }))
  started.defer(() => measuring.stop())
  url = await door.listen()
  await membership.announce()

  const setupUrl =
    role !== 'persistent-chat' && options.setUp !== false && (await needsSetup(chat))
      ? `${url}/setup#token=${await beginSetup(chat)}`
      : undefined
  const running = started.move()
  return {
    url,
    setupUrl,
    sessions: () => hub.sessions.size,
    counted: () => metrics.registry.getMetricsAsJSON(),
    async stop() {
      draining = true
      await membership.drain()
      await door.drain()
      await chat.posts.flush()
      await writeUses(chat).catch(error => log.warn({ err: error }, 'uses of sign-ins were not noted'))
      await running.disposeAsync()
    },
  }
}

/** Where the pages are by the servers' own names. A Persistent Chat Server has none, and one of its Front End Servers stands for all. */
function ownPages({ apart }: Chat, own: string): string[] {
  return [...(apart?.role === 'persistent-chat' ? [] : [own]), ...(apart?.webServices() ?? [])]
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
