import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Refusal } from '../protocol/error.ts'
import { checkFileSize, cleanFileName, dispositionOf, isInlineType, parseRange } from './file.ts'

test.each([
  ['report.pdf', 'report.pdf'],
  ['../../etc/passwd', 'passwd'],
  ['C:\\Users\\ann\\plan.docx', 'plan.docx'],
  ['a\r\nSet-Cookie: x=1', 'aSet-Cookie_ x=1'],
  ['a\u0000.exe', 'a.exe'],
  // A right-to-left override that would show "annexe.pdf".
  ['ann\u202efdp.exe', 'annfdp.exe'],
  ['.htaccess', 'htaccess'],
  ['name. . .', 'name'],
  ['', 'file'],
  ['..', 'file'],
  ['/', 'file'],
  ['\u200b\u2060', 'file'],
  ['CON', '_CON'],
  ['lpt1.txt', '_lpt1.txt'],
  ['a<b>:"|?*.txt', 'a_b______.txt'],
  ['Übersicht 日本.txt', 'Übersicht 日本.txt'],
  ['e\u0301.txt', '\u00e9.txt'],
])('[FI14] the name %j is kept as %j', (name, kept) => {
  expect(cleanFileName(name)).toBe(kept)
})

test('[FI14] a long name is cut in front of its ending, between characters', () => {
  const cut = cleanFileName(`${'日'.repeat(300)}.pdf`)
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(255)
  expect(cut).toMatch(/^日+\.pdf$/)
  expect(Buffer.byteLength(cleanFileName('x'.repeat(300)))).toBe(255)
})

test('[FI14] whatever the name, what is kept is a plain name, and is kept again as it is', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 400 })), name => {
      const kept = cleanFileName(name)
      expect(kept).not.toBe('')
      expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(255)
      expect(kept).not.toMatch(/[\p{Cc}\p{Cf}/\\]|^[. ]|[. ]$/u)
      expect(cleanFileName(kept)).toBe(kept)
    }),
  )
})

test('[FI15] Content-Disposition says a name in both forms, and nothing of it gets out of the quotes', () => {
  expect(dispositionOf('plan.pdf', false)).toBe(`attachment; filename="plan.pdf"; filename*=UTF-8''plan.pdf`)
  expect(dispositionOf('Übung "1".png', true)).toBe(
    `inline; filename="U_bung _1_.png"; filename*=UTF-8''%C3%9Cbung%20%221%22.png`,
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), name => {
      expect(dispositionOf(name, false)).toMatch(
        /^attachment; filename="[ !#$&-[\]-~]*"; filename\*=UTF-8''[\w.!~%-]*$/,
      )
    }),
  )
})

test('[FI15] only pictures that no browser runs are shown in place', () => {
  expect(['image/png', 'image/jpeg', 'image/gif', 'image/webp'].every(isInlineType)).toBe(true)
  expect(['image/svg+xml', 'text/html', 'application/pdf', 'text/plain', 'application/xml'].some(isInlineType)).toBe(
    false,
  )
})

test('[FI2] a size is refused at nothing and one byte over the limit', () => {
  const code = (size: number) => {
    try {
      checkFileSize(size, 100)
    } catch (error) {
      return (error as Refusal).code
    }
    return 'ok'
  }
  expect([0, 1, 100, 101].map(code)).toEqual(['invalid_argument', 'ok', 'ok', 'too_large'])
})

test('[FI11] a range that is read is within the file', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.oneof(fc.string(), fc.stringMatching(/^bytes=\d{0,4}-\d{0,4}$/)),
      (size, header) => {
        const range = parseRange(header, size)
        if (!range) return
        expect(range.first).toBeGreaterThanOrEqual(0)
        expect(range.last).toBeGreaterThanOrEqual(range.first)
        expect(range.last).toBeLessThan(size)
      },
    ),
  )
  expect(parseRange('bytes=-0', 10)).toBe(null)
  expect(parseRange('bytes=10-', 10)).toBe(null)
  expect(parseRange('bytes=3-2', 10)).toBe(undefined)
})
