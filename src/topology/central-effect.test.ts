import { expect, test } from 'vitest'
import { effectOn } from './central-effect.ts'
import { exampleDocument } from './example.ts'

const before = exampleDocument('enterprise-edition')
const on = (fqdn: string, after: string) => effectOn(fqdn)(before, after)

test('[CM16] a change that running servers follow wants no restart of anybody', () => {
  const named = before.replace('displayName: Main rooms', 'displayName: All rooms')
  const { followed, restart } = on('chat1.example.com', named)
  expect(followed).toEqual([expect.stringMatching(/displayName is All rooms, and was Main rooms/)])
  expect(restart).toEqual([])
  expect(on('chat1.example.com', before)).toEqual({ followed: [], restart: [] })
})

test('[CM16] a restart is told to the servers that a change touches, and a removal to who is removed', () => {
  const folder = before.replace(
    '- fqdn: chat2.example.com',
    '- fqdn: chat2.example.com\n        dataDir: /srv/elsewhere',
  )
  expect(folder).not.toBe(before)
  expect(on('chat2.example.com', folder).restart).toEqual([expect.stringContaining('/srv/elsewhere')])
  expect(on('chat1.example.com', folder).restart).toEqual([])
  const fewer = before.replace(/ {6}- fqdn: chat2\.example\.com\n/, '')
  expect(on('chat2.example.com', fewer).restart).toEqual([expect.stringMatching(/chat2\.example\.com.* is removed/)])
  expect(on('nobody.example.com', fewer).restart).toEqual([])
})

test('[CM17] a document that cannot be read throws, with the line', () => {
  expect(() => on('chat1.example.com', 'version: 2\n')).toThrow(/^line 1: /)
  expect(() => effectOn('x')('also: broken', before)).toThrow()
})
