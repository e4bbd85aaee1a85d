import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLike } from './wildcard.ts'

test('[CF17] a filter matches whole names, * any characters, ? one; case as in names, and nothing else has a meaning', () => {
  const like: [string, string, boolean][] = [
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['?', '', false],
    ['?', '🙂', true],
    ['tr*', 'TRADERS', true],
    ['*er', 'traders', false],
    ['*er*', 'traders', true],
    ['t?a*s', 'traders', true],
    ['STRASSE', 'Straße', true],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
    ['a*b*c', 'a1b2b3c', true],
    ['a*b*c', 'a1b2b3', false],
  ]
  for (const [pattern, name, expected] of like) expect(isLike(pattern, name), `${pattern} ${name}`).toBe(expected)
})

test('[CF17] it says what a regular expression says, over random patterns', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 12 })
  const names = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 })
  fc.assert(
    fc.property(letters, names, (pattern, name) => {
      const regex = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`)
      return isLike(pattern, name) === regex.test(name)
    }),
  )
})

test('[CF17] no pattern makes it slow', () => {
  const startedAt = performance.now()
  expect(isLike(`${'*a'.repeat(500)}b`, 'a'.repeat(5_000))).toBe(false)
  expect(performance.now() - startedAt).toBeLessThan(2_000)
})
