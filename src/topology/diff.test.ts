import { expect, test } from 'vitest'
import { exampleOf, topologyOf, twoPools, type Written } from '../../test/topology-document.ts'
import { diffTopologies } from './diff.ts'

const enterprise = () => exampleOf('enterprise-edition')

/** What differs once the document is changed so. */
function differences(change: (document: Written) => void, base: () => Written = enterprise) {
  const after = base()
  change(after)
  return diffTopologies(topologyOf(base()), topologyOf(after))
}
const pool = (document: Written) => document.persistentChatPools[0]
const chats = ['chat1.example.com', 'chat2.example.com', 'chat3.example.com']
const fronts = ['fe1.example.com', 'fe2.example.com']
const asked = (doing: string, ...servers: string[]) => servers.map(server => ({ doing, server }))

test('[TR70] the order of parts, and a default that is said, are no difference', () => {
  expect(
    differences(document => {
      document.persistentChatPools.reverse()
      document.sites.reverse()
      document.enterprisePools[0].servers.reverse()
      pool(document).servers.reverse()
      pool(document).servers[0].standby ??= false
      pool(document).logLevel = 'info'
    }, twoPools),
  ).toEqual([])
})

test('[TR70] an option that a command says to servers, one that no server asks for, and one that they are started with', () => {
  const [shown, port, standby] = differences(document => {
    pool(document).servers[2].standby = false
    pool(document).port = 8443
    pool(document).displayName = 'All rooms'
  })
  expect(shown).toMatchObject({ change: 'changed', effect: 'running', asks: [], servers: [] })
  expect(shown).not.toHaveProperty('verb')
  expect(port).toEqual({
    where: 'persistentChatPools[chat.example.com].port',
    change: 'changed',
    before: 443,
    after: 8443,
    effect: 'restart',
    asks: asked('restart', ...chats),
    servers: chats,
  })
  expect(standby).toEqual({
    where: 'persistentChatPools[chat.example.com].servers[chat3.example.com].standby',
    change: 'changed',
    before: true,
    after: false,
    effect: 'verb',
    verb: 'pchat pool active-servers set',
    asks: [],
    servers: [],
  })
  const off = differences(document => {
    pool(document).compliance.enabled = false
  })
  expect(off).toMatchObject([{ effect: 'verb', verb: 'pchat compliance enable or disable', servers: [] }])
})

test('[TR70] only machines that are started otherwise are named: an archive is no matter of Front End Servers', () => {
  const archive = differences(document => {
    pool(document).compliance.store.hosts = [{ host: 'db8.example.com' }]
  })
  expect(archive).toMatchObject([
    { where: 'persistentChatPools[chat.example.com].compliance.store.hosts', servers: chats },
  ])
  const store = differences(document => {
    pool(document).store.database = 'rooms'
  })
  expect(store).toMatchObject([{ effect: 'restart', servers: [...chats, ...fronts] }])
  const nothing = differences(document => {
    pool(document).scannerAway = 'open'
  })
  expect(nothing).toMatchObject([{ effect: 'running', asks: [], servers: [] }])
  const certificate = differences(document => {
    document.enterprisePools[0].servers[1].certificate = { from: 'authority' }
  })
  expect(certificate).toMatchObject([{ effect: 'restart', servers: ['fe2.example.com'] }])
})

test('[TR70] a server that is added starts, one that is taken away is drained and stops', () => {
  expect(
    differences(document => {
      pool(document).servers.shift()
      pool(document).servers.push({ fqdn: 'chat4.example.com' })
    }),
  ).toEqual([
    {
      where: 'persistentChatPools[chat.example.com].servers[chat1.example.com]',
      change: 'removed',
      before: 'chat1.example.com',
      after: undefined,
      effect: 'stop',
      asks: asked('stop', 'chat1.example.com'),
      servers: ['chat1.example.com'],
    },
    {
      where: 'persistentChatPools[chat.example.com].servers[chat4.example.com]',
      change: 'added',
      before: undefined,
      after: 'chat4.example.com',
      effect: 'start',
      asks: asked('start', 'chat4.example.com'),
      servers: ['chat4.example.com'],
    },
  ])
})

test('[TR70] pools, sites and what was left out before', () => {
  const pools = differences(document => {
    document.persistentChatPools.pop()
    document.sites.push({ name: 'rome' })
  }, twoPools)
  expect(pools).toMatchObject([
    { where: 'sites[rome]', change: 'added', effect: 'running', servers: [] },
    {
      where: 'persistentChatPools[talk.paris.example.com]',
      change: 'removed',
      effect: 'stop',
      servers: [...chats, ...fronts].map(name => name.replace('example', 'paris.example')),
    },
  ])
  expect(
    differences(document => {
      pool(document).clamd = 'clamd.example.com:3310'
      delete pool(document).displayName
    }),
  ).toMatchObject([
    { where: 'persistentChatPools[chat.example.com].displayName', change: 'removed', effect: 'running' },
    {
      where: 'persistentChatPools[chat.example.com].clamd',
      change: 'added',
      effect: 'restart',
      servers: fronts,
    },
  ])
})

type Named = { server: string }
const byServer = (one: Named, other: Named) => one.server.localeCompare(other.server)

/** Two pools that one Front End pool serves. */
function shared(): Written {
  const document = twoPools()
  document.enterprisePools.pop()
  Object.assign(document.persistentChatPools[1], { nextHop: 'fe.example.com', webPort: 8443 })
  return document
}

test('[TR70] machines that go on with another pool are not stopped: their one process is', () => {
  const found = differences(document => document.persistentChatPools.pop(), shared)
  expect(found).toMatchObject([{ where: 'persistentChatPools[talk.paris.example.com]', effect: 'stop' }])
  expect(found[0]!.asks).toEqual([
    ...asked('stop', ...chats.map(name => name.replace('example', 'paris.example'))),
    ...fronts.map(server => ({ doing: 'stop', server, process: 'web-paris' })),
  ])
})

test('[TR70] the name that people open the pages at is of all servers that it is the next hop of, and none is started with that of its own pool', () => {
  const renamed = differences(document => {
    pool(document).fqdn = 'rooms.example.com'
  }, shared)
  expect(renamed.map(({ change, effect, asks }) => [change, effect, asks])).toEqual([
    ['removed', 'running', []],
    ['added', 'running', []],
  ])
  const all = asked('restart', ...fronts, ...chats)
  const hop = differences(document => {
    document.enterprisePools[0].fqdn = 'web.example.com'
    pool(document).nextHop = 'web.example.com'
  })
  expect(hop.map(({ effect }) => effect)).toEqual(Array(3).fill('restart'))
  for (const { asks } of hop) expect(asks.sort(byServer)).toEqual(all.sort(byServer))
})

test('[TR70] another next hop: its machines start, and those of the one before stop', () => {
  const found = differences(document => {
    document.enterprisePools.push({ fqdn: 'gg.example.com', site: 'main', servers: [{ fqdn: 'g1.example.com' }] })
    pool(document).nextHop = 'gg.example.com'
  })
  const asks = (end: string) => found.find(({ where }) => where.endsWith(end))!.asks
  expect(asks('.nextHop').sort(byServer)).toEqual([...asked('restart', ...chats), ...asked('stop', ...fronts)])
  expect(asks('[gg.example.com]').sort(byServer)).toEqual([
    ...asked('restart', ...chats),
    ...asked('start', 'g1.example.com'),
  ])
})

test('[TR70] a server that goes to another pool starts anew there', () => {
  const found = differences(document => {
    document.persistentChatPools[1].servers.push(pool(document).servers.pop())
  }, shared)
  expect(found).toHaveLength(2)
  for (const one of found) expect(one).toMatchObject({ effect: 'restart', servers: ['chat3.example.com'] })
})

test('[TR70] documents that are not sound are compared, too', () => {
  const twice = differences(document => pool(document).servers.push({ fqdn: 'chat1.example.com' }))
  expect(twice).toMatchObject([
    { where: 'persistentChatPools[chat.example.com].servers[chat1.example.com (2)]', change: 'added' },
  ])
})
