import { expect, test } from 'vitest'
import { sessionCookieName, tokenOfCookie } from './credential.ts'

const secure = (cookie: string) => ({ host: 'chat.example.com', cookie })
const loopback = (cookie: string) => ({ host: 'localhost:8081', cookie })

test('[PL1] each pool has a cookie of its own; the usual one keeps the name that it had', () => {
  expect(sessionCookieName(true)).toBe('__Host-pchat')
  expect(sessionCookieName(true, 'pchat')).toBe('__Host-pchat')
  expect(sessionCookieName(true, 'north')).toBe('__Host-pchat.north')
  expect(sessionCookieName(false, 'north')).toBe('pchat.north')
  // What a cookie may be called (RFC 6265, token), whatever a pool may be.
  expect(sessionCookieName(true, 'A-b_9.c')).toMatch(/^[\w!#$%&'*+.^`|~-]+$/)
  // No pool's cookie is another cookie of ours.
  expect(sessionCookieName(true, 'oidc')).not.toBe('__Host-pchat-oidc')
})

test("[PL1] the cookie of another pool on the host is nobody's sign-in here, and the plain one of an earlier program still is", () => {
  const both = '__Host-pchat=main; __Host-pchat.north=north; __Host-pchat.south=south'
  expect(tokenOfCookie(secure(both))).toBe('main')
  expect(tokenOfCookie(secure(both), 'pchat')).toBe('main')
  expect(tokenOfCookie(secure(both), 'north')).toBe('north')
  expect(tokenOfCookie(secure('__Host-pchat.south=south'), 'north')).toBeUndefined()
  expect(tokenOfCookie(secure('__Host-pchat.north=north'))).toBeUndefined()
  expect(tokenOfCookie(secure('__Host-pchat=before'), 'north')).toBe('before')
  expect(tokenOfCookie(secure('pchat.north=planted'), 'north')).toBeUndefined()
  expect(tokenOfCookie(loopback('pchat.north=north; pchat=main'), 'north')).toBe('north')
})
