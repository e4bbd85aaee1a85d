import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Refusal } from '../protocol/error.ts'
import { checkContent, isBadText } from './message.ts'

const limits = { maxTextCodePoints: 10, maxStoryBytes: 20 }

function answer(content: { text: string; title?: string }): string {
  try {
    checkContent(content, limits)
    return 'taken'
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

test.each([
  ['at the limit', 'a'.repeat(10), 'taken'],
  ['over the limit', 'a'.repeat(11), 'too_large'],
  ['astral, at the limit', '😀'.repeat(10), 'taken'],
  ['astral, over the limit', '😀'.repeat(11), 'too_large'],
  ['empty', '', 'invalid_argument'],
  ['blank', ' \n\u3000', 'invalid_argument'],
])('[MS1] a text counts in code points: %s', (_, text, expected) => {
  expect(answer({ text })).toBe(expected)
})

test.each([
  ['at the limit', 'a'.repeat(20), 'Title', 'taken'],
  ['over the limit', 'a'.repeat(21), 'Title', 'too_large'],
  ['two bytes each', 'é'.repeat(10), 'Title', 'taken'],
  ['two bytes each, over', 'é'.repeat(11), 'Title', 'too_large'],
  ['four bytes each, over', '😀'.repeat(6), 'Title', 'too_large'],
  ['no body', ' ', 'Title', 'invalid_argument'],
  ['no title', 'body', ' ', 'invalid_argument'],
  ['long title', 'body', 't'.repeat(257), 'invalid_argument'],
  ['title of two lines', 'body', 'one\ntwo', 'invalid_argument'],
])('[MS2] a story counts in bytes of UTF-8 and its title is a name: %s', (_, text, title, expected) => {
  expect(answer({ text, title })).toBe(expected)
})

test('[MS1] a refusal says the size and the limit', () => {
  expect(() => checkContent({ text: '😀'.repeat(11) }, limits)).toThrow(/11 characters, the limit is 10/)
  expect(() => checkContent({ text: 'é'.repeat(11), title: 'T' }, limits)).toThrow(/22 bytes, the limit is 20/)
})

test.each([
  ['a\u0000b', true],
  ['\ud83d', true],
  ['\ude00\ud83d', true],
  ['a\ud83d b', true],
  ['😀', false],
  ['', false],
  ['\uffff\u0001', false],
])('[MS3] U+0000 and unpaired surrogates are bad text: %j', (text, bad) => {
  expect(isBadText(text)).toBe(bad)
})

test('[MS3] what is not bad survives UTF-8 unchanged', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      if (!isBadText(text)) expect(Buffer.from(text, 'utf8').toString('utf8')).toBe(text)
    }),
  )
})
