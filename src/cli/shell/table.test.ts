import { expect, test } from 'vitest'
import { tableLines, widthOf } from './table.ts'

test('[SH4] columns stand under each other whatever is in them, and what people wrote commands no terminal', () => {
  const lines = tableLines([
    ['NAME', 'KIND'],
    ['東京', 'room'],
    ['e\u0301te\u0301', 'room'],
    ['👩‍💻 desk', 'room'],
    ['ｆull', 'room'],
    ['plain', 'room'],
  ])
  const starts = lines.slice(1).map(line => widthOf(line.slice(0, line.indexOf('room'))))
  expect(new Set([...starts, lines[0]!.indexOf('KIND')])).toEqual(new Set([starts[0]]))
  expect(widthOf('東京')).toBe(4)
  expect(widthOf('e\u0301te\u0301')).toBe(3)
  const [, hostile] = tableLines([['NAME'], ['a\u001b[2Jb\u202ec\nd']])
  expect(hostile).toBe('a\ufffd[2Jb\ufffdc d')
})
