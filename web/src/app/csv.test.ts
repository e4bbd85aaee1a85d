import { expect, test } from 'vitest'
import { readCsv } from '../../../src/protocol/csv.ts'
import { toCsv } from './csv.ts'

test('[CN13] what is exported is read back as it was, and no cell is a formula', () => {
  const rows = [
    ['name', 'text'],
    ['a "quoted" one', 'two\r\nlines; and, marks'],
    ['', 'x'],
  ]
  expect(readCsv(toCsv(rows)).map(row => row.fields)).toEqual(rows)
  expect(toCsv([['=1+1', '@x', '-2', 'plain']])).toBe("\ufeff'=1+1,'@x,'-2,plain\r\n")
})
