import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolder } from '../../../test/folder.ts'
import { readInstant, readList, wildcard } from './values.ts'

test('[SH9] names stand with commas between them, with \\, for one of their own, or one a line in a file', async () => {
  expect(readList('ann@example.com, sip:bob@example.com,,')).toEqual(['ann@example.com', 'bob@example.com'])
  expect(readList('OU=Sales\\,DC=example,Team')).toEqual(['OU=Sales,DC=example', 'Team'])
  const file = join(await makeFolder('pchat-list'), 'names.txt')
  writeFileSync(file, 'ann@example.com\r\n\r\nOU=Sales,DC=example\n')
  expect(readList(`@${file}`)).toEqual(['ann@example.com', 'OU=Sales,DC=example'])
  expect(() => readList(`@${file}.not`)).toThrow(/cannot be read \(ENOENT\)/)
})

test('[SH10] a day is the whole of it where the shell runs; an instant is itself; what is neither is refused', () => {
  const start = new Date(readInstant('2026-02-28', 'start'))
  const end = new Date(readInstant('2026-02-28', 'end'))
  expect([start.getDate(), start.getHours(), end.getDate(), end.getHours(), end.getMilliseconds()]).toEqual([
    28, 0, 28, 23, 999,
  ])
  expect(readInstant('2026-11-24T09:30:00+02:00', 'end')).toBe('2026-11-24T07:30:00.000Z')
  for (const wrong of ['2026-02-29', '24.11.2026', 'yesterday', '2026-11-24 09:30', '2026-13-01'])
    expect(() => readInstant(wrong, 'end'), wrong).toThrow(/Give a day/)
})

test('[SH9] * stands for any characters and ? for one, whatever the case, and nothing else of a pattern is more than itself', () => {
  expect(wildcard('FX*')('fx desk')).toBe(true)
  expect(wildcard('FX ?esk')('FX Desk')).toBe(true)
  expect(wildcard('FX ?esk')('FX Ddesk')).toBe(false)
  expect(wildcard('a.c')('abc')).toBe(false)
  expect(wildcard('a(b')('A(B')).toBe(true)
})
