import { backupUrl, complianceUrl, natsUrl, type SecretPlace, storeUrl } from './connection.ts'
import { isLoopback } from './host.ts'
import { join } from './path.ts'
import { type PoolPlace, poolPlaces, signInUrl } from './pool-places.ts'
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
  /** Of a Persistent Chat Server: on stand-by until it is made active. */
  standby: boolean
  /** Recording is to be on. */
  recording: boolean
  /** What the topology wants and no start does: commands to be given once the pool runs. */
  verbs: string[]
  listens: { host: string; port: number; url: string }
  /** Addresses that people and programs sign in at: its own, or those of the Front End Servers of its pool. */
  signIn: string[]
  /** What `pchat start` is called with, by the names of its options, without secrets. */
  settings: ServerSettings
  /** All pools, where there are several: the file pools.json in the data folder, which the server follows while it runs. */
  pools: PoolPlace[]
  /** Where the passwords stand that go into settings; see fillSecrets. */
  secrets: SecretPlace[]
  databases: DatabasePlan[]
  /** Undefined where nothing of the process works on files. */
  fileStore?: string | undefined
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

/** The role of `pchat start`; it has all where it is not told of one. */
function startRoleOf(roles: Role[]): ServerSettings['role'] {
  if (!roles.includes('persistent-chat')) return 'front-end'
  return roles.includes('sign-in') ? undefined : 'persistent-chat'
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
    standby: serves && server.standby,
    recording: pool.compliance.enabled,
    verbs: serves ? verbsOf(view) : [],
    listens: { host: listenOf(server), port, url: urlOf(server, port) },
    signIn: roles.includes('sign-in')
      ? [urlOf(server, port)]
      : (view.nextHop?.servers ?? []).map(one => urlOf(one, pool.webPort)),
    settings,
    pools,
    secrets,
    databases: databasesOf(pool, roles),
    ...(worksOnFiles(roles) ? { fileStore: pool.fileStore?.place ?? join(dataDir, 'files') } : {}),
    peers: peersOf(view, server, roles),
  }
}

/** The first four of a pool start active, whatever the document says of them; nothing is recorded until somebody says so. */
function verbsOf(view: PoolView): string[] {
  const { pool, servers } = view
  const active = activeOf(view).map(one => one.fqdn)
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
    role: startRoleOf(roles),
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
    pagesUrl: standard ? undefined : signInUrl(view),
    trustedProxies: pool.trustedProxies?.join(','),
    ...certificateOf(server),
    ...filesOf(pool, roles),
    ...archiveOf(pool, roles),
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

/** Who takes files, and who reads them for the books of compliance. */
function worksOnFiles(roles: Role[]): boolean {
  return roles.includes('files') || roles.includes('compliance')
}

function filesOf({ fileStore, fileKeyFile, clamd, scannerAway, downloadUrl }: ChatPool, roles: Role[]): ServerSettings {
  const read = worksOnFiles(roles) ? { fileStore: fileStore?.place, fileKeyFile } : {}
  if (!roles.includes('files')) return read
  return {
    ...read,
    clamd,
    scannerAway: clamd === undefined ? undefined : scannerAway,
    downloadUrl,
  }
}

/** Officers set adapters in the console, so that whoever answers verbs over HTTP knows below which folder; the archive is the service's alone. */
function archiveOf({ compliance, store }: ChatPool, roles: Role[]): ServerSettings {
  const { keyFile, fileStore, output, store: archive } = compliance
  const complianceOutput = output ?? (fileStore === undefined ? undefined : join(fileStore, 'output'))
  if (!roles.includes('compliance')) return archive !== undefined || store === undefined ? { complianceOutput } : {}
  return {
    complianceOutput,
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

function databasesOf({ store, backupStore, compliance }: ChatPool, roles: Role[]): DatabasePlan[] {
  const all = allDatabases({ store, backupStore, compliance })
  return roles.includes('compliance') ? all : all.filter(({ what }) => what !== 'PersistentChatComplianceStore')
}

function allDatabases({
  store,
  backupStore,
  compliance,
}: Pick<ChatPool, 'store' | 'backupStore' | 'compliance'>): DatabasePlan[] {
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

function peersOf(view: PoolView, self: Server, roles: Role[]): Peer[] {
  const { pool, servers, nextHop } = view
  const others = servers
    .filter(one => one.fqdn !== self.fqdn)
    .map(one => ({ what: 'Persistent Chat Server', host: one.fqdn, port: pool.port }))
  const hops = (nextHop?.servers ?? [])
    .filter(one => one.fqdn !== self.fqdn)
    .map(one => ({ what: 'Front End Server', host: one.fqdn, port: pool.webPort }))
  return [...others, ...hops, ...elsewhere(view, roles)]
}

/** What is no part of the product. */
function elsewhere({ pool }: PoolView, roles: Role[]): Peer[] {
  const each = (what: string, hosts: { host: string; port: number }[] | undefined) =>
    (hosts ?? []).map(({ host, port }) => ({ what, host, port }))
  return [
    ...each('NATS', pool.nats?.servers),
    ...each('PersistentChatStore', pool.store?.hosts),
    ...each('PersistentChatStore, backup', pool.backupStore?.hosts),
    ...each('PersistentChatComplianceStore', roles.includes('compliance') ? pool.compliance.store?.hosts : undefined),
  ]
}

/** Names that people and programs reach the machine by: its own, those of its pools, and where its pages are opened. */
export function certificateNames({ fqdn, processes }: Pick<ServerPlan, 'fqdn' | 'processes'>): string[] {
  const pages = processes.flatMap(({ roles, settings: { pagesUrl } }) =>
    roles.includes('web-services') && pagesUrl !== undefined ? [new URL(pagesUrl).hostname] : [],
  )
  return [...new Set([fqdn, ...processes.map(({ pool }) => pool), ...pages])]
}
