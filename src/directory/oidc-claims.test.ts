import { expect, test } from 'vitest'
import { type ClaimsAt, readIdentity } from './oidc-claims.ts'
import type { OidcProvider } from './oidc-config.ts'

const provider: OidcProvider = {
  name: 'idp',
  title: 'IdP',
  issuer: 'https://login.example.com',
  clientId: 'pchat',
  domain: 'example.com',
}
const read = (claims: Record<string, unknown>, names: OidcProvider['claims'] = {}, at: ClaimsAt = 'sign-in') =>
  readIdentity({ ...provider, claims: names }, 's', claims, at)

test('[OI5] claims are read by the names of the configuration, also nested ones, and of the right kind only', () => {
  expect(read({ preferred_username: ' alice ', name: 'Alice', email: 'a@b' })).toMatchObject({
    userName: 'alice',
    displayName: 'Alice',
    email: 'a@b',
    groups: undefined,
  })
  expect(read({ upn: 'u', realm: { roles: ['a'] } }, { userName: 'upn', groups: 'realm.roles' })).toMatchObject({
    userName: 'u',
    groups: ['a'],
  })
  expect(read({ 'https://x.example/groups': ['a'] }, { groups: 'https://x.example/groups' }).groups).toEqual(['a'])
  for (const value of [7, true, {}, [], null, '', ' ', 'x'.repeat(2_000)])
    expect(read({ preferred_username: value, name: value, email: value })).toMatchObject({
      userName: undefined,
      displayName: undefined,
      email: undefined,
    })
  expect(read({ __proto__: { polluted: 'x' } }, { userName: 'constructor.name' }).userName).toBeUndefined()
})

test('[OI5] an address that the provider did not prove is no account name', () => {
  const names = { userName: 'email' }
  expect(read({ email: 'a@example.com', email_verified: false }, names).userName).toBeUndefined()
  for (const proof of [true, 'true', undefined])
    expect(read({ email: 'a@example.com', email_verified: proof }, names).userName, `${proof}`).toBe('a@example.com')
  for (const proof of ['false', '', 'TRUE ', 'no', 0, 1, null, {}, ['true']])
    expect(read({ email: 'a@example.com', email_verified: proof }, names).userName, `${proof}`).toBeUndefined()
  // Of a name that is none of an address it says nothing.
  expect(read({ preferred_username: 'a', email_verified: false }).userName).toBe('a')
})

test('[OI6] groups are texts, each once; not told is something else than none', () => {
  const names = { groups: 'groups' }
  expect(read({ groups: ['a', 'b', 'a', 7, null, { a: 1 }, ''] }, names).groups).toEqual(['a', 'b'])
  expect(read({ groups: 'a' }, names).groups).toEqual(['a'])
  expect(read({}, names).groups).toEqual([])
  // A provider that renews without an ID token tells less: that takes nobody out of a group.
  expect(read({}, names, 'renewal').groups).toBeUndefined()
  expect(read({ realm: {} }, { groups: 'realm.roles' }, 'renewal').groups).toBeUndefined()
  expect(read({ groups: [] }, names, 'renewal').groups).toEqual([])
  expect(read({ groups: ['a'] }, names, 'renewal').groups).toEqual(['a'])
  expect(read({ groups: ['a'] }).groups).toBeUndefined()
  // Too many for the token: named elsewhere.
  expect(read({ _claim_names: { groups: 'src1' } }, names).groups).toBeUndefined()
  expect(read({ groups: Array.from({ length: 5_000 }, (_, n) => `g${n}`) }, names).groups).toHaveLength(1_000)
})
