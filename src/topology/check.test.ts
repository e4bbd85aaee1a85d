import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../test/source.ts'
import { exampleOf, readWritten, standard, topologyOf, twoPools, type Written } from '../../test/topology-document.ts'
import { changeRules, checkChange } from './change.ts'
import { checkTopology, isSound, locate, rules } from './check.ts'

const enterprise = () => exampleOf('enterprise-edition')
const seen = new Map<string, string[]>()

/** A document that was sound and has this one change breaks only the rule that the name begins with. */
function breaks(name: string, base: () => Written, change: (document: Written) => void, path: RegExp): void {
  const id = /^\[(\w+)\]/.exec(name)![1]!
  seen.set(id, [...(seen.get(id) ?? []), name])
  test(name, () => {
    expect(checkTopology(topologyOf(base()))).toEqual([])
    const document = base()
    change(document)
    const { topology, places } = readWritten(document)
    const findings = locate(checkTopology(topology), places)
    expect([...new Set(findings.map(({ rule }) => rule))], JSON.stringify(findings, null, 2)).toEqual([id])
    for (const { path: at, reason, mend, message, level, line } of findings) {
      expect(at).toMatch(path)
      expect(level).toBe(rules.find(one => one.id === id)!.level)
      expect(reason).toMatch(/^\S.*\.$/)
      expect(mend).toMatch(/^[A-Z].*\.$/)
      expect(message).toBe(`${reason} ${mend}`)
      expect(line).toBeGreaterThan(1)
    }
  })
}

const pool = (document: Written, i = 0) => document.persistentChatPools[i]
const ep = (document: Written, i = 0) => document.enterprisePools[i]
const chats = (...numbers: number[]) => numbers.map(i => ({ fqdn: `chat${i}.example.com` }))

breaks('[TR1] two sites of one name', enterprise, d => d.sites.push({ name: 'main' }), /^\/sites\/1\/name$/)
breaks(
  '[TR2] a server that stands twice in a pool',
  enterprise,
  d => pool(d).servers.push({ fqdn: 'chat1.example.com' }),
  /servers\/3\/fqdn$/,
)
breaks(
  '[TR2] a Front End Server with the name of its pool',
  enterprise,
  d => ep(d).servers.push({ fqdn: 'fe.example.com' }),
  /enterprisePools\/0\/servers\/2\/fqdn$/,
)
breaks(
  '[TR2] a Persistent Chat pool with the name of its server',
  enterprise,
  d => {
    pool(d).fqdn = 'chat1.example.com'
  },
  /servers\/0\/fqdn$/,
)
breaks(
  '[TR2] a Front End Server that stands twice in a pool',
  enterprise,
  d => ep(d).servers.push({ fqdn: 'fe1.example.com' }),
  /enterprisePools\/0\/servers\/2\/fqdn$/,
)
for (const fqdn of ['fe3.10', '10.0.0.5', 'fe.0x7f'])
  breaks(`[TR3] ${fqdn}, which is no name`, enterprise, d => ep(d).servers.push({ fqdn }), /servers\/2\/fqdn$/)
breaks(
  '[TR4] two pools of one name on the bus',
  twoPools,
  d => {
    delete pool(d, 1).name
  },
  /persistentChatPools\/1\/name$/,
)
breaks(
  '[TR5] a second pool that people cannot tell from the first',
  twoPools,
  d => {
    pool(d, 1).displayName = 'Main rooms'
  },
  /displayName$/,
)
breaks(
  '[TR5] a second pool without a display name',
  twoPools,
  d => {
    delete pool(d, 1).displayName
  },
  /persistentChatPools\/1$/,
)
for (const address of ['0.0.0.0', '10.0.0.300', 'db1', '::', '224.0.0.1', 'ff02::1', 'fe80::1%eth0'])
  breaks(
    `[TR6] ${address}, which no machine has for itself`,
    enterprise,
    d => {
      pool(d).servers[0].address = address
    },
    /servers\/0\/address$/,
  )
for (const host of ['::::', '1.2.3', 'db.300', '10.0.0.256'])
  breaks(
    `[TR6] NATS on ${host}`,
    enterprise,
    d => {
      pool(d).nats.servers[1].host = host
    },
    /nats\/servers\/1\/host$/,
  )
breaks(
  '[TR7] two machines with one address',
  enterprise,
  d => {
    ep(d).servers[0].address = '10.0.0.1'
    pool(d).servers[0].address = '10.0.0.1'
  },
  /persistentChatPools\/0\/servers\/0\/address$/,
)
breaks(
  '[TR8] NATS where a server listens',
  enterprise,
  d => {
    pool(d).nats.servers[0] = { host: 'chat1.example.com', port: 443 }
  },
  /nats\/servers\/0\/port$/,
)
breaks(
  '[TR8] the embedded store of one and PostgreSQL of all on one port',
  standard,
  d => {
    pool(d).store = { hosts: [{ host: 'chat.example.com', port: 443 }] }
  },
  /store\/hosts\/0\/port$/,
)
breaks(
  '[TR9] a server in a site that is not declared',
  enterprise,
  d => {
    pool(d).servers[0].site = 'nowhere'
  },
  /servers\/0\/site$/,
)
breaks(
  '[TR9] a pool for a site that is not declared',
  enterprise,
  d => {
    pool(d).defaultFor.sites = ['main', 'nowhere']
  },
  /defaultFor\/sites\/1$/,
)
breaks(
  '[TR10] a pool that belongs to no site',
  enterprise,
  d => {
    delete pool(d).site
  },
  /persistentChatPools\/0$/,
)
breaks(
  '[TR10] a Front End pool that belongs to no site',
  enterprise,
  d => {
    delete ep(d).site
  },
  /enterprisePools\/0$/,
)
breaks(
  '[TR11] two pools for all sites',
  twoPools,
  d => {
    pool(d, 1).defaultFor.allSites = true
  },
  /persistentChatPools\/1\/defaultFor\/allSites$/,
)
breaks(
  '[TR11] two pools for one site',
  twoPools,
  d => {
    pool(d).defaultFor.sites = ['paris']
  },
  /persistentChatPools\/1\/defaultFor\/sites\/0$/,
)
breaks(
  '[TR12] a next hop in another site',
  twoPools,
  d => {
    ep(d, 1).site = 'main'
  },
  /persistentChatPools\/1\/nextHop$/,
)
breaks(
  '[TR13] a second pool in a site',
  twoPools,
  d => {
    ep(d, 1).site = 'main'
    pool(d, 1).site = 'main'
  },
  /persistentChatPools\/1$/,
)
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
  () => onStandardHop(),
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
breaks(
  '[TR25] nine servers',
  enterprise,
  d => {
    pool(d).servers = chats(1, 2, 3, 4, 5, 6, 7, 8, 9).map((one, i) => ({ ...one, standby: i > 2 }))
  },
  /servers$/,
)
breaks(
  '[TR26] a server in another domain',
  enterprise,
  d => pool(d).servers.push({ fqdn: 'chat4.example.org' }),
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
breaks(
  '[TR28] a pool without a store',
  enterprise,
  d => {
    delete pool(d).store
  },
  /persistentChatPools\/0$/,
)
breaks(
  '[TR29] a host that stands twice',
  enterprise,
  d => pool(d).store.hosts.push({ host: 'db1.example.com' }),
  /store\/hosts\/2$/,
)
breaks(
  '[TR30] what is recorded in the database of the store',
  enterprise,
  d => {
    pool(d).compliance.store = { hosts: [{ host: 'db2.example.com' }], database: 'pchat' }
  },
  /compliance\/store$/,
)
breaks(
  '[TR31] two pools on one database',
  twoPools,
  d => {
    pool(d, 1).store = pool(d).store
  },
  /persistentChatPools\/1\/store$/,
)
breaks(
  '[TR32] a backup on a host of the store',
  enterprise,
  d => {
    pool(d).backupStore = { hosts: [{ host: 'db9.paris.example.com' }, { host: 'db2.example.com' }] }
  },
  /backupStore\/hosts$/,
)
breaks(
  '[TR33] a store on a machine of another role',
  enterprise,
  d => {
    pool(d).store.hosts[0].host = 'fe1.example.com'
  },
  /store\/hosts\/0\/host$/,
)
breaks(
  '[TR34] stores of two pools on one server',
  twoPools,
  d => {
    pool(d, 1).store = { hosts: pool(d).store.hosts, database: 'paris' }
  },
  /persistentChatPools\/1\/store\/hosts$/,
)
breaks('[TR35] a store without a stand-by', enterprise, d => pool(d).store.hosts.pop(), /store\/hosts$/)
breaks(
  '[TR36] a database over the network in the clear',
  enterprise,
  d => {
    pool(d).store.tls = false
  },
  /store\/tls$/,
)
breaks(
  '[TR36] NATS over the network in the clear',
  enterprise,
  d => {
    pool(d).nats.tls = false
  },
  /nats\/tls$/,
)
breaks(
  '[TR37] compliance without a store',
  enterprise,
  d => {
    delete pool(d).compliance.store
  },
  /compliance$/,
)
breaks(
  '[TR38] compliance without a file store',
  enterprise,
  d => {
    delete pool(d).compliance.fileStore
  },
  /compliance$/,
)
breaks(
  '[TR39] an archive with a key for each server',
  enterprise,
  d => {
    delete pool(d).compliance.keyFile
  },
  /compliance$/,
)
breaks(
  '[TR40] a compliance store for nothing',
  enterprise,
  d => {
    pool(d).compliance.enabled = false
  },
  /compliance\/enabled$/,
)
breaks(
  '[TR41] store and archive on one server',
  enterprise,
  d => {
    pool(d).compliance.store.hosts = [{ host: 'db1.example.com' }]
  },
  /compliance\/store\/hosts$/,
)
breaks(
  '[TR42] a file store in the data folder of each of several machines',
  enterprise,
  d => {
    delete pool(d).fileStore
  },
  /persistentChatPools\/0$/,
)
breaks(
  '[TR42] a local folder for several machines',
  enterprise,
  d => {
    pool(d).fileStore.shared = false
  },
  /fileStore$/,
)
breaks(
  '[TR43] an address that is no bucket',
  enterprise,
  d => {
    pool(d).fileStore = { place: 's3://No_Bucket' }
  },
  /fileStore\/place$/,
)
breaks(
  '[TR44] several machines without NATS',
  enterprise,
  d => {
    delete pool(d).nats
  },
  /persistentChatPools\/0$/,
)
breaks(
  '[TR45] a machine that others reach, without a certificate',
  enterprise,
  d => {
    ep(d).servers[1].certificate = { from: 'none' }
  },
  /enterprisePools\/0\/servers\/1\/certificate\/from$/,
)
breaks(
  '[TR46] one of several machines that listens for itself',
  enterprise,
  d => {
    pool(d).servers[0].address = '127.0.0.1'
  },
  /servers\/0\/address$/,
)
breaks(
  '[TR46] a store that would be another one on each machine',
  enterprise,
  d => {
    pool(d).store.hosts[1].host = '127.0.0.1'
  },
  /store\/hosts\/1\/host$/,
)
breaks(
  '[TR47] one of several machines that makes its certificate itself',
  enterprise,
  d => {
    pool(d).servers[0].certificate = { from: 'self-signed' }
  },
  /servers\/0\/certificate\/from$/,
)
for (const url of [
  'https://chat1.example.com',
  'https://fe2.example.com:8443',
  'http://files.example.net',
  'https://files.example.net:99999',
])
  breaks(
    `[TR48] files from ${url}`,
    enterprise,
    d => {
      pool(d).downloadUrl = url
    },
    /downloadUrl$/,
  )
breaks(
  '[TR49] passkeys for a domain that the servers are not in',
  enterprise,
  d => {
    pool(d).passkeyDomain = 'ample.com'
  },
  /passkeyDomain$/,
)
breaks(
  '[TR50] more than 20,000 users a server',
  enterprise,
  d => {
    pool(d).users.concurrent = 40_001
  },
  /users\/concurrent$/,
)
breaks(
  '[TR51] more than 80,000 users over all pools',
  () => large(),
  d => {
    pool(d, 1).users.concurrent = 40_001
  },
  /persistentChatPools\/1\/users\/concurrent$/,
)
breaks(
  '[TR52] more than 150,000 enabled users',
  enterprise,
  d => {
    pool(d).users.enabled = 150_001
  },
  /users\/enabled$/,
)
breaks(
  '[TR53] more than 120,000 devices',
  () => withPool({ workers: 4 }),
  d => {
    pool(d).users.endpoints = 120_001
  },
  /users\/endpoints$/,
)
breaks(
  '[TR54] more than 5,000 users on Standard Edition',
  standard,
  d => {
    pool(d).users = { concurrent: 5_001 }
  },
  /users\/concurrent$/,
)
breaks(
  '[TR55] more than 30,000 users on each survivor',
  () => withPool({ workers: 2 }),
  d => {
    pool(d).users.concurrent = 30_001
  },
  /users\/concurrent$/,
)
breaks(
  '[TR56] too few processes',
  enterprise,
  d => {
    pool(d).users.concurrent = 30_000
  },
  /workers$/,
)

test('[TR59] each rule has a document that breaks only it, and stands in SPEC.md with its own words', () => {
  expect(rules.map(({ id }) => id).filter(id => !seen.has(id))).toEqual([])
  const spec = readFileSync(join(root, 'SPEC.md'), 'utf8')
  const lines = [...rules, ...changeRules].map(
    ({ id, text, level }) => `- **${id}** ${text}${level === 'advice' ? ' (Advice.)' : ''}`,
  )
  expect(lines.filter(line => !spec.split('\n').includes(line))).toEqual([])
})

test('[TR59] all findings come at once, errors first, each with its line', () => {
  const document = enterprise()
  delete pool(document).nats
  pool(document).servers[0].address = '0.0.0.0'
  pool(document).store.tls = false
  document.sites.push({ name: 'main' })
  const { topology, places } = readWritten(document)
  const findings = locate(checkTopology(topology), places)
  expect(findings.map(({ rule }) => rule)).toEqual(['TR1', 'TR6', 'TR44', 'TR36'])
  const lines = JSON.stringify(document, null, 2).split('\n')
  expect(lines[findings[1]!.line - 1]).toContain('0.0.0.0')
  expect(lines[findings[3]!.line - 1]).toContain('"tls": false')
})

test('[TR59] what is supported is found sound: a Standard Edition server as next hop, a pool of one, two pools on one next hop, an IPv6 address', () => {
  const soundly = (document: Written) => checkTopology(topologyOf(document)).filter(({ level }) => level === 'error')
  expect(soundly(onStandardHop())).toEqual([])
  const one = withPool({ servers: chats(1), users: {} })
  expect(soundly(one)).toEqual([])
  const shared = twoPools()
  shared.enterprisePools.pop()
  Object.assign(pool(shared, 1), { nextHop: 'fe.example.com' })
  expect(soundly(shared).map(({ rule }) => rule)).toEqual(['TR8', 'TR8'])
  pool(shared, 1).webPort = 8443
  expect(soundly(shared)).toEqual([])
  expect(
    soundly(withPool({ servers: chats(1, 2).map((server, i) => ({ ...server, address: `fd00::${i + 1}` })) })),
  ).toEqual([])
})

test('[TR57] a pool with servers of its own does not become Standard Edition', () => {
  const before = topologyOf(enterprise())
  const after = topologyOf({
    version: 1,
    standardServers: [{ fqdn: 'chat.example.com' }],
    persistentChatPools: [{ fqdn: 'chat.example.com' }],
  })
  expect(checkTopology(after)).toEqual([])
  const found = checkChange(before, after)
  expect(found).toMatchObject([{ rule: 'TR57', path: '/persistentChatPools/0/fqdn' }])
  expect(isSound(found)).toBe(false)
  // The other way round is how one grows; the store is told of.
  expect(checkChange(after, before).map(({ rule }) => rule)).toEqual(['TR58'])
  expect(checkChange(after, after)).toEqual([])
})

test('[TR58] a store that becomes another database is told; a stand-by that is added or takes over is not', () => {
  const before = topologyOf(enterprise())
  const changed = (store: object) => checkChange(before, topologyOf(withPool({ store })))
  expect(changed({ hosts: [{ host: 'db7.example.com' }, { host: 'db8.example.com' }] })).toMatchObject([
    { rule: 'TR58' },
  ])
  expect(changed({ hosts: [{ host: 'db1.example.com' }], database: 'other' })).toMatchObject([{ rule: 'TR58' }])
  expect(changed({ hosts: [{ host: 'db2.example.com' }, { host: 'db3.example.com' }] })).toEqual([])
})

test('[TR69] a pool that began with one computer grows by a line', () => {
  const small = topologyOf(withPool({ servers: chats(1), users: {} }))
  const grown = topologyOf(withPool({ servers: chats(1, 2), users: {} }))
  expect(checkTopology(grown)).toEqual([])
  expect(checkChange(small, grown)).toEqual([])
})

function withPool(more: object): Written {
  const document = enterprise()
  Object.assign(pool(document), more)
  return document
}

function onStandardHop(): Written {
  const document = enterprise()
  delete document.enterprisePools
  document.standardServers = [{ fqdn: 'se.example.com', site: 'main' }]
  pool(document).nextHop = 'se.example.com'
  return document
}

function large(): Written {
  const document = twoPools()
  for (const [i, domain] of ['example.com', 'paris.example.com'].entries())
    Object.assign(pool(document, i), {
      servers: [1, 2, 3, 4].map(one => ({ fqdn: `chat${one}.${domain}` })),
      users: { concurrent: 40_000 },
    })
  return document
}
