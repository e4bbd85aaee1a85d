import { expect, test } from 'vitest'
import { publishedSchema } from '../../../src/topology/published.ts'
import { carriedPointer } from './topology-carry.ts'
import type { OptionSchema } from './topology-schema.ts'

const schema = publishedSchema() as OptionSchema
const pool = (fqdn: string, ...servers: string[]) => ({
  ...{ fqdn, store: { hosts: [{ host: 'db1' }] } },
  servers: servers.map(one => ({ fqdn: one })),
})
const before = { persistentChatPools: [pool('a', 'a1', 'a2'), pool('b', 'b1', 'b2')] }
const second = '/persistentChatPools/1/servers/1'

test('[TB44] the part whose form is open is found by its name, wherever it stands; a place alone finds none', () => {
  const carry = (after: unknown, pointer: string, isEdit: boolean) =>
    carriedPointer(schema, before, after, pointer, isEdit)
  for (const isEdit of [true, false]) {
    expect(carry(before, second, isEdit)).toBe(second)
    const moved = { persistentChatPools: [pool('c'), pool('b', 'b0', 'b1', 'b2'), pool('a', 'a1', 'a2')] }
    expect(carry(moved, second, isEdit)).toBe('/persistentChatPools/1/servers/2')
    expect(carry(moved, '/persistentChatPools/0', isEdit)).toBe('/persistentChatPools/2')
    expect(carry(moved, '/persistentChatPools/0/store', isEdit)).toBe('/persistentChatPools/2/store')
    const shorter = { persistentChatPools: [pool('b', 'b1', 'b3')] }
    expect(carry(shorter, '/persistentChatPools/0', isEdit)).toBeUndefined()
    expect(carry(shorter, '/persistentChatPools/1', isEdit)).toBe('/persistentChatPools/0')
    expect(carry({}, second, isEdit)).toBeUndefined()
  }
  const renamed = { persistentChatPools: [pool('a', 'a1', 'a2'), pool('b', 'b1', 'b1')] }
  expect(carry(renamed, second, true)).toBe(second)
  // Of somebody else it is another server.
  expect(carry(renamed, second, false)).toBeUndefined()
})
