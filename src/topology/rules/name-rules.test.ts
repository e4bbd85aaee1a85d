import { breaks, everyRuleBreaks } from '../../../test/topology-breaks.ts'
import { enterprise, ep, pool, roomy, standard, twoPools } from '../../../test/topology-document.ts'
import { nameRules } from './name-rules.ts'

breaks('[TR1] two sites of one name', enterprise, d => d.sites.push({ name: 'main' }), /^\/sites\/1\/name$/)
breaks(
  '[TR2] a server that stands twice in a pool',
  roomy,
  d => pool(d).servers.push({ fqdn: 'chat1.example.com' }),
  /servers\/2\/fqdn$/,
)
breaks(
  '[TR2] a Front End Server with the name of its pool',
  roomy,
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
  roomy,
  d => ep(d).servers.push({ fqdn: 'fe1.example.com' }),
  /enterprisePools\/0\/servers\/2\/fqdn$/,
)
for (const fqdn of ['fe3.10', '10.0.0.5', 'fe.0x7f'])
  breaks(`[TR3] ${fqdn}, which is no name`, roomy, d => ep(d).servers.push({ fqdn }), /servers\/2\/fqdn$/)
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
for (const address of ['0.0.0.0', '10.0.0.300', 'db1', '::', '224.0.0.1', 'ff02::1'])
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
  '[TR7] one address in two forms',
  enterprise,
  d => {
    ep(d).servers[0].address = 'fd00::1'
    pool(d).servers[0].address = 'fd00:0:0:0:0:0:0:1'
  },
  /persistentChatPools\/0\/servers\/0\/address$/,
)
breaks(
  '[TR7] an IPv4 address and what IPv6 calls it',
  enterprise,
  d => {
    ep(d).servers[0].address = '10.0.0.1'
    pool(d).servers[0].address = '::ffff:10.0.0.1'
  },
  /persistentChatPools\/0\/servers\/0\/address$/,
)
for (const address of ['::ffff:0.0.0.0', '0:0:0:0:0:0:0:0', '::ffff:224.0.0.1'])
  breaks(
    `[TR6] ${address}, in the other form`,
    enterprise,
    d => {
      pool(d).servers[0].address = address
    },
    /servers\/0\/address$/,
  )
breaks(
  '[TR8] NATS and PostgreSQL on one port of a machine that is none of the topology',
  enterprise,
  d => {
    pool(d).nats.servers[0] = { host: 'db1.example.com', port: 5432 }
  },
  /store\/hosts\/0\/port$/,
)
breaks(
  '[TR8] a Standard Edition server that listens where its own PostgreSQL does',
  standard,
  d => Object.assign(pool(d), { port: 5432, store: { hosts: [{ host: 'localhost' }] } }),
  /store\/hosts\/0\/port$/,
)
everyRuleBreaks(nameRules)
