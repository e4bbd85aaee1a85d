/** Names of the test site, as a document says them. */
export const domain = 'example.com'
export const hosts = { store: `db1.${domain}`, archive: `db9.${domain}`, nats: `nats1.${domain}` }
export const frontEnds = [`fe1.${domain}`, `fe2.${domain}`]
export const pools = { main: `chat.${domain}`, west: `west.${domain}` }

/** What an administrator brings to each machine, and where. */
export const files = {
  authority: '/etc/pchat/authority.pem',
  store: '/etc/pchat/store.secret',
  archive: '/etc/pchat/compliance.secret',
  nats: '/etc/pchat/nats.secret',
  key: '/etc/pchat/archive-key.pem',
  handOver: '/etc/pchat/hand-over.keys',
}
/** What several machines mount. */
export const mounts = {
  files: '/mnt/pchat-files',
  compliance: '/mnt/pchat-compliance',
  westFiles: '/mnt/west-files',
}

export type Ports = { main: number; west: number }
export type ChatServer = { fqdn: string; standby?: boolean }

const tls = { tls: true, caFile: files.authority }

/** The one document of the site: its two Front End Servers, the Persistent Chat Servers of the main pool as given, and one in the west. */
export function documentOf(servers: ChatServer[], ports: Ports): string {
  const topology = {
    version: 1,
    sites: [
      { name: 'main', displayName: 'Head office' },
      { name: 'west', displayName: 'West office' },
    ],
    enterprisePools: [{ fqdn: `fe.${domain}`, site: 'main', servers: frontEnds.map(fqdn => ({ fqdn })) }],
    persistentChatPools: [
      {
        ...{
          handOverKeyFile: files.handOver,
          fqdn: pools.main,
          displayName: 'Main rooms',
          site: 'main',
          nextHop: `fe.${domain}`,
        },
        ...{ port: ports.main, webPort: ports.main, servers },
        store: { hosts: [{ host: hosts.store }], password: `file:${files.store}`, ...tls },
        ...shared(mounts.files, mounts.compliance, 'pchat_compliance'),
        ...{ users: { concurrent: 2_000, enabled: 4_000 }, defaultFor: { allSites: true } },
      },
      {
        ...{ fqdn: pools.west, name: 'west', displayName: 'Rooms of the west', site: 'west', nextHop: `fe.${domain}` },
        ...{
          handOverKeyFile: files.handOver,
          port: ports.main,
          webPort: ports.west,
          servers: [{ fqdn: `west1.${domain}` }],
        },
        store: {
          hosts: [{ host: hosts.archive }],
          database: 'pchat_west',
          user: 'pchat_west',
          password: `file:${files.store}`,
          ...tls,
        },
        ...shared(mounts.westFiles),
        ...{ users: { concurrent: 500, enabled: 1_000 }, defaultFor: { sites: ['west'] } },
      },
    ],
  }
  return `${JSON.stringify(topology, null, 2)}\n`
}

function shared(place: string, compliance?: string, database?: string) {
  return {
    ...(compliance === undefined
      ? {}
      : {
          compliance: {
            enabled: true,
            store: {
              hosts: [{ host: hosts.archive }],
              database,
              user: 'pchat_archive',
              password: `file:${files.archive}`,
              ...tls,
            },
            ...{ fileStore: compliance, keyFile: files.key },
          },
        }),
    nats: { servers: [{ host: hosts.nats }], user: 'pchat', password: `file:${files.nats}` },
    fileStore: { place, shared: true },
  }
}
