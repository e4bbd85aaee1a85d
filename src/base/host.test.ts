import { expect, test } from 'vitest'
import { isOneHost, openHostTest } from './host.ts'

test('[FI60] the host for downloads is known by its name, however it is written and on whichever port', () => {
  const isOurs = openHostTest('https://Files.example.net')
  for (const header of ['files.example.net', 'FILES.example.net:443', 'files.example.net:8443', 'files.example.net.'])
    expect([header, isOurs(header)]).toEqual([header, true])
  for (const header of [
    undefined,
    '',
    'example.net',
    'files.example.net.evil.org',
    'xfiles.example.net',
    'a b',
    '[::1',
  ])
    expect([header, isOurs(header)]).toEqual([header, false])
  expect(openHostTest('http://[::1]:8080')('[::1]:9000')).toBe(true)
  expect(openHostTest(undefined)(undefined)).toBe(false)
  expect(isOneHost('https://a.example:1', 'http://A.example.')).toBe(true)
  expect(isOneHost('https://a.example', 'https://b.example')).toBe(false)
})
