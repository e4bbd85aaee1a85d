import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { openRandom } from '../../test/random.ts'
import { exampleOf, readWritten } from '../../test/topology-document.ts'
import { disturbed, randomTopology } from '../../test/topology-random.ts'
import { editions, exampleDocument } from './example.ts'
import type { Fault } from './fault.ts'
import type { Schema } from './option.ts'
import { optionLines } from './option-list.ts'
import { publishedSchema } from './published.ts'
import { maxDocumentBytes, readTopology } from './read.ts'
import { topologySchema } from './schema.ts'
import { secretPattern } from './text.ts'

function faultsOf(text: string): Fault[] {
  const read = readTopology(text)
  return 'faults' in read ? read.faults : []
}

/** `line:column message` of each fault. */
const told = (text: string) => faultsOf(text).map(({ line, column, message }) => `${line}:${column} ${message}`)

test('[TR60] YAML and JSON of one document are one topology, with the defaults of the schema', () => {
  for (const edition of editions) {
    const document = exampleOf(edition)
    const { topology } = readWritten(document)
    expect(readWritten(stringify(document)).topology).toEqual(topology)
    expect(readWritten(exampleDocument(edition)).topology).toEqual(topology)
  }
  expect(readWritten({ version: 1, persistentChatPools: [{ fqdn: 'chat.example.com' }] }).topology).toEqual({
    version: 1,
    sites: [],
    enterprisePools: [],
    standardServers: [],
    persistentChatPools: [
      {
        fqdn: 'chat.example.com',
        name: 'pchat',
        port: 443,
        webPort: 443,
        servers: [],
        workers: 1,
        compliance: { enabled: false },
        scannerAway: 'closed',
        logLevel: 'info',
        users: {},
        defaultFor: { allSites: false, sites: [] },
      },
    ],
  })
  // What is read is the reader's own: nobody changes a default for the next one.
  const { topology } = readWritten({ version: 1 })
  topology.sites.push({ name: 'mine' })
  expect(readWritten({ version: 1 }).topology.sites).toEqual([])
})

test('[TR61] all faults come at once, in the order of the document, with line, column and mend', () => {
  const text = `version: 1
sites:
  - nmae: london
persistentChatPools:
  - fqdn: Chat.example.com
    prot: 8080
    port: "443"
    workers: 65
    scannerAway: ajar
    servers: chat1
    store:
      hosts: []
    dataDir: x
`
  expect(told(text)).toEqual([
    '3:5 sites[0]: name is missing. Add it: Name of the site; policies and options of a site go by it.',
    '3:5 sites[0]: There is no option nmae here. Is name meant?',
    '5:5 persistentChatPools[0].fqdn: This text has not the form of it. Give a name in small letters, such as chat1.example.com. It is: Name of the pool; that of a Standard Edition server puts it on that machine.',
    '6:5 persistentChatPools[0]: There is no option prot here. Is port meant?',
    '7:5 persistentChatPools[0].port: Give a whole number from 1 to 65,535, not a text. It is: Where its servers listen.',
    '8:5 persistentChatPools[0].workers: Give a whole number from 1 to 64, not 65. It is: Processes that serve together on each server.',
    '9:5 persistentChatPools[0].scannerAway: Give one of closed, open. It is: Files wait (closed) or pass (open) while clamd is away.',
    '10:5 persistentChatPools[0].servers: Give a list, not a text. It is: Persistent Chat Servers, 1 to 4 active, up to 8 with those on stand-by; none on Standard Edition.',
    '12:7 persistentChatPools[0].store.hosts: Give at least 1. It is: PostgreSQL 15 or later; several: the primary and its stand-by, in any order.',
    expect.stringMatching(/^13:5 persistentChatPools\[0\]: There is no option dataDir here\. There are: fqdn, name, /),
  ])
})

test('[TR61] an option that stands twice, an empty document, and what is no document', () => {
  expect(told('version: 1\nsites: []\nversion: 1\n')).toEqual(['3:1 version stands here twice. Take one of them away.'])
  expect(told('{"version": 1,\n "sites": [{"name": "a", "name": "b"}]}')).toEqual([
    '2:26 name stands here twice. Take one of them away.',
  ])
  expect(told('')).toEqual([expect.stringMatching(/^1:1 the document: version is missing\. Add it: /)])
  expect(told('- 1')).toEqual([expect.stringMatching(/^1:1 the document: Give a group of options, not a list\./)])
  expect(told('version: 2')).toEqual(['1:1 version: Give 1. It is: Version of this form of document, always 1.'])
  expect(told('version: 1\nsites: [')).toEqual([expect.stringMatching(/^2:9 .*docs\/topology\.md has examples\.$/)])
  expect(told('version: 1\n1: x\n? [a]\n: y\n')).toEqual([
    '2:1 The name of an option is a word. Mend what stands before the colon.',
    '3:3 The name of an option is a word. Mend what stands before the colon.',
  ])
  expect(faultsOf(JSON.stringify({ version: 1, sites: Array(300).fill({ name: 7 }) }))).toHaveLength(100)
})

const levels = (open: string, count: number) => `version: 1\nsites: ${open.repeat(count)}`
const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n')
const bombs: [what: string, text: string, place: string, message: RegExp][] = [
  ['an alias', 'version: 1\nsites: &a []\nenterprisePools: *a', '2:11', /name with & stands before a part/],
  [
    'a billion laughs',
    `version: 1\na: &a [x]\n${lines(9, i => `b${i}: &b${i} [${`*${i ? `b${i - 1}` : 'a'},`.repeat(9)}]`)}`,
    '2:7',
    /name with &/,
  ],
  ['a tag', 'version: !!binary AQ==', '1:19', /tag/],
  ['a tag of its own', 'version: 1\nsites: !pchat []', '2:8', /tag/i],
  ['two documents', 'version: 1\n---\nversion: 1', '2:1', /in one piece/],
  [
    'more than 1,000,000 bytes',
    `version: 1 # ${'ä'.repeat(maxDocumentBytes / 2)}`,
    '1:1',
    /no topology needs that many/,
  ],
  ['many brackets', levels('[', 100_000), '2:59', /50 levels/],
  [
    'many hyphens',
    levels(
      '\n- - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - -',
      1,
    ),
    '3:101',
    /50 levels/,
  ],
  ['a staircase', lines(900, i => `${' '.repeat(i)}a:`), '102:1', /101 spaces/],
  ['many parts', `version: 1\nsites: [${'a,'.repeat(300_000)}]`, '2:', /100,000 words/],
  ['a text that does not end', `version: "${'a'.repeat(500_000)}`, '1:', /quote/],
  ['a tab', 'version: 1\nsites:\n\t- name: x', '3:1', /Tabs/],
  ['a member that is none', '{"version": 1, "__proto__": {"sites": []}}', '1:16', /no option __proto__/],
]

test.each(bombs)('[TR62] %s is refused in time, with its place', (_, text, place, message) => {
  const start = performance.now()
  const [first, ...more] = faultsOf(text)
  expect(performance.now() - start).toBeLessThan(5_000)
  expect(`${first!.line}:${first!.column}`.startsWith(place), JSON.stringify(first)).toBe(true)
  expect([first, ...more].map(one => one!.message).join('\n')).toMatch(message)
})

test('[TR62] no text ends the program: documents with some letters changed, and noise', () => {
  const letters = [
    '\0',
    '\t',
    '\n',
    ' ',
    ':',
    '-',
    '?',
    '&a',
    '*a',
    '!',
    '|',
    '>',
    '%',
    '@',
    '`',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ',',
    '#',
    '\ud800',
    '\u2028',
    '<<',
    '---',
    '...',
    'é',
  ]
  let refused = 0
  for (let seed = 1; seed <= 600; seed += 1) {
    const random = openRandom(seed)
    let text = seed % 5 === 0 ? '' : exampleDocument(random.pick(editions))
    for (let i = random.between(1, seed % 5 === 0 ? 60 : 8); i > 0; i -= 1) {
      const at = random.below(text.length + 1)
      text = text.slice(0, at) + random.pick(letters) + text.slice(at + random.below(3))
    }
    const read = readTopology(text)
    if (!('faults' in read)) continue
    refused += 1
    for (const { line, column, message } of read.faults)
      expect([line >= 1, line <= text.split('\n').length, column >= 1, message.length < 1_200], message).toEqual([
        true,
        true,
        true,
        true,
      ])
  }
  expect(refused).toBeGreaterThan(100)
})

test('[TR63] a secret is a reference; a plain one is refused, and not said again', () => {
  const document = exampleOf('enterprise-edition')
  const [pool] = document.persistentChatPools
  for (const place of [pool.store, pool.compliance.store, pool.nats]) place.password = 'hunter2hunter2'
  pool.backupStore = { hosts: [{ host: 'db.paris.example.com' }], password: 123_456_789 }
  const faults = faultsOf(JSON.stringify(document, null, 2))
  expect(faults.map(({ path }) => path)).toEqual([
    '/persistentChatPools/0/store/password',
    '/persistentChatPools/0/compliance/store/password',
    '/persistentChatPools/0/nats/password',
    '/persistentChatPools/0/backupStore/password',
  ])
  for (const { message } of faults) {
    expect(message).toContain('Say where it stands: env:NAME or file:/path.')
    expect(message).not.toMatch(/hunter2|123/)
  }
  for (const good of ['env:NAME', 'env:_a1', 'file:/etc/pchat/store.secret'])
    expect(good).toMatch(new RegExp(secretPattern, 'u'))
  for (const bad of ['env:', 'env:A-B', 'file:secret', 'file:', 'ENV:A', ' env:A', 'env:A\n'])
    expect(bad).not.toMatch(new RegExp(secretPattern, 'u'))
})

test('[TR66] no text of a document holds half a character, which no address can be made of', () => {
  const halves = [
    '\ud800',
    'a\udc00',
    '/\ud800',
    './\ud800',
    'file:/\ud800',
    's3://bucket/\ud800',
    's3://bucket?region=\ud800',
  ]
  const patterns: string[] = []
  const walk = (schema: Schema) => {
    if (schema.type === 'string' && !schema.enum) patterns.push(schema.pattern ?? '')
    for (const one of [schema.items, ...Object.values(schema.properties ?? {})]) if (one) walk(one)
  }
  walk(topologySchema)
  expect(patterns.length).toBeGreaterThan(40)
  for (const pattern of patterns)
    expect(
      halves.filter(text => new RegExp(pattern, 'u').test(text)),
      pattern,
    ).toEqual([])
})

test('[TR64] every option has a type, a sentence and what a change asks; defaults are ones that the schema takes', () => {
  const lines = optionLines()
  expect(lines.length).toBeGreaterThan(100)
  for (const { name, type, sentence, change } of lines) {
    expect(type, name).toMatch(/\S/)
    expect(sentence, name).toMatch(/^[A-Za-z].*[^.]$/)
    expect(['running', 'verb', 'restart'], name).toContain(change)
  }
  expect(new Set(lines.map(({ name }) => name)).size).toBe(lines.length)
  expect(lines.find(({ name }) => name === 'persistentChatPools[].servers[].standby')).toEqual({
    name: 'persistentChatPools[].servers[].standby',
    type: 'true, false',
    otherwise: 'false',
    isRequired: false,
    sentence:
      'On stand-by: it takes no new sessions until it is made active; it starts active while its pool has fewer than four',
    change: 'verb',
    verb: 'pchat pool active-servers set',
  })
})

test('[TR64] examples are sound documents whose comments are the sentences of the schema', () => {
  const sentences = new Set([...optionLines().map(({ sentence }) => `# ${sentence}`)])
  for (const edition of editions) {
    const text = exampleDocument(edition)
    const comments = text
      .split('\n')
      .filter(line => /^\s*#/.test(line))
      .slice(2)
    expect(comments.length).toBeGreaterThan(5)
    expect(comments.filter(line => !sentences.has(line.trim()))).toEqual([])
    expect(new Set(comments.filter(line => line.includes('fqdn'))).size).toBe(
      comments.filter(line => line.includes('fqdn')).length,
    )
  }
})

test('[TR64] the published schema takes exactly what the program takes', () => {
  const published = Compile(publishedSchema() as TSchema)
  const counts = { taken: 0, refused: 0 }
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = openRandom(seed)
    const whole = randomTopology(random)
    const document = JSON.parse(JSON.stringify(seed % 3 === 0 ? whole : disturbed(whole, random)))
    const taken = !('faults' in readTopology(JSON.stringify(document)))
    expect(published.Check(document), JSON.stringify(document)).toBe(taken)
    counts[taken ? 'taken' : 'refused'] += 1
  }
  expect(Math.min(counts.taken, counts.refused)).toBeGreaterThan(50)
  expect(published.Check(parse(exampleDocument('enterprise-edition')))).toBe(true)
})
