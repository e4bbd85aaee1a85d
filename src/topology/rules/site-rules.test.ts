import { allows, breaks, everyRuleBreaks } from '../../../test/topology-breaks.ts'
import { enterprise, ep, pool, twoPools } from '../../../test/topology-document.ts'
import { siteRules } from './site-rules.ts'

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
const standards = (...sites: string[]) => ({
  version: 1,
  sites: [{ name: 'a' }, { name: 'b' }],
  standardServers: sites.map((site, i) => ({ fqdn: `se${i}.example.com`, site })),
  persistentChatPools: sites.map((_, i) => ({ fqdn: `se${i}.example.com`, name: `p${i}`, displayName: `P${i}` })),
})
breaks(
  '[TR13] two Standard Edition servers in a site, whose pools say none',
  () => standards('a', 'b'),
  d => {
    d.standardServers[1].site = 'a'
  },
  /persistentChatPools\/1$/,
)
breaks(
  '[TR79] one of two pools has keys that hand sign-ins over',
  twoPools,
  document => {
    document.persistentChatPools[1].handOverKeyFile = '/etc/pchat/hand-over.keys'
  },
  /^\/persistentChatPools\/0$/,
)
allows('[TR79] both pools have them', twoPools, document => {
  for (const pool of document.persistentChatPools) pool.handOverKeyFile = '/etc/pchat/hand-over.keys'
})

everyRuleBreaks(siteRules)
