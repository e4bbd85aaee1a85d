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

test('[TR70] an option that servers follow, and one that they are started with', () => {
  const [standby, port] = differences(document => {
    pool(document).servers[2].standby = false
    pool(document).port = 8443
  }).reverse()
  expect(port).toEqual({
    where: 'persistentChatPools[chat.example.com].port',
    change: 'changed',
    before: 443,
    after: 8443,
    effect: 'restart',
    servers: chats,
  })
  expect(standby).toEqual({
    where: 'persistentChatPools[chat.example.com].servers[chat3.example.com].standby',
    change: 'changed',
    before: true,
    after: false,
    effect: 'running',
    servers: [],
  })
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
  expect(nothing).toMatchObject([{ effect: 'restart', servers: [] }])
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
      servers: ['chat1.example.com'],
    },
    {
      where: 'persistentChatPools[chat.example.com].servers[chat4.example.com]',
      change: 'added',
      before: undefined,
      after: 'chat4.example.com',
      effect: 'start',
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
      servers: [...chats, ...fronts],
    },
  ])
})

test('[TR70] documents that are not sound are compared, too', () => {
  const twice = differences(document => pool(document).servers.push({ fqdn: 'chat1.example.com' }))
  expect(twice).toMatchObject([
    { where: 'persistentChatPools[chat.example.com].servers[chat1.example.com (2)]', change: 'added' },
  ])
})
