import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Refusal } from '../protocol/error.ts'
import { checkedDescription, checkedName, codePoints, nameKey } from './name.ts'

function refusedName(name: string): string {
  try {
    checkedName('name', name)
  } catch (error) {
    if (error instanceof Refusal) return `${error.code}: ${error.message}`
    throw error
  }
  return 'taken'
}

describe('folding', () => {
  test.each([
    ['Straße', 'STRASSE'],
    ['Straße', 'STRAẞE'],
    ['ΟΔΟΣ', 'οδος'],
    ['οδοσ', 'οδος'],
    ['Ångström', 'a\u030angstro\u0308m'],
    ['\u212Bngström', 'ångström'],
    ['  Sales\u00a0', 'sales'],
    ['ﬁnance', 'FINANCE'],
    ['ΐ', 'Ϊ́'],
    ['𐐀 Deseret', '𐐨 deseret'],
  ])('[NM1] %s and %s are one name', (one, other) => {
    expect(nameKey(one)).toBe(nameKey(other))
  })

  test.each([
    ['Sales', 'Sales 2'],
    ['resume', 'résumé'],
    ['a b', 'ab'],
    ['１', '1'],
  ])('[NM1] %s and %s are two names', (one, other) => {
    expect(nameKey(one)).not.toBe(nameKey(other))
  })

  test('[NM2] a letter folds to what its upper and its lower case fold to, and a key is its own key', () => {
    const wrong: string[] = []
    for (let point = 0; point <= 0x10ffff; point += 1) {
      if (point >= 0xd800 && point <= 0xdfff) continue
      const text = String.fromCodePoint(point)
      if (text.toUpperCase() === text && text.toLowerCase() === text) continue
      const key = nameKey(text)
      if (nameKey(text.toUpperCase()) !== key || nameKey(text.toLowerCase()) !== key || nameKey(key) !== key)
        wrong.push(text)
    }
    expect(wrong).toEqual([])
  })

  test('[NM2] a key is stable over normal forms, space around it and itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), name => {
        const key = nameKey(name)
        expect(nameKey(key)).toBe(key)
        expect(nameKey(name.normalize('NFD'))).toBe(key)
        expect(nameKey(` \t${name.normalize('NFC')}\u3000`)).toBe(key)
      }),
    )
  })

  test('[NM2] a word found at the end of a name is found inside one too', () => {
    expect(nameKey('ΟΔΟΣΒ').includes(nameKey('ΟΔΟΣ'))).toBe(true)
  })
})

describe('names that are taken', () => {
  test('[NM3] a name is trimmed and composed', () => {
    expect(checkedName('name', '  Cafe\u0301 \n')).toBe('Café')
  })

  test('[NM4] 256 code points are taken, 257 are not; one outside the basic plane counts once, a composed one once', () => {
    for (const letter of ['a', '😀', 'e\u0301']) {
      expect(checkedName('name', letter.repeat(256))).toBe(letter.repeat(256).normalize('NFC'))
      expect(refusedName(letter.repeat(257))).toMatch(/^invalid_argument: name is longer than 256/)
    }
    expect(checkedName('name', ` ${'a'.repeat(256)} `)).toHaveLength(256)
    expect(codePoints('a😀\u0301')).toBe(3)
  })

  test.each(['', ' ', '\t\n', '\u00a0\u3000', '\u200b', '\u200d\u2060\ufeff', '\u3164', '\u00ad', '\ufe0f'])(
    '[NM5] a name that shows nothing is empty: %j',
    name => {
      expect(refusedName(name)).toMatch(/^invalid_argument: name is empty/)
    },
  )

  test.each(['a\u0000b', 'a\nb', 'a\u0085b', 'a\u2028b', 'a\u202eb', 'a\u2066b', 'a\u007fb'])(
    '[NM6] controls, line separators and direction overrides are refused: %j',
    name => {
      expect(refusedName(name)).toMatch(/^invalid_argument: name holds a control character/)
    },
  )

  test.each(['👩‍👩‍👧', 'نام‌ه', 'a‏b', '¯\\_(ツ)_/¯', '<script>', "O'Brien; DROP TABLE room", '%_'])(
    '[NM6] everything else is taken: %s',
    name => {
      expect(checkedName('name', name)).toBe(name.normalize('NFC'))
    },
  )

  test('[NM7] a description may be empty or have lines, up to 256 code points', () => {
    expect(checkedDescription('  ')).toBe('')
    expect(checkedDescription(' one\ntwo ')).toBe('one\ntwo')
    expect(checkedDescription('😀'.repeat(256))).toHaveLength(512)
    expect(() => checkedDescription('😀'.repeat(257))).toThrow(/description is longer than 256/)
  })
})
