import { expect, test } from 'vitest'
import { effectOn } from './central-effect.ts'
import type { Effect } from './central-follow.ts'
import { exampleDocument } from './example.ts'

const before = exampleDocument('enterprise-edition')
const on = (fqdn: string, after: string) => effectOn(fqdn)(before, after)

test('[CM16] a change that running servers follow wants no restart of anybody', () => {
  const named = before.replace('displayName: Main rooms', 'displayName: All rooms')
  const { followed, restart } = on('chat1.example.com', named) as Effect
  expect(followed).toEqual([expect.stringMatching(/displayName is All rooms, and was Main rooms/)])
  expect(restart).toEqual([])
  expect(on('chat1.example.com', before)).toEqual({ followed: [], restart: [] })
})

test('[CM16] a restart is told to the servers that a change touches', () => {
  const folder = before.replace(
    '- fqdn: chat2.example.com',
    '- fqdn: chat2.example.com\n        dataDir: /srv/elsewhere',
  )
  expect(folder).not.toBe(before)
  expect((on('chat2.example.com', folder) as Effect).restart).toEqual([expect.stringContaining('/srv/elsewhere')])
  expect((on('chat1.example.com', folder) as Effect).restart).toEqual([])
  const fewer = before.replace(/ {6}- fqdn: chat2\.example\.com\n/, '')
  expect(on('chat3.example.com', fewer)).toEqual({ followed: [], restart: [] })
})

test('[CM17] a document that cannot be read throws, with the line', () => {
  expect(() => on('chat1.example.com', 'version: 2\n')).toThrow(/^line 1: /)
  expect(() => effectOn('chat1.example.com')('also: broken', before)).toThrow()
})

test('[CM17] a document that is not sound for this program throws', () => {
  const double = before.replace('fqdn: chat2.example.com', 'fqdn: chat1.example.com')
  expect(() => on('chat1.example.com', double)).toThrow(/^it is not sound for this program: /)
})

test('[CM17] a document in which a server has no place says so', () => {
  const fewer = before.replace(/ {6}- fqdn: chat2\.example\.com\n/, '')
  expect(on('chat2.example.com', fewer)).toEqual({ gone: expect.stringMatching(/no machine chat2\.example\.com/) })
  expect(effectOn('chat1.example.com', 'another')(before, before)).toEqual({
    gone: expect.stringMatching(/runs for pchat.*--pool/),
  })
})
