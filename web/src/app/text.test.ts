import { expect, test } from 'vitest'
import { splitEmoticons } from './emoticon.ts'
import { safeHref, splitLinks } from './links.ts'
import { parseRoute, roomLink, routeHash } from './route.ts'

test('[WC14] only addresses of the web, of mail and of rooms are links', () => {
  expect(['https://a.example', 'http://a', 'mailto:a@b.c', 'ma-chan://d/x'].map(safeHref)).not.toContain(undefined)
  expect(
    ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', '//a.example', ' JavaScript:x'].map(safeHref),
  ).toEqual(Array(5).fill(undefined))
})

test('[WC14] what ends the sentence is no part of an address', () => {
  expect(splitLinks('see https://a.example/b, (http://c.example).')).toEqual([
    'see ',
    { href: 'https://a.example/b' },
    ', (',
    { href: 'http://c.example' },
    ').',
  ])
})

test('[WC14] an emoticon stands alone: inside words, addresses and numbers there is none', () => {
  const faces = (text: string) => splitEmoticons(text).filter(part => typeof part !== 'string').length
  expect(faces(':) hello :-) ;) and :P.')).toBe(3)
  expect(faces('http://x:Daily (8) a:) 18) std::S:O')).toBe(0)
})

test('[WC13] every place has an address that leads back to it', () => {
  const room = '0b0e7a3e-4f5b-4c55-8b9e-6d1a2f3c4d5e'
  for (const hash of [
    '#/',
    `#/room/${room}`,
    `#/room/${room}/57`,
    `#/room/${room}?pane=card`,
    '#/find',
    '#/search?text=a',
    '#/admin/policy',
  ])
    expect(routeHash(parseRoute(hash))).toBe(hash)
  expect(parseRoute('#/nowhere')).toEqual({ page: 'home' })
  expect(roomLink(`ma-chan://example.com/${room}`)).toBe(`#/room/${room}`)
})
