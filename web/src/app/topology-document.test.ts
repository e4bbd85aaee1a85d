import { expect, test } from 'vitest'
import { exampleDocument } from '../../../src/topology/example.ts'
import { publishedSchema } from '../../../src/topology/published.ts'
import { readDocument, withItem, withoutValue, withValue } from './topology-document.ts'
import { createTopologyEdit, nothing, standing } from './topology-edit.ts'
import { freeName, newPart, partsOf } from './topology-parts.ts'
import { fieldKind, type OptionSchema, valueAt } from './topology-schema.ts'

const text = exampleDocument('enterprise-edition')
const schema = publishedSchema() as OptionSchema

test('[TB28] an edit of one option leaves every other line as it was, comments too', () => {
  const pool = ['persistentChatPools', 0]
  const changed = withValue(text, [...pool, 'displayName'], 'Every room: all of them')
  const lines = changed.split('\n')
  const other = text.split('\n')
  expect(lines.length).toBe(other.length)
  expect(lines.filter((line, i) => line !== other[i])).toEqual(['    displayName: "Every room: all of them"'])
  expect(withValue(changed, [...pool, 'displayName'], 'Main rooms')).toBe(text)
  // A text that looks like a number stays a text, and a number one.
  expect(readDocument(withValue(text, [...pool, 'displayName'], '12')).value).toMatchObject({
    persistentChatPools: [{ displayName: '12' }],
  })
  const added = withItem(text, [...pool, 'servers'], { fqdn: 'chat4.example.com' })
  expect(withoutValue(added, [...pool, 'servers', 3], schema)).toBe(text)
  const commented = 'version: 1 # always\n\nsites:\n  # the first\n  - name: a # here\n  - name: b\n'
  expect(withValue(commented, ['sites', 0, 'name'], 'c')).toBe(commented.replace('name: a', 'name: c'))
})

test('[TB41] other hands: lists at the margin, deep indents, aligned comments, blank lines and ends of lines stay where nothing is edited', () => {
  const margin =
    'version: 1\nsites:\n- name: a # here\n  servers:\n  - fqdn: one\n\n\n  - fqdn: two   # last\n- {name: b}\n'
  const deep =
    '# ours\nversion:   1     # always\n\n\nsites:            # two\n    -   name:  a      # here\n    -   name:  b\n'
  const styles: Record<string, [text: string, place: (string | number)[]]> = {
    margin: [margin, ['sites', 0, 'servers', 0, 'fqdn']],
    deep: [deep, ['sites', 1, 'name']],
    windows: [`\uFEFF${deep.replaceAll('\n', '\r\n')}`, ['sites', 1, 'name']],
    wide: [
      text.replaceAll(/^ +/gm, one => one + one).replaceAll(/^( *)- /gm, '$1-   '),
      ['persistentChatPools', 0, 'displayName'],
    ],
    json: [JSON.stringify({ version: 1, sites: [{ name: 'a' }] }, null, 4), ['sites', 0, 'name']],
  }
  for (const [style, [own, place]] of Object.entries(styles)) {
    const lines = own.split('\n')
    const changed = withValue(own, place, 'other').split('\n')
    expect(changed.length, style).toBe(lines.length)
    expect(changed.filter((line, i) => line !== lines[i]).length, style).toBe(1)
    const list = place.slice(0, style === 'margin' ? 3 : 1)
    const added = withItem(own, list, { fqdn: 'more' })
    const others = added.split('\n')
    expect(
      lines.filter(line => !others.includes(line)),
      style,
    ).toEqual([])
    const items = valueAt(readDocument(added).value, list)
    expect(items, style).toEqual([...(valueAt(readDocument(own).value, list) as object[]), { fqdn: 'more' }])
    expect(withoutValue(added, [...list, (items as object[]).length - 1], schema), style).toBe(own)
  }
})

test('[TB28] groups that an edit makes or empties come and go', () => {
  const one = 'version: 1\nstandardServers:\n  - fqdn: chat.example.com\n'
  const withFrom = withValue(one, ['standardServers', 0, 'certificate', 'from'], 'none')
  expect(readDocument(withFrom).value).toEqual({
    version: 1,
    standardServers: [{ fqdn: 'chat.example.com', certificate: { from: 'none' } }],
  })
  expect(withoutValue(withFrom, ['standardServers', 0, 'certificate', 'from'], schema)).toBe(one)
  expect(readDocument(withItem('', ['sites'], { name: 'a' })).value).toEqual({ version: 1, sites: [{ name: 'a' }] })
  const json = JSON.stringify({ version: 1, sites: [{ name: 'a' }] }, null, 2)
  expect(JSON.parse(withItem(json, ['sites'], { name: 'b' }))).toMatchObject({ sites: [{ name: 'a' }, { name: 'b' }] })
})

test('[TB28] texts that are no document are told, and none of them ends the page', () => {
  for (const wrong of ['a: [', '- 1', '"', 'a: &x 1\nb: *x', '['.repeat(500), '['.repeat(100_000)])
    expect(readDocument(wrong).fault, wrong.slice(0, 20)).toMatch(/\.$/)
  for (const odd of ['\t', '%', '? ? ?', '!!js x', '\u{FEFF}', '--- a\n--- b']) {
    const { value, fault } = readDocument(odd)
    expect(value ?? fault, odd).toBeDefined()
  }
  expect(readDocument('').value).toEqual({})
})

test('[TB29] every option of the schema has a kind of field, and a new part of each list is sound or says what is missing', () => {
  const kinds = new Set<string>()
  const walk = (one: OptionSchema) => {
    for (const member of Object.values(one.properties ?? {})) {
      kinds.add(fieldKind(member))
      walk(member.items ?? member)
    }
  }
  walk(schema)
  expect([...kinds].sort()).toEqual(
    ['choice', 'fixed', 'group', 'number', 'part', 'parts', 'rows', 'secret', 'switch', 'text', 'texts'].sort(),
  )
  const { value } = readDocument(text)
  expect(freeName(value, 'chat1.example.com')).toBe('chat4.example.com')
  expect(newPart(value, ['persistentChatPools', 0, 'servers'])).toEqual({ fqdn: 'chat4.example.com', standby: true })
  expect(newPart(value, ['enterprisePools', 0, 'servers'])).toEqual({ fqdn: 'fe3.example.com' })
  expect(newPart(value, ['sites'])).toEqual({ name: 'site1' })
  expect(partsOf(value).map(({ pointer }) => pointer)).toContain('/persistentChatPools/0/compliance/store')
})

test('[TB30] undo and redo, letter by letter together; a text that was taken over can be had back', () => {
  let now = 0
  const edit = createTopologyEdit('ann', () => now)
  const text = () => edit.state.get().text
  edit.take({ version: 1, mark: 'm', text: 'a' })
  edit.set('ab', 'name')
  edit.set('abc', 'name')
  now = 5_000
  edit.set('abcd', 'name')
  edit.undo()
  expect(text()).toBe('abc')
  edit.undo()
  expect(text()).toBe('a')
  edit.redo()
  edit.redo()
  expect(text()).toBe('abcd')
  edit.take({ version: 2, mark: 'n', text: 'theirs' })
  edit.undo()
  expect(edit.state.get()).toMatchObject({ text: 'abcd', base: { version: 2 } })
})

test('[TB30] what is published goes on by itself only where nothing was typed', () => {
  const state = (text: string, base = { version: 1, mark: 'm', text: 'a' }) => ({
    ...{ text, base, past: [], future: [], isKept: true },
  })
  const next = { version: 2, mark: 'n', text: 'b' }
  expect(standing(state('a'), next)).toBe('follow')
  expect(standing(state('b'), next)).toBe('follow')
  expect(standing(state('c'), next)).toBe('conflict')
  expect(standing(state('c'), { version: 1, mark: 'm', text: 'a' })).toBe('same')
  // A store that was restored has the same number for another text.
  expect(standing(state('c'), { version: 1, mark: 'other', text: 'b' })).toBe('conflict')
  expect(standing(state('c'), undefined)).toBe('same')
  expect(standing({ ...state('c'), base: nothing }, nothing)).toBe('same')
})
