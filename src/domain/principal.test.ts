import { expect, test } from 'vitest'
import { checkedEmail, checkedPassword, checkedPrincipalName, domainOf, withDomain } from './principal.ts'

test('[PR1] a user is called account@domain, a domain has no @, nobody is called like an id', () => {
  expect(checkedPrincipalName('user', ' alice@example.com ')).toBe('alice@example.com')
  for (const bad of ['alice', '@example.com', 'alice@', 'al ice@example.com', 'alice@exa mple'])
    expect(() => checkedPrincipalName('user', bad), bad).toThrow(/account@domain|control/)
  expect(() => checkedPrincipalName('domain', 'a@b')).toThrow(/domain/)
  expect(checkedPrincipalName('group', 'All Traders')).toBe('All Traders')
  expect(() => checkedPrincipalName('group', '00000000-0000-0000-0000-00000000000A')).toThrow(/id/)
  expect(domainOf('odd@name@example.com')).toBe('example.com')
})

test('[SI2] a name typed without @ is one of the own domain', () => {
  expect(withDomain(' alice ', 'example.com')).toBe('alice@example.com')
  expect(withDomain('alice@other.com', 'example.com')).toBe('alice@other.com')
  expect(withDomain('alice', '')).toBe('alice')
})

test('[SI1] a password has 8 to 1024 characters', () => {
  expect(checkedPassword('password', '😀'.repeat(8))).toBe('😀'.repeat(8))
  expect(() => checkedPassword('password', '😀'.repeat(7))).toThrow(/7 characters/)
  expect(() => checkedPassword('password', 'x'.repeat(1025))).toThrow(/1025/)
})

test('[PR1] an e-mail address is one, or none', () => {
  expect(checkedEmail(' ')).toBe(null)
  expect(checkedEmail('a@b.c')).toBe('a@b.c')
  expect(() => checkedEmail('nonsense')).toThrow(/e-mail/)
})
