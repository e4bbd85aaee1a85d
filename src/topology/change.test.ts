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
  expect(checkChange(after, before).map(({ rule }) => rule)).toEqual(['TR58'])
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

test('[TR69] a pool that began with one computer grows by a line', () => {
  const small = topologyOf(withPool({ servers: chats(1), users: {} }))
  const grown = topologyOf(withPool({ servers: chats(1, 2), users: {} }))
  expect(checkTopology(grown)).toEqual([])
  expect(checkChange(small, grown)).toEqual([])
})
