import { expect, test } from 'vitest'
import { publishedSchema } from '../../../src/topology/published.ts'
import { readDocument, withItem, withoutValue, withValue } from './topology-document.ts'
import type { OptionSchema, Steps } from './topology-schema.ts'

const schema = publishedSchema() as OptionSchema
const foreign = `# ours
version:   1   # always
sites:
- name: a     # here
  displayName: >-
    a long
    name
- {name: b, displayName: 'B'}
persistentChatPools:
- fqdn:  chat.example.com
  # words
  users: {concurrent: 100}
  servers:
  # rack 1
  - fqdn: c1.example.com
  # rack 2
  - fqdn: c2.example.com   # slow
    certificate:
      # the house CA
      from: none # for now
  # the end
standardServers: [] # none yet
`
const pool: Steps = ['persistentChatPools', 0]
const from: Steps = ['certificate', 'from']

type Edit = [what: string, edit: (text: string) => string, lines: [old: string, now: string][]]
const edits: Edit[] = [
  ['a value', text => withValue(text, ['sites', 0, 'name'], 'x'), [['- name: a     # here', '- name: x     # here']]],
  [
    'quotes',
    text => withValue(text, ['sites', 1, 'displayName'], 'a, b'),
    [["displayName: 'B'", "displayName: 'a, b'"]],
  ],
  [
    'an option',
    text => withValue(text, [...pool, 'displayName'], 'x'),
    [
      ['# slow', '# slow'],
      ['      from: none # for now\n', '      from: none # for now\n  displayName: x\n'],
    ],
  ],
  [
    'a group',
    text => withValue(text, [...pool, 'servers', 0, ...from], 'none'),
    [['c1.example.com\n', 'c1.example.com\n    certificate:\n      from: none\n']],
  ],
  ['a site', text => withItem(text, ['sites'], { name: 'c' }), [["'B'}\n", "'B'}\n- name: c\n"]]],
  [
    'an empty list',
    text => withItem(text, ['standardServers'], { fqdn: 's' }),
    [['standardServers: [] # none yet\n', 'standardServers: # none yet\n- fqdn: s\n']],
  ],
  [
    'a machine gone',
    text => withoutValue(text, [...pool, 'servers', 0], schema),
    [['  # rack 1\n  - fqdn: c1.example.com\n', '']],
  ],
  [
    'an option reset',
    text => withoutValue(text, [...pool, 'servers', 1, ...from], schema),
    [
      ['    certificate:\n', ''],
      ['      from: none # for now\n', ''],
    ],
  ],
  [
    'a group in braces',
    text => withoutValue(text, [...pool, 'users', 'concurrent'], schema),
    [['  users: {concurrent: 100}\n', '']],
  ],
]

test.each(edits)('[TB28] in a file of another style nothing but its own lines changes: %s', (_what, edit, lines) => {
  const wanted = lines.reduce((text, [old, now]) => text.replace(old, now), foreign)
  expect(edit(foreign)).toBe(wanted)
  const windows = (text: string) => `\uFEFF${text.replaceAll('\n', '\r\n')}`
  expect(edit(windows(foreign))).toBe(windows(wanted))
})

test('[TB28] comments beside a list that held nothing stay, and its first part is indented as others are', () => {
  const text =
    'version: 1\nsites: # our sites\n# more\nenterprisePools:\n    - fqdn: fe\n      servers:\n          - fqdn: q\n'
  expect(withItem(text, ['sites'], { name: 'c' })).toBe(text.replace('# our sites\n', '# our sites\n    - name: c\n'))
})

test('[TB28] JSON keeps its indents, its spaces and its lines', () => {
  const tight = '{"version":1,"sites":[{"name":"a"}]}'
  expect(withItem(tight, ['sites'], { name: 'b' })).toBe('{"version":1,"sites":[{"name":"a"},{"name":"b"}]}')
  const wide = '{\n    "version": 1,\n    "sites": [\n        { "name": "a" }\n    ]\n}\n'
  expect(withValue(wide, ['sites', 0, 'name'], 'q')).toBe(wide.replace('"a"', '"q"'))
  expect(JSON.parse(withItem(wide, ['standardServers'], { fqdn: 'b' }))).toEqual(
    readDocument(withItem(wide, ['standardServers'], { fqdn: 'b' })).value,
  )
})

test('[TB28] of a list of values only what differs is touched', () => {
  const text = 'version: 1\nx:\n  - a # 1\n  - b # 2\n  - c # 3\n'
  expect(withValue(text, ['x'], ['a', 'c'])).toBe(text.replace('  - b # 2\n', ''))
  expect(withValue(text, ['x'], ['a', 'z', 'c', 'd'])).toBe(`${text.replace('b #', 'z #')}  - d\n`)
})
