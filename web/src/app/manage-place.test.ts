import { expect, test } from 'vitest'
import { managePlace } from './manage-place.ts'

const room = '4c8b5f34-0000-4000-8000-000000000001'

test('[RP5] links of room management lead to the custom address, which is told the room; without one, or with one that is no web address, to the pages here', () => {
  const here = { href: `#/rooms/${room}`, isElsewhere: false }
  expect(managePlace(undefined, { page: 'manage', room })).toEqual(here)
  for (const bad of ['', 'javascript:alert(1)', 'data:text/html,x', 'not an address'])
    expect(managePlace(bad, { page: 'manage', room }), bad).toEqual(here)
  expect(managePlace('https://rooms.example.com/manage?lang=en', { page: 'manage', room })).toEqual({
    href: `https://rooms.example.com/manage?lang=en&room=${room}`,
    isElsewhere: true,
  })
  expect(managePlace('https://rooms.example.com', { page: 'create' }).href).toBe('https://rooms.example.com/')
  expect(managePlace('https://rooms.example.com/#a', { page: 'rooms', of: 'joined' }).href).toBe(
    'https://rooms.example.com/#a',
  )
})
