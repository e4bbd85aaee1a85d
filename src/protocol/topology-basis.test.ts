import { expect, test } from 'vitest'
import { splitBasis, withBasis } from './topology-basis.ts'

const mark = '1b4e28ba-2fa1-4d2c-883f-0016d3cca427'
const basis = { version: 3, mark }

test('[CM21] what is exported says what it is in its first line, and the rest is the document to the letter', () => {
  for (const document of [
    'version: 1\n',
    '',
    '\uFEFFversion: 1\n',
    '# mine\r\nversion: 1\r\n',
    withBasis({ document: 'a', ...basis }),
  ]) {
    const text = withBasis({ document, ...basis })
    expect(splitBasis(text)).toEqual({ document, basis })
  }
  // As editors of other systems save it.
  expect(splitBasis(withBasis({ document: 'a: 1\n', ...basis }).replaceAll('\n', '\r\n'))).toEqual({
    document: 'a: 1\r\n',
    basis,
  })
  expect(splitBasis(`\uFEFF${withBasis({ document: 'a', ...basis })}`)).toEqual({ document: '\uFEFFa', basis })
})

test('[CM21] a line that says something else, or stands elsewhere, is the document', () => {
  for (const text of [
    `# based on version 3\na: 1\n`,
    `a: 1\n${withBasis({ document: '', ...basis })}`,
    '',
    '# based on version x (mark y)',
  ])
    expect(splitBasis(text)).toEqual({ document: text })
})
