import type { Database } from './connection-schema.ts'
import { isLoopback, plainHost } from './host.ts'
import type { ChatPool, EnterprisePool, FrontEndServer, StandardServer, Topology } from './schema.ts'

/** A machine on which a Persistent Chat pool runs; `standard` is one on which everything does. */
export type Server = FrontEndServer & { path: string; standby: boolean; site?: string | undefined }

export type NextHop = {
  kind: 'enterprise' | 'standard'
  fqdn: string
  site?: string | undefined
  /** On these run sign-in and the two web services of the pool. */
  servers: Server[]
}

export type PoolView = {
  pool: ChatPool
  path: string
  /** The Standard Edition server that it is collocated on. */
  standard?: StandardServer | undefined
  servers: Server[]
  /** Undefined where there is none, or none of that name. */
  nextHop?: NextHop | undefined
  /**
   * Which machine a database or NATS is on, whatever the pool calls it: the full name of a machine of the topology, else the one form of
   * its IP address or its name. What leads to each machine itself is on the one that serves the pool.
   */
  whereIs(host: string): string
}

/** A topology with what the rules, the plan and the picture ask of it again and again. */
export type View = {
  topology: Topology
  pools: PoolView[]
  /** All machines in the order of the document, one that stands there twice twice. */
  frontEnds: Server[]
  standards: Server[]
  chatServers: Server[]
}

export function viewOf(topology: Topology): View {
  const { enterprisePools, standardServers, persistentChatPools } = topology
  const standards = standardServers.map((one, i) => asServer(one, `/standardServers/${i}`, one.site))
  const hops = [
    ...enterprisePools.map((pool, i) => enterpriseHop(pool, `/enterprisePools/${i}`)),
    ...standards.map(one => ({ ...{ kind: 'standard' as const, fqdn: one.fqdn, site: one.site }, servers: [one] })),
  ]
  const chatServers: Server[] = []
  const views = persistentChatPools.map((pool, i): Omit<PoolView, 'whereIs'> => {
    const path = `/persistentChatPools/${i}`
    const standard = standardServers.find(one => one.fqdn === pool.fqdn)
    const named = pool.servers.map((one, j) => ({
      ...asServer(one, `${path}/servers/${j}`, one.site ?? pool.site),
      standby: one.standby,
    }))
    const own = standards.find(one => one.fqdn === pool.fqdn)
    // On Standard Edition everything is on that machine, whatever else is said.
    const nextHop = hops.find(one => one.fqdn === (own ? own.fqdn : pool.nextHop))
    if (!own) chatServers.push(...named)
    return { pool, path, standard, nextHop, servers: own ? [{ ...own, site: own.site ?? pool.site }] : named }
  })
  const frontEnds = hops.filter(one => one.kind === 'enterprise').flatMap(one => one.servers)
  const known = namesOf([...frontEnds, ...standards, ...chatServers])
  const pools = views.map(one => ({ ...one, whereIs: openWhere(one, known) }))
  return { topology, pools, standards, frontEnds, chatServers }
}

/** By name and by address the name of each machine. */
function namesOf(machines: Server[]): Map<string, string> {
  const known = new Map(machines.map(({ fqdn }) => [fqdn, fqdn]))
  for (const { address, fqdn } of machines) {
    const plain = address === undefined ? fqdn : plainHost(address)
    if (!known.has(plain)) known.set(plain, fqdn)
  }
  return known
}

function openWhere(one: Omit<PoolView, 'whereIs'>, known: Map<string, string>): PoolView['whereIs'] {
  const [first, ...others] = machinesOf(one)
  const here = first !== undefined && others.length === 0 ? first : `localhost of ${one.pool.fqdn}`
  return host => (isLoopback(host) ? here : (known.get(plainHost(host)) ?? plainHost(host)))
}

function enterpriseHop({ fqdn, site, servers }: EnterprisePool, path: string): NextHop {
  return {
    ...{ kind: 'enterprise', fqdn, site },
    servers: servers.map((one, i) => asServer(one, `${path}/servers/${i}`, site)),
  }
}

function asServer(machine: FrontEndServer, path: string, site: string | undefined): Server {
  const { fqdn, address, dataDir, certificate } = machine
  return { ...{ fqdn, address, dataDir, certificate }, path, site, standby: false } as Server
}

/** Machines that work on the store, files and bus of a pool: its servers, and those of its next hop. */
export function machinesOf({ servers, nextHop }: Pick<PoolView, 'servers' | 'nextHop'>): string[] {
  return [...new Set([...servers, ...(nextHop?.servers ?? [])].map(one => one.fqdn))]
}

/** Every machine of the topology, one that stands there twice twice. */
export function allMachines({ frontEnds, standards, chatServers }: View): Server[] {
  return [...frontEnds, ...standards, ...chatServers]
}

export function activeOf({ servers }: PoolView): Server[] {
  return servers.filter(one => !one.standby)
}

type NamedHost = { pool: PoolView; host: string; port: number; what: 'PostgreSQL' | 'NATS'; path: string }

/** Every host of a database or of NATS that a pool names. */
export function namedHosts({ pools }: View): NamedHost[] {
  return pools.flatMap(view => {
    const { pool, path } = view
    const lists = [
      { what: 'NATS' as const, hosts: pool.nats?.servers, at: `${path}/nats/servers` },
      { what: 'PostgreSQL' as const, hosts: pool.store?.hosts, at: `${path}/store/hosts` },
      { what: 'PostgreSQL' as const, hosts: pool.backupStore?.hosts, at: `${path}/backupStore/hosts` },
      { what: 'PostgreSQL' as const, hosts: pool.compliance.store?.hosts, at: `${path}/compliance/store/hosts` },
    ]
    return lists.flatMap(({ what, hosts = [], at }) =>
      hosts.map(({ host, port }, i) => ({ pool: view, host, port, what, path: `${at}/${i}` })),
    )
  })
}

/** `db1.example.com:5432`, for each of its hosts, as the document calls them. */
export function hostsOf(database: Database | undefined): string[] {
  return (database?.hosts ?? []).map(({ host, port }) => `${host}:${port}`)
}

/** The same, each as one form of the machine and its port: two databases with one of them in common are on one PostgreSQL. */
export function instancesOf({ whereIs }: PoolView, database: Database | undefined): string[] {
  return (database?.hosts ?? []).map(({ host, port }) => `${whereIs(host)}:${port}`)
}

/** The address that a machine is told to listen on. */
export function listenOf({ address, fqdn }: Pick<Server, 'fqdn' | 'address'>): string {
  return address ?? fqdn
}

/** The address that clients reach a process of the machine at. */
export function urlOf({ fqdn, certificate }: Server, port: number): string {
  const scheme = certificate.from === 'none' ? 'http' : 'https'
  return `${scheme}://${fqdn}${port === (scheme === 'https' ? 443 : 80) ? '' : `:${port}`}`
}
