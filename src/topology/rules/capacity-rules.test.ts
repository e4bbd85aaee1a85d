import { breaks, everyRuleBreaks } from '../../../test/topology-breaks.ts'
import { enterprise, pool, standard, twoPools, type Written, withPool } from '../../../test/topology-document.ts'
import { capacityRules } from './capacity-rules.ts'

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
  large,
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
breaks(
  '[TR53] devices of one pool, and 1.5 for each user of another that says nothing',
  large,
  d => {
    pool(d, 1).users.endpoints = 60_001
  },
  /persistentChatPools\/1\/users\/endpoints$/,
)
everyRuleBreaks(capacityRules)

function large(): Written {
  const document = twoPools()
  for (const hop of document.enterprisePools) hop.servers.pop()
  for (const [i, domain] of ['example.com', 'paris.example.com'].entries())
    Object.assign(pool(document, i), {
      workers: 2,
      servers: [1, 2, 3].map(one => ({ fqdn: `chat${one}.${domain}` })),
      users: { concurrent: 40_000 },
    })
  return document
}
