import { expect, test } from 'vitest'
import { addressKey, openNetworks } from './address.ts'

test('[SI3] limits count an IPv4 address, written either way, and the /64 of an IPv6 one', () => {
  expect(addressKey('::ffff:192.0.2.7')).toBe('192.0.2.7')
  expect(addressKey('192.0.2.7')).toBe('192.0.2.7')
  expect(addressKey('2001:db8:0:1::5')).toBe(addressKey('2001:0db8::0001:ffff:0:0:9'))
  expect(addressKey('2001:db8:0:1::5')).not.toBe(addressKey('2001:db8:0:2::5'))
  expect(addressKey('fe80::1%eth0')).toBe(addressKey('fe80::2'))
  expect(addressKey('::1')).toBe('0:0:0:0::/64')
})

test('[SI3] trusted networks are addresses and ranges, nothing else', () => {
  const isTrusted = openNetworks(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'])
  expect(['10.255.0.1', '::ffff:10.0.0.1', '192.0.2.7', '2001:db8:1::1'].map(isTrusted)).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect(['11.0.0.1', '192.0.2.8', '2001:db9::1', 'nowhere', ''].map(isTrusted)).toEqual(Array(5).fill(false))
  for (const bad of ['example.com', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '', '::/129'])
    expect(() => openNetworks([bad]), bad).toThrow(RangeError)
})
