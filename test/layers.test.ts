// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings here are source texts to be read.
import { describe, expect, test } from 'vitest'
import {
  cycles,
  defaultExports,
  emptyNames,
  impurities,
  layerOf,
  longFiles,
  mayImport,
  strayTechnology,
  wrongLayers,
} from './layers.ts'
import { importsOf, mask, readSources, type Source } from './source.ts'

const sources = readSources(['src', 'web', 'bench', 'bin', 'test'], /\.tsx?$/)

/** Files of a small repository that breaks the rule in question. */
function files(texts: Record<string, string>): Source[] {
  return Object.entries(texts).map(([path, text]) => ({ path, text }))
}

describe('the repository', () => {
  test('[LY1] every import stands in the table of layers', () => {
    expect(sources.length).toBeGreaterThan(20)
    expect(wrongLayers(sources)).toEqual([])
  })
  test('[LY2] no files import each other in a circle', () => expect(cycles(sources)).toEqual([]))
  test('[LY5] [LY6] [LY7] SQL, the bus, sockets and drivers are where they belong', () => {
    expect(strayTechnology(sources)).toEqual([])
  })
  test('[LY8] domain and protocol are pure', () => expect(impurities(sources)).toEqual([]))
  test('[LY9] no file is over 400 lines', () => expect(longFiles(sources)).toEqual([]))
  test('[LY10] file names say what is inside', () => expect(emptyNames(sources)).toEqual([]))
  test('[LY11] there are no default exports', () => expect(defaultExports(sources)).toEqual([]))
})

describe('what the checks find', () => {
  test.each([
    ['store from chat', 'src/store/x.ts', "import { a } from '../chat/y.ts'"],
    ['chat from a role', 'src/chat/x.ts', "import { a } from '../server/y.ts'"],
    ['only a type', 'src/domain/x.ts', "import type { A } from '../store/y.ts'"],
    ['a type in place', 'src/domain/x.ts', "let a: import('../store/y.ts').A"],
    ['typeof', 'src/domain/x.ts', "type A = typeof import('../store/y.ts')"],
    ['dynamic', 'src/pool/x.ts', "const a = await import('../store/y.ts')"],
    [
      'dynamic, with attributes',
      'src/pool/x.ts',
      "const a = await import('../store/y.json', { with: { type: 'json' } })",
    ],
    ['exported on', 'src/domain/x.ts', "export { a } from '../store/y.ts'"],
    ['all exported on', 'src/domain/x.ts', "export * as a from '../store/y.ts'"],
    ['for its effect', 'src/store/x.ts', "import '../directory/y.ts'"],
    ['over lines', 'src/store/x.ts', "import {\n  a,\n  type B,\n} from\n  '../pool/y.ts'"],
    ['as a worker', 'src/domain/x.ts', "new Worker(new URL('../chat/y.ts', import.meta.url))"],
    ['a detour', 'src/domain/x.ts', "import { a } from '../../src/store/y.ts'"],
    ['web from chat', 'web/src/x.tsx', "import { a } from '../../src/chat/y.ts'"],
    ['bench from store', 'bench/x.ts', "import { a } from '../src/store/y.ts'"],
    ['client from domain', 'src/client/x.ts', "import { a } from '../domain/y.ts'"],
    ['protocol from base', 'src/protocol/x.ts', "import { a } from '../base/y.ts'"],
    ['base from protocol', 'src/base/x.ts', "import { a } from '../protocol/y.ts'"],
    ['cli from bench', 'src/cli/x.ts', "import { a } from '../../bench/y.ts'"],
    ['an unknown folder', 'src/attic/x.ts', ''],
    ['a test', 'src/chat/x.ts', "import { a } from '../../test/harness.ts'"],
    ['a test beside it', 'src/chat/x.ts', "import { a } from './y.test.ts'"],
  ])('[LY1] a wrong import: %s', (_, path, text) => {
    expect(wrongLayers(files({ [path]: text }))).toHaveLength(1)
  })

  test.each([
    [
      'cli knows every layer',
      'src/cli/x.ts',
      "import { a } from '../compliance/y.ts'\nimport { b } from '../store/y.ts'",
    ],
    ['every floor below', 'src/server/x.ts', "import { a } from '../chat/y.ts'\nimport { b } from '../protocol/y.ts'"],
    [
      'web by the name of the client',
      'web/src/x.tsx',
      "import { a } from 'pchat-client'\nimport { b } from '../../src/protocol/y.ts'",
    ],
    ['a test reaches everywhere', 'src/domain/x.test.ts', "import { a } from '../store/y.ts'"],
    ['a comment', 'src/domain/x.ts', "// import { a } from '../store/y.ts'\n/* import '../store/z.ts' */"],
    ['a string', 'src/domain/x.ts', 'const a = "import { a } from \'../store/y.ts\'"'],
  ])('[LY1] a right import: %s', (_, path, text) => {
    expect(wrongLayers(files({ [path]: text }))).toEqual([])
  })

  test('[LY1] every layer of the repository is in the table', () => {
    const layers = new Set(sources.map(({ path }) => layerOf(path)).filter(layer => layer !== undefined))
    expect([...layers].filter(layer => !(layer in mayImport))).toEqual([])
  })

  test('[LY2] a circle of files, types left out', () => {
    const circle = files({
      'src/chat/a.ts': "import { b } from './b.ts'",
      'src/chat/b.ts': "export { c } from './c.ts'",
      'src/chat/c.ts': "import { a } from './a.ts'",
      'src/chat/d.ts': "import { a } from './a.ts'",
    })
    expect(cycles(circle)).toEqual(['src/chat/a.ts ⇄ src/chat/b.ts ⇄ src/chat/c.ts'])
    const byType = [...circle.slice(0, 2), { path: 'src/chat/c.ts', text: "import type { A } from './a.ts'" }]
    expect(cycles(byType)).toEqual([])
    expect(cycles(files({ 'src/chat/a.ts': "import { a } from './a.ts'" }))).toEqual(['src/chat/a.ts'])
  })

  test('[LY3] roles, and the three that chat joins, do not know each other', () => {
    const groups = [
      ['server', 'web-services', 'files', 'compliance'],
      ['store', 'pool', 'directory'],
    ]
    for (const group of groups) {
      for (const from of group) {
        for (const to of group.filter(other => other !== from)) {
          // Compliance reads the outbox; it is no part of the second group.
          expect(
            wrongLayers(files({ [`src/${from}/x.ts`]: `import { a } from '../${to}/y.ts'` })),
            `${from}, ${to}`,
          ).toHaveLength(1)
        }
      }
    }
  })

  test('[LY4] compliance takes of the store its connection and the outbox only', () => {
    const reach = (name: string) => files({ 'src/compliance/x.ts': `import { a } from '../store/${name}.ts'` })
    expect(wrongLayers(reach('db'))).toEqual([])
    expect(wrongLayers(reach('outbox'))).toEqual([])
    expect(wrongLayers(reach('message'))).toHaveLength(1)
  })

  test("[LY4] what is published takes connections of the store only, a topology's document nothing", () => {
    const reach = (from: string, to: string) =>
      wrongLayers(files({ [`src/topology/${from}.ts`]: `import { a } from '../${to}.ts'` })).length
    const from = (name: string) =>
      ['store/db', 'store/message', 'protocol/error', 'base/log'].map(to => reach(name, to))
    expect(from('central-follow')).toEqual([0, 1, 0, 0])
    expect(from('replica')).toEqual([0, 1, 0, 0])
    for (const name of ['read', 'schema', 'plan']) expect(from(name), name).toEqual([1, 1, 1, 0])
  })

  test.each([
    "db.query('SELECT a FROM b')",
    'db.query(`SELECT a,\n  b\nFROM ${table}`)',
    "const a = 'INSERT INTO room (id) VALUES ($1)'",
    "const a = 'UPDATE room SET name = $1'",
    "const a = 'DELETE FROM room'",
    "const a = 'CREATE TABLE room ()'",
    "tx.query('COMMIT')",
    "tx.query('SELECT pg_notify($1)')",
    "import pg from 'pg'",
  ])('[LY5] SQL outside the store: %s', text => {
    expect(strayTechnology(files({ 'src/chat/x.ts': text }))).toHaveLength(1)
    expect(strayTechnology(files({ 'bench/load.ts': text }))).toHaveLength(1)
    for (const path of [
      'src/store/x.ts',
      'src/compliance/x.ts',
      'src/topology/x.ts',
      'bench/seed.ts',
      'src/chat/x.test.ts',
    ])
      expect(strayTechnology(files({ [path]: text }))).toEqual([])
  })

  test('[LY5] prose and comments are not SQL', () => {
    const text = "// SELECT a FROM b\nconst a = 'Select a room from the list. Update your settings.'"
    expect(strayTechnology(files({ 'src/chat/x.ts': text }))).toEqual([])
  })

  test('[LY6] only chat publishes', () => {
    const text = "bus.publish('pool', message)"
    expect(strayTechnology(files({ 'src/server/x.ts': text }))).toHaveLength(1)
    expect(strayTechnology(files({ 'src/store/x.ts': text }))).toHaveLength(1)
    expect(strayTechnology(files({ 'src/chat/x.ts': text }))).toEqual([])
  })

  test.each([
    ['src/server/x.ts', "import { connect } from '@nats-io/transport-node'"],
    ['src/pool/bus.ts', "import type { NatsConnection } from 'nats'"],
    ['src/chat/x.ts', "import { WebSocketServer } from 'ws'"],
    ['src/web-services/x.ts', "import { WebSocket } from 'ws'"],
    ['web/src/x.ts', "const socket = new WebSocket('ws://x')"],
  ])('[LY7] a driver in the wrong place: %s, %s', (path, text) => {
    expect(strayTechnology(files({ [path]: text }))).toHaveLength(1)
  })

  test('[LY7] drivers in their places', () => {
    const right = {
      'src/pool/nats.ts': "import { connect } from '@nats-io/transport-node'",
      'src/server/ws.ts': "import { WebSocketServer } from 'ws'",
      'src/client/socket.ts': "const socket = new WebSocket('ws://x')",
    }
    expect(strayTechnology(files(right))).toEqual([])
  })

  test.each([
    'const at = Date.now()',
    'const at = new Date()',
    'setTimeout(f, 1)',
    'const n = Math.random()',
    "import { readFile } from 'node:fs/promises'",
    'const a = process.env.A',
  ])('[LY8] a domain that is not pure: %s', text => {
    expect(impurities(files({ 'src/domain/x.ts': text }))).toHaveLength(1)
    expect(impurities(files({ 'src/chat/x.ts': text }))).toEqual([])
  })

  test('[LY9] long files', () => {
    const lines = (count: number) => 'a\n'.repeat(count)
    expect(longFiles(files({ 'src/chat/x.ts': lines(400) }))).toEqual([])
    expect(longFiles(files({ 'src/chat/x.ts': lines(401) }))).toHaveLength(1)
  })

  test.each([
    'src/chat/roomManager.ts',
    'src/base/util.ts',
    'src/base/string-utils.ts',
    'web/src/common/x.ts',
    'src/store/DbImpl.ts',
    'src/chat/test-helper.ts',
  ])('[LY10] an empty name: %s', path => {
    expect(emptyNames(files({ [path]: '' }))).toHaveLength(1)
  })

  test('[LY11] default exports', () => {
    for (const text of [
      'export default function f() {}',
      'export default { a: 1 }',
      'const f = 1\nexport { f as default }',
    ]) {
      expect(defaultExports(files({ 'src/chat/x.ts': text }))).toHaveLength(1)
      expect(defaultExports(files({ 'vitest.config.ts': text }))).toEqual([])
    }
    expect(defaultExports(files({ 'src/chat/x.ts': "const a = 'export default'" }))).toEqual([])
  })
})

describe('reading source', () => {
  test('[LY12] strings, templates, regular expressions and JSX do not hide what follows', () => {
    const text = [
      "const a = /['\"`//]/.test(b) ? `x ${c ? `y ${'}'}` : \"'\"} z` : 'it\\'s'",
      "const half = total / 2 // a quote: '",
      "const link = <a href='http://x'>Don't</a>",
      "import { late } from './late.ts'",
    ].join('\n')
    expect(importsOf({ path: 'web/src/x.tsx', text })).toEqual([{ to: 'web/src/late.ts', kind: 'value' }])
    const { strings } = mask(text)
    expect(strings).toEqual(expect.arrayContaining(["it\\'s", 'http://x', './late.ts']))
  })

  test('[LY12] kinds of imports', () => {
    const text = [
      "import type { A } from './a.ts'",
      "import { type B, b } from './b.ts'",
      "import c, * as d from './c.ts'",
      "export type { D } from './d.ts'",
      "import('./e.ts').then(f)",
      "let f: import('./f.ts').F",
      "import './g.css'",
      "new URL('./h.ts', import.meta.url)",
    ].join('\n')
    expect(
      importsOf({ path: 'src/x/x.ts', text })
        .map(({ to, kind }) => `${to.slice(6)} ${kind}`)
        .sort(),
    ).toEqual([
      'a.ts type',
      'b.ts value',
      'c.ts value',
      'd.ts type',
      'e.ts value',
      'f.ts type',
      'g.css value',
      'h.ts url',
    ])
  })
})
