import type { Database } from './connection-schema.ts'
import type { ChatPool, Topology } from './schema.ts'
import { hostsOf, type PoolView, type Server, viewOf } from './view.ts'

export type NodeKind =
  | 'site'
  | 'enterprisePool'
  | 'frontEnd'
  | 'standardServer'
  | 'chatPool'
  | 'chatServer'
  | 'store'
  | 'backup'
  | 'archive'
  | 'nats'
  | 'fileStore'

/** One part of the picture. */
export type PictureNode = {
  /** The same for the same part of two documents: it goes by names, not by places. */
  id: string
  kind: NodeKind
  name: string
  /** What stands below its name, line by line. */
  lines: string[]
  /** JSON pointer of the part that the document has of it. */
  path: string
  /** The part that it is drawn in, or at. */
  inside?: string
  standby: boolean
  /** All that it is, but for the parts that are drawn in it. */
  facts: string
}
export type PictureLink = { from: string; to: string; what: string }
export type Picture = { nodes: PictureNode[]; links: PictureLink[] }

/** What is drawn of a topology: its parts, which is in which, and which talks to which. Pure. */
export function pictureOf(topology: Topology): Picture {
  const { pools } = viewOf(topology)
  const sites = topology.sites.map((site, i): PictureNode => {
    const { name, displayName } = site
    return part('site', name, `/sites/${i}`, { lines: displayName ? [displayName] : [], facts: site })
  })
  const known = new Set(topology.sites.map(({ name }) => name))
  const inSite = (site: string | undefined) =>
    site !== undefined && known.has(site) ? { inside: idOf('site', site) } : {}
  const hops = topology.enterprisePools.flatMap((pool, i) => {
    const { servers, ...own } = pool
    const path = `/enterprisePools/${i}`
    const lines = ['Sign-in, web services, files']
    return [
      part('enterprisePool', pool.fqdn, path, { lines, facts: own, ...inSite(pool.site) }),
      ...servers.map((one, j) =>
        part('frontEnd', one.fqdn, `${path}/servers/${j}`, {
          lines: addressLines(one.address),
          facts: one,
          inside: idOf('enterprisePool', pool.fqdn),
        }),
      ),
    ]
  })
  const standards = topology.standardServers.map((one, i) =>
    part('standardServer', one.fqdn, `/standardServers/${i}`, {
      lines: ['Everything on one machine', ...addressLines(one.address)],
      facts: one,
      ...inSite(one.site),
    }),
  )
  const nodes = [...sites, ...hops, ...standards, ...pools.flatMap(view => poolNodes(view, inSite))]
  return { nodes: firstOf(nodes), links: pools.flatMap(linksOf) }
}

type More = { lines?: string[]; inside?: string; standby?: boolean; facts: object }

function part(kind: NodeKind, name: string, path: string, { lines = [], inside, standby = false, facts }: More) {
  return {
    ...{ id: idOf(kind, name), kind, name, lines, path, standby, facts: JSON.stringify(facts) },
    ...(inside === undefined ? {} : { inside }),
  } satisfies PictureNode
}

function idOf(kind: NodeKind, name: string): string {
  return `${kind}:${name}`
}

function addressLines(address: string | undefined): string[] {
  return address === undefined ? [] : [address]
}

function poolNodes(view: PoolView, inSite: (site: string | undefined) => { inside?: string }): PictureNode[] {
  const { pool, path, standard, servers } = view
  const { servers: _, store, backupStore, nats, fileStore, ...rest } = pool
  const { store: archive, ...compliance } = rest.compliance
  const id = idOf('chatPool', pool.fqdn)
  const place = standard ? { inside: idOf('standardServer', standard.fqdn) } : inSite(pool.site ?? servers[0]?.site)
  return [
    part('chatPool', pool.fqdn, path, { lines: poolLines(pool), facts: { ...rest, compliance }, ...place }),
    ...(standard ? [] : servers.map((one, i) => serverNode(one, pool, `${path}/servers/${i}`, id))),
    part('store', `store of ${pool.fqdn}`, store ? `${path}/store` : path, { ...databaseMore(store), inside: id }),
    ...(backupStore
      ? [part('backup', `backup of ${pool.fqdn}`, `${path}/backupStore`, { ...databaseMore(backupStore), inside: id })]
      : []),
    ...(archive || (standard && store === undefined && compliance.enabled)
      ? [
          part('archive', `archive of ${pool.fqdn}`, archive ? `${path}/compliance/store` : `${path}/compliance`, {
            ...databaseMore(archive),
            inside: id,
          }),
        ]
      : []),
    ...(nats
      ? [
          part('nats', `NATS of ${pool.fqdn}`, `${path}/nats`, {
            lines: nats.servers.map(({ host, port }) => `${host}:${port}`),
            facts: nats,
            inside: id,
          }),
        ]
      : []),
    part('fileStore', `files of ${pool.fqdn}`, fileStore ? `${path}/fileStore` : path, {
      lines: [fileStore?.place ?? 'in the data folder'],
      facts: { fileStore },
      inside: id,
    }),
  ]
}

function serverNode(server: Server, pool: ChatPool, path: string, inside: string): PictureNode {
  const { path: _, ...facts } = server
  const lines = [
    `${server.standby ? 'on stand-by' : 'active'}${server.address === undefined ? '' : `, ${server.address}`}`,
    ...(server.site !== undefined && server.site !== pool.site ? [`in ${server.site}`] : []),
  ]
  return part('chatServer', server.fqdn, path, { lines, inside, standby: server.standby, facts })
}

function poolLines({ displayName, users, compliance }: ChatPool): string[] {
  return [
    ...(displayName ? [displayName] : []),
    ...(users.concurrent === undefined ? [] : [`${users.concurrent.toLocaleString('en')} users`]),
    ...(compliance.enabled ? ['Compliance records'] : []),
  ]
}

function databaseMore(database: Database | undefined): { lines: string[]; facts: object } {
  if (!database) return { lines: ['embedded'], facts: {} }
  return { lines: [`database ${database.database}`, ...hostsOf(database)], facts: database }
}

function linksOf({ pool, nextHop, standard }: PoolView): PictureLink[] {
  if (!nextHop || standard) return []
  const from = idOf(nextHop.kind === 'enterprise' ? 'enterprisePool' : 'standardServer', nextHop.fqdn)
  return [{ from, to: idOf('chatPool', pool.fqdn), what: 'next hop' }]
}

/** A name that stands there twice is an error of the document, which is told at its place; it is drawn once. */
function firstOf(nodes: PictureNode[]): PictureNode[] {
  const seen = new Set<string>()
  return nodes.filter(({ id }) => !seen.has(id) && seen.add(id))
}
