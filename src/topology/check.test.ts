import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../test/source.ts'
import {
  chats,
  enterprise,
  onStandardHop,
  pool,
  readWritten,
  topologyOf,
  twoPools,
  type Written,
  withPool,
} from '../../test/topology-document.ts'
import { changeRules } from './change.ts'
import { checkTopology, locate, rules } from './check.ts'

test('[TR59] each rule stands in SPEC.md with its own words', () => {
  const spec = readFileSync(join(root, 'SPEC.md'), 'utf8')
  const lines = [...rules, ...changeRules].map(
    ({ id, text, level }) => `- **${id}** ${text}${level === 'advice' ? ' (Advice.)' : ''}`,
  )
  expect(lines.filter(line => !spec.split('\n').includes(line))).toEqual([])
})

test('[TR59] all findings come at once, errors first, each with its line', () => {
  const document = enterprise()
  delete pool(document).nats
  pool(document).servers[0].address = '0.0.0.0'
  pool(document).store.tls = false
  document.sites.push({ name: 'main' })
  const { topology, places } = readWritten(document)
  const findings = locate(checkTopology(topology), places)
  expect(findings.map(({ rule }) => rule)).toEqual(['TR1', 'TR6', 'TR44', 'TR36'])
  const lines = JSON.stringify(document, null, 2).split('\n')
  expect(lines[findings[1]!.line - 1]).toContain('0.0.0.0')
  expect(lines[findings[3]!.line - 1]).toContain('"tls": false')
})

test('[TR59] what is supported is found sound: a Standard Edition server as next hop, a pool of one, two pools on one next hop, an IPv6 address', () => {
  const soundly = (document: Written) => checkTopology(topologyOf(document)).filter(({ level }) => level === 'error')
  expect(soundly(onStandardHop())).toEqual([])
  const one = withPool({ servers: chats(1), users: {} })
  expect(soundly(one)).toEqual([])
  const shared = twoPools()
  shared.enterprisePools.pop()
  Object.assign(pool(shared, 1), { nextHop: 'fe.example.com' })
  expect(soundly(shared).map(({ rule }) => rule)).toEqual(['TR8', 'TR8'])
  pool(shared, 1).webPort = 8443
  expect(soundly(shared)).toEqual([])
  expect(
    soundly(withPool({ servers: chats(1, 2).map((server, i) => ({ ...server, address: `fd00::${i + 1}` })) })),
  ).toEqual([])
})
