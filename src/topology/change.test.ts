import { expect, test } from 'vitest'
import { chats, enterprise, topologyOf, withPool } from '../../test/topology-document.ts'
import { checkChange } from './change.ts'
import { checkTopology, isSound } from './check.ts'

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
  expect(checkChange(after, before).map(({ rule, path }) => [rule, path])).toEqual([
    ['TR58', '/persistentChatPools/0/store'],
    ['TR58', '/persistentChatPools/0/fileStore'],
  ])
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

/** A Standard Edition server with its pool, of which this is changed. */
const standardOf = (fqdn: string, server: object = {}, more: object = {}) => ({
  version: 1,
  standardServers: [{ fqdn, ...server }],
  persistentChatPools: [{ fqdn, ...more }],
})

test('[TR57] a new Standard Edition deployment is no pool from before for having the usual name', () => {
  const before = topologyOf(enterprise())
  expect(checkChange(before, topologyOf(standardOf('se9.example.com')))).toEqual([])
  expect(checkChange(before, topologyOf(standardOf('chat1.example.com')))).toMatchObject([
    { rule: 'TR57', path: '/persistentChatPools/0/name' },
  ])
})

test('[TR58] embedded stores, archives and files that come to be elsewhere are told with the place', () => {
  const told = (before: object, after: object) =>
    checkChange(topologyOf(before), topologyOf(after)).map(({ path }) => path)
  const se = 'chat.example.com'
  const moved = told(standardOf(se, { dataDir: '/a' }), standardOf(se, { dataDir: '/b' }))
  expect(moved).toEqual(Array(2).fill('/standardServers/0/dataDir'))
  const recorded = { compliance: { enabled: true } }
  expect(told(standardOf(se, { dataDir: '/a' }, recorded), standardOf(se, { dataDir: '/b' }, recorded))).toHaveLength(3)
  const place = { fileStore: { place: '/srv/files' } }
  expect(told(standardOf(se, {}, place), standardOf(se, { dataDir: '/b' }, place))).toEqual([
    '/standardServers/0/dataDir',
  ])
  const changed = (more: object) => told(enterprise(), withPool(more))
  expect(changed({ fileStore: { place: 's3://bucket' } })).toEqual(['/persistentChatPools/0/fileStore'])
  const { compliance } = enterprise().persistentChatPools[0]
  const store = { ...compliance.store, hosts: [{ host: 'db8.example.com' }] }
  expect(changed({ compliance: { ...compliance, store } })).toEqual(['/persistentChatPools/0/compliance/store'])
  expect(changed({ displayName: 'Another' })).toEqual([])
})

test('[TR69] a pool that began with one computer grows by a line', () => {
  const small = topologyOf(withPool({ servers: chats(1), users: {} }))
  const grown = topologyOf(withPool({ servers: chats(1, 2), users: {} }))
  expect(checkTopology(grown)).toEqual([])
  expect(checkChange(small, grown)).toEqual([])
})
