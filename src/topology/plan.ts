import { backupUrl, complianceUrl, natsUrl, type SecretPlace, storeUrl } from './connection.ts'
import { isLoopback } from './host.ts'
import { join } from './path.ts'
import { type PoolPlace, poolPlaces } from './pool-places.ts'
import type { ChatPool, Topology } from './schema.ts'
import type { ServerSettings } from './settings.ts'
import { activeOf, hostsOf, listenOf, type PoolView, type Server, urlOf, type View, viewOf } from './view.ts'

/** Parts that can run on a machine. */
export type Role = 'persistent-chat' | 'compliance' | 'sign-in' | 'web-services' | 'files'

export type DatabasePlan = {
  what: 'PersistentChatStore' | 'PersistentChatStore, backup' | 'PersistentChatComplianceStore'
  /** `host:port`; none: the embedded one, in the data folder. */
  hosts: string[]
  database: string
  user: string
  tls: boolean
  /** env:NAME or file:/path. */
  password?: string | undefined
}

/** Whom a process talks to. */
type Peer = { what: string; host: string; port: number }

export type ProcessPlan = {
  /** For the unit: one word, its own on the machine. */
  name: string
  pool: string
  /** What the topology wants there. */
  roles: Role[]
  /** What starts beside it, since the program has these roles in one process still. */
  alsoRuns: Role[]
  /** Of a Persistent Chat Server: on stand-by until it is made active. */
  standby: boolean
  /** Recording is to be on. */
  recording: boolean
  /** What the topology wants and no start does: commands to be given once the pool runs. */
  verbs: string[]
  listens: { host: string; port: number; url: string }
  /** What `pchat start` is called with, by the names of its options, without secrets. */
  settings: ServerSettings
  /** All pools, where there are several: the file pools.json in the data folder, which the server follows while it runs. */
  pools: PoolPlace[]
  /** Where the passwords stand that go into settings; see fillSecrets. */
  secrets: SecretPlace[]
  databases: DatabasePlan[]
  fileStore: string
  peers: Peer[]
}

export type ServerPlan = {
  fqdn: string
  address?: string | undefined
  site?: string | undefined
  certificate: Server['certificate']
  processes: ProcessPlan[]
}

/** What runs on one machine of a sound topology, and how it is started. Undefined: the topology has no such machine. Pure. */
export function planServer(topology: Topology, fqdn: string): ServerPlan | undefined {
  return planIn(viewOf(topology), fqdn)
}

/** The plans of all machines, in the order of the document. */
export function planServers(topology: Topology): ServerPlan[] {
  const view = viewOf(topology)
  return serversOf(topology).map(fqdn => planIn(view, fqdn)!)
}

/** The same for one of many, whose topology was looked at once. */
export function planIn(all: View, fqdn: string): ServerPlan | undefined {
  const { pools, frontEnds, standards, chatServers } = all
  const found = [...frontEnds, ...standards, ...chatServers].find(one => one.fqdn === fqdn)
  if (found === undefined) return undefined
  const processes = pools.flatMap(view => {
    const server = view.servers.find(one => one.fqdn === fqdn)
    if (server) return [planProcess(view, server, serverRoles(view), poolPlaces(all, server.site))]
    const frontEnd = view.nextHop?.servers.find(one => one.fqdn === fqdn)
    return frontEnd ? [planProcess(view, frontEnd, frontEndRoles, poolPlaces(all, frontEnd.site))] : []
  })
  const { address, site, certificate } = found
  return { fqdn, address, site, certificate, processes }
}

/** Every machine of the topology that something runs on, in the order of the document. */
export function serversOf(topology: Topology): string[] {
  const { frontEnds, standards, chatServers } = viewOf(topology)
  return [...new Set([...frontEnds, ...standards, ...chatServers].map(one => one.fqdn))]
}

const frontEndRoles: Role[] = ['sign-in', 'web-services', 'files']

function serverRoles({ pool, standard }: PoolView): Role[] {
  const archive: Role[] = pool.compliance.store || pool.store === undefined ? ['compliance'] : []
  return ['persistent-chat', ...archive, ...(standard ? frontEndRoles : [])]
}

/** `pchat start` runs all that serves in one process. When it learns to run roles apart, this is where it is told to. */
function rolesStarted(roles: Role[]): Role[] {
  return [...new Set<Role>(['persistent-chat', ...roles, ...frontEndRoles])]
}

function planProcess(view: PoolView, server: Server, roles: Role[], pools: PoolPlace[]): ProcessPlan {
  const { pool } = view
  const serves = roles.includes('persistent-chat')
  const port = serves ? pool.port : pool.webPort
  const dataDir = serves ? server.dataDir : join(server.dataDir, `web-${pool.name}`)
  const { settings, secrets } = settingsOf(view, { ...server, dataDir }, port, roles)
  return {
    name: serves ? 'persistent-chat' : `web-${pool.name}`,
    pool: pool.fqdn,
    roles,
    alsoRuns: rolesStarted(roles).filter(role => !roles.includes(role)),
    standby: serves && server.standby,
    recording: pool.compliance.enabled,
    verbs: serves ? verbsOf(view) : [],
    listens: { host: listenOf(server), port, url: urlOf(server, port) },
    settings,
    pools,
    secrets,
    databases: databasesOf(pool),
    fileStore: pool.fileStore?.place ?? join(dataDir, 'files'),
    peers: peersOf(view, server),
  }
}

/** The first four of a pool start active, whatever the document says of them; nothing is recorded until somebody says so. */
function verbsOf(view: PoolView): string[] {
  const { pool, servers, nextHop } = view
  // Machines of the next hop count among the servers of the pool, and people sign in there.
  const active = [...activeOf(view), ...(nextHop?.servers ?? [])].map(one => one.fqdn)
  return [
    ...(servers.some(one => one.standby) ? [`pchat pool active-servers set ${active.join(' ')}`] : []),
    ...(pool.compliance.enabled ? ['pchat compliance enable'] : []),
  ]
}

type Planned = { settings: ServerSettings; secrets: SecretPlace[] }

function settingsOf(view: PoolView, server: Server, port: number, roles: Role[]): Planned {
  const { pool, standard } = view
  const [store, backup, archive, bus] = [storeUrl(pool), backupUrl(pool), complianceUrl(pool), natsUrl(pool)]
  const withArchive = roles.includes('compliance') && archive !== undefined
  const settings: ServerSettings = {
    port,
    host: listenOf(server),
    dataDir: server.dataDir,
    databaseUrl: store?.url,
    backupDatabaseUrl: backup?.url,
    complianceDatabaseUrl: withArchive ? archive.url : undefined,
    natsUrl: bus?.url,
    pool: pool.name,
    // The one machine of a pool needs no name beside its own.
    server: standard ? undefined : server.fqdn,
    site: server.site,
    url:
      server.address === undefined && port === pool.port && isLoopback(server.fqdn) ? undefined : urlOf(server, port),
    ...certificateOf(server),
    ...filesOf(pool),
    ...(roles.includes('compliance') ? archiveOf(pool) : {}),
    ...placesOf(pool),
  }
  const secrets = [store, backup, withArchive ? archive : undefined, bus].flatMap(one => one?.secrets ?? [])
  return { settings: given(settings), secrets }
}

function certificateOf({ certificate }: Server): ServerSettings {
  const { from, certFile, keyFile } = certificate
  if (from === 'none') return {}
  return from === 'self-signed' ? { tlsSelfSigned: true } : { tlsCert: certFile, tlsKey: keyFile }
}

function filesOf({ fileStore, fileKeyFile, clamd, scannerAway, downloadUrl }: ChatPool): ServerSettings {
  return {
    fileStore: fileStore?.place,
    fileKeyFile,
    clamd,
    scannerAway: clamd === undefined ? undefined : scannerAway,
    downloadUrl,
  }
}

function archiveOf({ compliance }: ChatPool): ServerSettings {
  const { keyFile, fileStore, output } = compliance
  return {
    complianceOutput: output ?? (fileStore === undefined ? undefined : join(fileStore, 'output')),
    complianceKeyFile: keyFile,
    complianceAnchors: fileStore === undefined ? undefined : join(fileStore, 'anchors.jsonl'),
  }
}

function placesOf(pool: ChatPool): ServerSettings {
  const { domain, passkeyDomain, factorKeyFile, handOverKeyFile, directoryConfig, workers, logLevel } = pool
  return { domain, passkeyDomain, factorKeyFile, handOverKeyFile, directoryConfig, workers, logLevel }
}

/** Without what is not said. */
function given(settings: ServerSettings): ServerSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

function databasesOf({ store, backupStore, compliance }: ChatPool): DatabasePlan[] {
  const archive = 'PersistentChatComplianceStore' as const
  return [
    store ? databaseOf('PersistentChatStore', store) : embedded('PersistentChatStore'),
    ...(backupStore ? [databaseOf('PersistentChatStore, backup', backupStore)] : []),
    ...(compliance.store ? [databaseOf(archive, compliance.store)] : store ? [] : [embedded(archive)]),
  ]
}

function databaseOf(what: DatabasePlan['what'], database: NonNullable<ChatPool['store']>): DatabasePlan {
  const { database: name, user, tls, password } = database
  return { what, hosts: hostsOf(database), database: name, user, tls, password }
}

function embedded(what: DatabasePlan['what']): DatabasePlan {
  return { what, hosts: [], database: '', user: '', tls: false }
}

function peersOf(view: PoolView, self: Server): Peer[] {
  const { pool, servers, nextHop } = view
  const others = servers
    .filter(one => one.fqdn !== self.fqdn)
    .map(one => ({ what: 'Persistent Chat Server', host: one.fqdn, port: pool.port }))
  const hops = (nextHop?.servers ?? [])
    .filter(one => one.fqdn !== self.fqdn)
    .map(one => ({ what: 'Front End Server', host: one.fqdn, port: pool.webPort }))
  return [...others, ...hops, ...elsewhere(view)]
}

/** What is no part of the product. */
function elsewhere({ pool }: PoolView): Peer[] {
  const each = (what: string, hosts: { host: string; port: number }[] | undefined) =>
    (hosts ?? []).map(({ host, port }) => ({ what, host, port }))
  return [
    ...each('NATS', pool.nats?.servers),
    ...each('PersistentChatStore', pool.store?.hosts),
    ...each('PersistentChatStore, backup', pool.backupStore?.hosts),
    ...each('PersistentChatComplianceStore', pool.compliance.store?.hosts),
  ]
}
