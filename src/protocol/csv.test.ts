import { expect, test } from 'vitest'
import { readCsv } from './csv.ts'

const fieldsOf = (text: string) => readCsv(text).map(row => row.fields.join('|'))

test('[SH36] commas, semicolons or tabs are told apart by the first line; elsewhere they are text', () => {
  const cases: [text: string, fields: string[]][] = [
    ['', []],
    ['\ufeff', []],
    ['name', ['name']],
    ['name\n', ['name']],
    ['\ufeffname,groups\r\nann,a', ['name|groups', 'ann|a']],
    ['name;groups\nann;a,b', ['name|groups', 'ann|a,b']],
    ['name\tgroups\nann\ta,b;c', ['name|groups', 'ann|a,b;c']],
    ['a,b;c;d\n1;2;3', ['a,b|c|d', '1|2|3']],
    ['a,b;c\n1,2', ['a|b;c', '1|2']],
    ['name\nann,bob', ['name', 'ann|bob']],
    ['a,b\n,', ['a|b']],
    ['a,b\nx,', ['a|b', 'x|']],
    ['a,b\n,x', ['a|b', '|x']],
    ['a,b\n x , y ', ['a|b', ' x | y ']],
    ['\n\r\na;b\n1;2', ['a|b', '1|2']],
  ]
  for (const [text, fields] of cases) expect(fieldsOf(text), JSON.stringify(text)).toEqual(fields)
})

test('[SH36] quotes hold marks, line ends and, doubled, themselves; behind and within a word they are text', () => {
  const cases: [text: string, fields: string[]][] = [
    ['a;b\n"x;y";"says ""x"""', ['a|b', 'x;y|says "x"']],
    ['a,b\n"",x', ['a|b', '|x']],
    ['a,b\n"""",x', ['a|b', '"|x']],
    ['a,b\n5" disk,x', ['a|b', '5" disk|x']],
    ['a,b\n"x"y,z', ['a|b', 'xy|z']],
    ['a,b\n"x" "y",z', ['a|b', 'x "y"|z']],
    ['a,b\n"two\r\nlines",z', ['a|b', 'two\r\nlines|z']],
    ['"a","b"\r\n"x"\r\n', ['a|b', 'x']],
    ['a,b\n "x",y', ['a|b', ' "x"|y']],
  ]
  for (const [text, fields] of cases) expect(fieldsOf(text), JSON.stringify(text)).toEqual(fields)
})

test('[SH36] lines end with LF or CRLF and are counted over quoted ones; empty ones are left out', () => {
  expect(readCsv('a;b\r\n"x\ny";2\r\n\r\n ; \n3;4\rx')).toEqual([
    { line: 1, fields: ['a', 'b'] },
    { line: 2, fields: ['x\ny', '2'] },
    { line: 6, fields: ['3', '4\rx'] },
  ])
})

test('[SH36] a quote that does not end is told with the line that it begins in', () => {
  for (const [text, line] of [
    ['a,b\n"x,2\n', 2],
    ['"', 1],
    ['a\n"b\nc"\n"d""', 4],
  ] as const)
    expect(() => readCsv(text), text).toThrow(`The quote that begins in line ${line} does not end.`)
})
