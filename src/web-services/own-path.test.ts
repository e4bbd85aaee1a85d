import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ownPath } from './own-path.ts'
import { faultPage, goOnPage } from './small-page.ts'

test('[OI2] after signing in a browser goes to a path of ours only', () => {
  for (const path of [
    '/',
    '/#/room/1?pane=people',
    '/device?code=ABCD-EFGH',
    '/a/b?c=d#e',
    '/%2F/x',
    '/%5Cevil.example',
  ])
    expect(ownPath(path)).toBe(path)
  for (const evil of [
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\\/evil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/a/..//evil.example',
    '/%2e//evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/\u2028/evil.example',
    ' //evil.example',
    'https://evil.example',
    'https:/evil.example',
    'https:evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    '@evil.example',
    '.evil.example',
    '',
    `/${'x'.repeat(2_000)}`,
    undefined,
    7,
    ['/a'],
    { a: 1 },
  ])
    expect(ownPath(evil), JSON.stringify(evil)).toBe('/')
})

test('[OI2] whatever is asked for, a browser that resolves it stays here', () => {
  const parts = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    '%2e',
    '%2f',
    '%5c',
    '\t',
    ' ',
    '@',
    ':',
    '?',
    '#',
    'evil.example',
    'https:',
  )
  const base = 'https://chat.example.com'
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 12 }), some => {
      expect(new URL(ownPath(some.join('')), `${base}/web/oidc/x/callback`).origin).toBe(base)
    }),
    { numRuns: 5_000 },
  )
})

test('[OI4] nothing that came from elsewhere becomes markup of our pages', () => {
  const evil = `"><script>alert('x')</script>&`
  expect(goOnPage(`/${evil}`)).not.toContain('<script')
  expect(faultPage(evil, evil)).not.toContain('<script')
  expect(goOnPage(`/${evil}`)).toContain('url=/&quot;&gt;&lt;script&gt;')
})
