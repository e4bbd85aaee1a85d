import { allows, breaks, everyRuleBreaks } from '../../../test/topology-breaks.ts'
import { chats, enterprise, ep, onStandardHop, pool, standard, withPool } from '../../../test/topology-document.ts'
import { roleRules } from './role-rules.ts'

breaks(
  '[TR14] a Front End pool without servers',
  enterprise,
  d => {
    ep(d).servers = []
  },
  /enterprisePools\/0\/servers$/,
)
breaks(
  '[TR15] a next hop that is not there',
  enterprise,
  d => {
    delete d.enterprisePools
  },
  /persistentChatPools\/0\/nextHop$/,
)
breaks(
  '[TR16] a Front End pool that nobody has as next hop',
  enterprise,
  d => d.enterprisePools.push({ fqdn: 'fe9.example.com', site: 'main', servers: [{ fqdn: 'fe91.example.com' }] }),
  /enterprisePools\/1$/,
)
breaks(
  '[TR16] a Standard Edition server that nobody has as next hop',
  enterprise,
  d => {
    d.standardServers = [{ fqdn: 'se.example.com', site: 'main' }]
  },
  /standardServers\/0$/,
)
breaks(
  '[TR17] a Persistent Chat Server on a Front End Server',
  enterprise,
  d => pool(d).servers.push({ fqdn: 'fe1.example.com', standby: true }),
  /servers\/3\/fqdn$/,
)
breaks(
  '[TR18] a Persistent Chat Server on a Standard Edition server of another name',
  onStandardHop,
  d => pool(d).servers.push({ fqdn: 'se.example.com' }),
  /servers\/3\/fqdn$/,
)
breaks(
  '[TR19] a second server of Standard Edition',
  standard,
  d => {
    pool(d).servers = [{ fqdn: 'chat2.example.com', standby: true }]
  },
  /persistentChatPools\/0\/servers$/,
)
breaks(
  '[TR20] a Standard Edition pool with another next hop',
  standard,
  d => {
    pool(d).nextHop = 'fe.example.com'
  },
  /nextHop$/,
)
breaks(
  '[TR21] a Standard Edition pool with its store on another machine',
  standard,
  d => {
    pool(d).store = { hosts: [{ host: 'db1.example.com' }] }
  },
  /store\/hosts\/0\/host$/,
)
const highAvailability: [string, object][] = [
  ['NATS', { nats: { servers: [{ host: 'localhost' }] } }],
  ['a second host of the store', { store: { hosts: [{ host: 'localhost' }, { host: '127.0.0.1', port: 5433 }] } }],
  ['a backup in another site', { backupStore: { hosts: [{ host: 'db.paris.example.com' }] } }],
]
for (const [what, more] of highAvailability)
  breaks(
    `[TR22] Standard Edition with ${what}`,
    standard,
    d => Object.assign(pool(d), more),
    /persistentChatPools\/0\/\w/,
  )
breaks(
  '[TR23] no Persistent Chat pool at all',
  standard,
  d => {
    d.persistentChatPools = []
  },
  /^\/persistentChatPools$/,
)
breaks(
  '[TR23] a pool without servers',
  enterprise,
  d => {
    pool(d).servers = []
  },
  /servers$/,
)
breaks(
  '[TR23] a pool with all its servers on stand-by',
  enterprise,
  d => {
    pool(d).servers = chats(1, 2).map(one => ({ ...one, standby: true }))
  },
  /servers$/,
)
breaks(
  '[TR24] five active servers',
  enterprise,
  d => {
    pool(d).servers = chats(1, 2, 3, 4, 5)
  },
  /servers$/,
)
allows('[TR24] four active servers beside two Front End Servers, which are none of the pool', enterprise, d => {
  pool(d).servers = chats(1, 2, 3, 4)
})
allows('[TR25] two active servers and six on stand-by beside two Front End Servers', enterprise, d => {
  pool(d).servers = chats(1, 2, 3, 4, 5, 6, 7, 8).map((one, i) => ({ ...one, standby: i > 1 }))
})
breaks(
  '[TR25] nine servers',
  enterprise,
  d => {
    pool(d).servers = chats(1, 2, 3, 4, 5, 6, 7, 8, 9).map((one, i) => ({ ...one, standby: i > 1 }))
  },
  /servers$/,
)
breaks(
  '[TR26] a server in another domain',
  enterprise,
  d => pool(d).servers.push({ fqdn: 'chat4.example.org', standby: true }),
  /servers\/3\/fqdn$/,
)
breaks(
  '[TR27] a pool of one server',
  () => withPool({ users: {} }),
  d => {
    pool(d).servers = chats(1)
  },
  /servers$/,
)
const archiveOn = (...hosts: string[]) => ({
  compliance: { enabled: true, fileStore: '/srv/archive', store: { hosts: hosts.map(host => ({ host })) } },
})
breaks(
  '[TR21] a Standard Edition pool with its archive on another machine',
  standard,
  d => Object.assign(pool(d), archiveOn('db9.example.com')),
  /compliance\/store\/hosts\/0\/host$/,
)
allows('[TR21] an archive on the machine itself', standard, d => Object.assign(pool(d), archiveOn('127.0.0.1')))
breaks(
  '[TR22] Standard Edition with a second host of its archive',
  standard,
  d => {
    const { compliance } = archiveOn('localhost')
    pool(d).compliance = { ...compliance, store: { hosts: [{ host: 'localhost' }, { host: '127.0.0.1', port: 5433 }] } }
  },
  /compliance\/store\/hosts$/,
)
breaks(
  '[TR26] a server in another domain of the same country',
  () => JSON.parse(JSON.stringify(enterprise()).replaceAll('example.com', 'example.co.uk')),
  d => {
    pool(d).servers[0].fqdn = 'chat1.evil.co.uk'
  },
  /servers\/0\/fqdn$/,
)
breaks(
  '[TR76] a pool in another site than its Standard Edition server',
  () => ({
    version: 1,
    sites: [{ name: 'a' }, { name: 'b' }],
    standardServers: [{ fqdn: 'se.example.com', site: 'b' }],
    persistentChatPools: [{ fqdn: 'se.example.com' }],
  }),
  d => {
    pool(d).site = 'a'
  },
  /persistentChatPools\/0\/site$/,
)
everyRuleBreaks(roleRules)
