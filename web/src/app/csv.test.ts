import { expect, test } from 'vitest'
import { parseCsv, toCsv } from './csv.ts'

test('[CN13] what is exported is read back as it was, and no cell is a formula', () => {
  const rows = [
    ['name', 'text'],
    ['a "quoted" one', 'two\r\nlines; and, marks'],
    ['', 'x'],
  ]
  expect(parseCsv(toCsv(rows)).map(row => row.fields)).toEqual(rows)
  expect(toCsv([['=1+1', '@x', '-2', 'plain']])).toBe("\ufeff'=1+1,'@x,'-2,plain\r\n")
})

test('[CN13] lines are counted over quoted line ends, empty ones left out, and an open quote is told with its line', () => {
  expect(parseCsv('a;b\n"x\ny";2\n\n3;4')).toEqual([
    { line: 1, fields: ['a', 'b'] },
    { line: 2, fields: ['x\ny', '2'] },
    { line: 5, fields: ['3', '4'] },
  ])
  expect(() => parseCsv('a,b\n"x,2\n')).toThrow('The quote that begins in line 2 does not end.')
})
