import { expect, test } from 'vitest'
import { standard, topologyOf, twoPools, type Written } from '../../test/topology-document.ts'
import { effectOn } from './central-effect.ts'
import { diffTopologies } from './diff.ts'
import { planServer, planServers } from './plan.ts'
import { poolsText } from './pool-places.ts'
import { stepsOf } from './steps.ts'

const told = (document: Written, fqdn: string) =>
  planServer(topologyOf(document), fqdn)!.processes.map(({ pools }) => pools)

/** Two pools on the same Front End Servers, each on a port of its own. */
function shared(): Written {
  const document = twoPools()
  Object.assign(document.persistentChatPools[1], { nextHop: 'fe.example.com', webPort: 8443, site: 'main' })
  document.enterprisePools.splice(1)
  document.sites = [{ name: 'main' }]
  document.persistentChatPools[1].defaultFor = {}
  return document
}

test('[PL15] each server is told where people sign in at each pool, and which one is for rooms of its site', () => {
  const main = { name: 'pchat', displayName: 'Main rooms', url: 'https://fe.example.com' }
  const paris = { name: 'paris', displayName: 'Paris', url: 'https://fe.paris.example.com' }
  for (const fqdn of ['chat1.example.com', 'fe2.example.com'])
    expect(told(twoPools(), fqdn)).toEqual([[{ ...main, default: true }, paris]])
  for (const fqdn of ['chat2.paris.example.com', 'fe1.paris.example.com'])
    expect(told(twoPools(), fqdn)).toEqual([[main, { ...paris, default: true }]])
  // A site without a pool of its own has that of all sites; a machine of a pool may stand there.
  const document = twoPools()
  document.sites.push({ name: 'rome' })
  document.persistentChatPools[1].servers[0].site = 'rome'
  expect(told(document, 'chat1.paris.example.com')[0]).toEqual([{ ...main, default: true }, paris])
  document.persistentChatPools[0].defaultFor = {}
  expect(told(document, 'chat1.paris.example.com')[0]?.some(one => one.default)).toBe(false)
})

test('[PL15] pools that share Front End Servers are told apart by their ports; on Standard Edition by the machine', () => {
  const urls = ['https://fe.example.com', 'https://fe.example.com:8443']
  expect(told(shared(), 'fe1.example.com').map(pools => pools.map(({ url }) => url))).toEqual([urls, urls])
  const document = standard()
  document.standardServers.push({ fqdn: 'north.example.com', certificate: { from: 'self-signed' } })
  document.persistentChatPools[0].displayName = 'Main'
  document.persistentChatPools.push({ fqdn: 'north.example.com', name: 'north', displayName: 'North', port: 9443 })
  expect(told(document, 'north.example.com')[0]?.map(({ url }) => url)).toEqual([
    'https://chat.example.com',
    'https://north.example.com:9443',
  ])
})

test('[PL15] [BS69] where there is one pool nothing is told, and a step takes away what was; with several it is no part of the start, and the step writes it', () => {
  expect(told(standard(), 'chat.example.com')).toEqual([[]])
  const alone = stepsOf(planServer(topologyOf(standard()), 'chat.example.com')!).find(({ id }) => id === 'pools')
  expect(alone?.does).toEqual([expect.stringMatching(/^rm -f \/var\/lib\/pchat\/pools\.json, since/)])
  const plan = planServer(topologyOf(shared()), 'fe1.example.com')!
  const step = stepsOf(plan).find(({ id }) => id === 'pools')
  expect(step?.does).toHaveLength(2)
  expect(step?.does[1]).toContain('/var/lib/pchat/web-paris/pools.json')
  expect(JSON.stringify(plan.processes.map(({ settings }) => settings))).not.toContain('Main rooms')
  expect(JSON.parse(poolsText(plan.processes[0]!.pools))).toEqual({ pools: plan.processes[0]!.pools })
})

test('[PL15] a new pool, another name or place of one, and another default are followed; its keys want a restart of its servers', () => {
  const effects = (change: (document: Written) => void, base = twoPools) => {
    const after = base()
    change(after)
    return diffTopologies(topologyOf(base()), topologyOf(after))
  }
  const name = effects(document => {
    document.persistentChatPools[1].displayName = 'Paris rooms'
  })
  expect(name).toMatchObject([{ effect: 'running', asks: [] }])
  const chosen = effects(document => {
    document.persistentChatPools[0].defaultFor = { allSites: false, sites: ['main'] }
  })
  expect(chosen.map(({ effect }) => effect)).toEqual(['running', 'running'])
  const added = effects(
    document => {
      document.persistentChatPools.push(shared().persistentChatPools[1])
    },
    () => {
      const document = shared()
      document.persistentChatPools.splice(1)
      return document
    },
  )
  const asks = added.flatMap(one => one.asks)
  expect(new Set(asks.map(({ doing }) => doing))).toEqual(new Set(['start']))
  expect(asks.some(({ server, process }) => server === 'fe1.example.com' && process === 'web-paris')).toBe(true)
  const keys = effects(document => {
    document.persistentChatPools[1].handOverKeyFile = '/etc/pchat/hand-over.keys'
  })
  expect(keys).toMatchObject([{ effect: 'restart' }])
  expect(keys[0]!.servers.every(server => server.includes('.paris.'))).toBe(true)
  expect(keys[0]!.servers).toContain('fe1.paris.example.com')
  // What a server that follows is told of it.
  const after = twoPools()
  after.persistentChatPools[1].displayName = 'Paris rooms'
  expect(effectOn('chat1.example.com')(JSON.stringify(twoPools()), JSON.stringify(after))).toMatchObject({
    followed: [expect.stringContaining('Paris rooms')],
    restart: [],
  })
})

test('[PL15] the keys are given to each process, and no key is in a plan', () => {
  const document = twoPools()
  document.persistentChatPools[0].handOverKeyFile = '/etc/pchat/hand-over.keys'
  const plans = planServers(topologyOf(document))
  const withKeys = plans.flatMap(({ processes }) => processes).filter(one => one.settings.handOverKeyFile)
  expect(withKeys.map(({ pool }) => pool)).toEqual(Array(5).fill('chat.example.com'))
  const secrets = stepsOf(planServer(topologyOf(document), 'fe1.example.com')!).find(({ id }) => id === 'secrets')
  expect(secrets?.does).toContain('chmod 0600 /etc/pchat/hand-over.keys')
})
