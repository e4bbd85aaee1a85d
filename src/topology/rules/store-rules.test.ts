import { expect, test } from 'vitest'
import { allows, breaks, everyRuleBreaks } from '../../../test/topology-breaks.ts'
import { enterprise, pool, standard, topologyOf, twoPools, withPool } from '../../../test/topology-document.ts'
import { checkTopology } from '../check.ts'
import { storeRules } from './store-rules.ts'

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
/** A Standard Edition server whose store and archive are one database, by these names. */
const standardWith = (store: string, archive: string) => ({
  store: { hosts: [{ host: store }] },
  compliance: { enabled: true, fileStore: '/srv/archive', store: { hosts: [{ host: archive }], database: 'pchat' } },
})
for (const [store, archive] of [
  ['localhost', 'chat.example.com'],
  ['127.0.0.1', 'localhost'],
  ['::1', 'db.localhost'],
] as const)
  breaks(
    `[TR30] one database as ${store} and as ${archive}`,
    standard,
    d => Object.assign(pool(d), standardWith(store, archive)),
    /compliance\/store$/,
  )
test('[TR30] one database by the name of its machine and by its address', () => {
  const document = withPool({ store: { hosts: [{ host: 'chat1.example.com' }] } })
  pool(document).servers[0].address = 'fd00::1'
  pool(document).compliance.store = { hosts: [{ host: 'fd00:0::1' }], database: 'pchat' }
  expect(checkTopology(topologyOf(document)).map(({ rule }) => rule)).toContain('TR30')
})
allows('[TR31] two Standard Edition servers, each with a store on itself', () => ({
  version: 1,
  sites: [{ name: 'a' }, { name: 'b' }],
  standardServers: ['a', 'b'].map(site => ({ fqdn: `${site}.example.com`, site })),
  persistentChatPools: ['a', 'b'].map(name => ({
    ...{ fqdn: `${name}.example.com`, name, displayName: name },
    store: { hosts: [{ host: 'localhost' }] },
  })),
}))
breaks(
  '[TR29] a host that stands twice, in two forms',
  enterprise,
  d => {
    pool(d).store.hosts = [{ host: 'fd00::7' }, { host: 'fd00:0:0::7' }]
  },
  /store\/hosts\/1$/,
)
breaks(
  '[TR32] a backup on another port of a machine of the store',
  enterprise,
  d => {
    pool(d).backupStore = { hosts: [{ host: 'db1.example.com', port: 5433 }] }
  },
  /backupStore\/hosts$/,
)
breaks(
  '[TR34] archives of two pools on one server',
  twoPools,
  d => {
    pool(d, 1).compliance.store = { ...pool(d).compliance.store, database: 'paris' }
  },
  /persistentChatPools\/1\/compliance\/store\/hosts$/,
)
everyRuleBreaks(storeRules)
