import { type Found, type Rule, repeated } from '../rule.ts'
import type { View } from '../view.ts'

/** Sites, and which pool is for which. */
export const siteRules: Rule[] = [
  {
    id: 'TR9',
    level: 'error',
    text: 'A site that something belongs to, or a pool is for, is declared.',
    find: ({ topology }) =>
      mentions(topology)
        .filter(({ site }) => site !== undefined && !topology.sites.some(({ name }) => name === site))
        .map(({ site, path }) => ({
          path,
          reason: `There is no site ${site}.`,
          mend:
            topology.sites.length > 0
              ? `Give one of ${topology.sites.map(({ name }) => name).join(', ')}, or declare it under sites.`
              : 'Declare it under sites.',
        })),
  },
  {
    id: 'TR10',
    level: 'error',
    text: 'With Enterprise Edition, or where sites are declared, each pool and each Standard Edition server belongs to one.',
    find: findHomeless,
  },
  {
    id: 'TR11',
    level: 'error',
    text: 'A site has at most one default pool, and so have all sites together.',
    find: ({ pools }) => {
      const all = pools
        .filter(({ pool }) => pool.defaultFor.allSites)
        .map(({ path }) => ({ key: 'all sites', path: `${path}/defaultFor/allSites` }))
      const each = pools.flatMap(({ pool, path }) =>
        pool.defaultFor.sites.map((site, i) => ({ key: `site ${site}`, path: `${path}/defaultFor/sites/${i}` })),
      )
      return repeated([...all, ...each], one => one.key).map(({ one }) => ({
        path: one.path,
        reason: `There is a default pool for ${one.key} already, and rooms are created in one only.`,
        mend: 'Leave it to one pool.',
      }))
    },
  },
  {
    id: 'TR12',
    level: 'advice',
    text: 'The next hop of a pool stands in the site of the pool.',
    find: ({ pools }) =>
      pools
        .filter(
          ({ pool, nextHop, standard }) =>
            !standard && nextHop && pool.site !== undefined && nextHop.site !== undefined,
        )
        .filter(({ pool, nextHop }) => pool.site !== nextHop?.site)
        .map(({ pool, path, nextHop }) => ({
          path: `${path}/nextHop`,
          reason: `${nextHop!.fqdn} is in ${nextHop!.site}, so that web services reach their store from one site in another.`,
          mend: `Take a Front End pool of ${pool.site}.`,
        })),
  },
  {
    id: 'TR13',
    level: 'advice',
    text: 'A second pool in a site is told that rooms never span pools, nor move between them.',
    find: ({ pools }) =>
      repeated(pools, ({ pool, standard }) => standard?.site ?? pool.site).map(({ one, first }) => ({
        path: one.path,
        reason: `${one.pool.fqdn} and ${first.pool.fqdn} are in one site. Rooms, categories and add-ins never span pools, nor move between them.`,
        mend: 'Several pools are for data that must stay apart; for more users give one pool more servers.',
      })),
  },
  {
    id: 'TR79',
    level: 'advice',
    text: 'Where one of several pools has keys that hand sign-ins over, all of them have.',
    find: ({ pools }) => {
      if (pools.length < 2 || !pools.some(({ pool }) => pool.handOverKeyFile !== undefined)) return []
      return pools
        .filter(({ pool }) => pool.handOverKeyFile === undefined)
        .map(({ pool, path }) => ({
          path,
          reason: `${pool.fqdn} has no keys, so that people sign in at it once more, and from there at the others.`,
          mend: 'Give it handOverKeyFile, with the same keys.',
        }))
    },
  },
]

type Mention = { site: string | undefined; path: string }

function mentions(topology: View['topology']): Mention[] {
  return [
    ...topology.enterprisePools.map(({ site }, i) => ({ site, path: `/enterprisePools/${i}/site` })),
    ...topology.standardServers.map(({ site }, i) => ({ site, path: `/standardServers/${i}/site` })),
    ...topology.persistentChatPools.flatMap(({ site, servers, defaultFor }, i) => [
      { site, path: `/persistentChatPools/${i}/site` },
      ...servers.map((one, j) => ({ site: one.site, path: `/persistentChatPools/${i}/servers/${j}/site` })),
      ...defaultFor.sites.map((one, j) => ({ site: one, path: `/persistentChatPools/${i}/defaultFor/sites/${j}` })),
    ]),
  ]
}

function findHomeless({ topology }: View): Found[] {
  const { sites, enterprisePools, standardServers, persistentChatPools } = topology
  if (sites.length === 0 && enterprisePools.length === 0) return []
  const standards = new Set(standardServers.map(({ fqdn }) => fqdn))
  const ofAll: [string, { fqdn: string; site?: string | undefined }[]][] = [
    ['/enterprisePools', enterprisePools],
    ['/standardServers', standardServers],
    ['/persistentChatPools', persistentChatPools],
  ]
  return ofAll.flatMap(([part, all]) =>
    all.flatMap(({ fqdn, site }, i) => {
      // A pool on a Standard Edition server is where that is.
      const isThere = part === '/persistentChatPools' && standards.has(fqdn)
      if (site !== undefined || isThere) return []
      return [
        {
          path: `${part}/${i}`,
          reason: `${fqdn} belongs to no site, so that no policies and options of a site are for it.`,
          mend: sites.length > 0 ? `Add site: ${sites[0]!.name}.` : 'Declare a site under sites, and add site here.',
        },
      ]
    }),
  )
}
