import { breaks, everyRuleBreaks } from '../../../test/topology-breaks.ts'
import { enterprise, pool, twoPools } from '../../../test/topology-document.ts'
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
everyRuleBreaks(storeRules)
