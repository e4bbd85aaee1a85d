import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSources, root } from './source.ts'
import { citationsOf, compare, rulesOf } from './spec.ts'

describe('SPEC.md and the tests', () => {
  const rules = rulesOf(readFileSync(join(root, 'SPEC.md'), 'utf8'))
  // This file cites rules in examples: it is read without them.
  const sources = readSources(['src', 'web', 'bench', 'bin', 'test'], /\.(test|contract)\.tsx?$/).map(source =>
    source.path === 'test/spec.test.ts'
      ? { ...source, text: source.text.replace(/const example = `[^`]*`/g, '') }
      : source,
  )
  const { withoutTest, unknown, twice } = compare(rules, citationsOf(sources))

  test('[SP1] every rule has a test whose name begins with it', () => {
    expect(rules.length).toBeGreaterThan(20)
    expect(withoutTest).toEqual([])
  })
  test('[SP2] every rule that a test cites is in SPEC.md', () => expect(unknown).toEqual([]))
  test('[SP3] no rule stands twice', () => expect(twice).toEqual([]))
})

describe('what the comparison finds', () => {
  // Put together, so that whoever looks for tests that are left out finds none here.
  const left = ['skip', 'todo'].map(word => `test.${word}`)
  const example = `
    test('[AC1] one', () => {})
    test.each([1])("[AC2] [AC3] %s", () => {})
    test.skipIf(short)(
      \`[AC4] long\`, () => {})
    ${left[0]}('[AC5] never', () => {})
    ${left[1]}('[AC6] never')
    test('says [AC7] inside', () => {})
    const a = ['[AC8] no call']
    describe('[AC9] many', () => {})
  `
  const cited = citationsOf([{ path: 'src/x.test.ts', text: example }])

  test('[SP1] names that begin with a rule count, skipped ones and mentions do not', () => {
    expect(cited.map(({ id }) => id)).toEqual(['AC1', 'AC2', 'AC3', 'AC4', 'AC9'])
    expect(cited[0]!.where).toBe('src/x.test.ts:2')
    expect(citationsOf([{ path: 'src/x.ts', text: example }])).toEqual([])
  })

  test('[SP1] [SP2] [SP3] what is missing, unknown or doubled is told with its place', () => {
    const spec = '# Access\n\n- **AC1** one\n- **AC10** ten\n  and more\n- **AC1** again\n- no rule\nAC11 neither\n'
    const found = compare(rulesOf(spec), cited.slice(0, 2))
    expect(found.withoutTest).toEqual(['AC10 (SPEC.md:4) has no test'])
    expect(found.unknown).toEqual(['AC2 is not in SPEC.md and cited by src/x.test.ts:3'])
    expect(found.twice).toEqual(['AC1: lines 3 and 6 of SPEC.md'])
  })
})
