import { expect, test } from 'vitest'
import { isPlace, readTrust } from './proxies.ts'

test('[RL9] addresses and networks are trusted, names and everybody are not', () => {
  for (const good of [
    '10.0.0.7',
    '10.0.0.0/8',
    'fd00::1',
    'fd00::/16',
    '127.0.0.1/32',
    '::1/128',
    '::ffff:10.0.0.7',
    '::ffff:10.0.0.0/104',
  ])
    expect(isPlace(good), good).toBe(true)
  for (const bad of ['', 'loopback', 'lb1', '0.0.0.0/0', '::/0', '10.0.0.0/33', '10.0.0.0/08', 'fe80::1%eth0', '1.2.3'])
    expect(isPlace(bad), bad).toBe(false)
  for (const wide of ['0.0.0.0/1', '128.0.0.0/7', '2000::/3', '::/16', '::ffff:0:0/96', '0::ffff:0:0/97', '::/80'])
    expect(isPlace(wide), wide).toBe(false)
  expect(isPlace('10.0.0.0/8/8')).toBe(false)
  expect(readTrust('10.0.0.7,lb1')).toBeUndefined()
  const trust = readTrust('10.0.0.7, fd00::/16')!
  const asked = ['10.0.0.7', '::ffff:10.0.0.7', 'fd00::9', '10.0.0.8', '2001:db8::1', 'nobody'].map(one =>
    trust(one, 0),
  )
  expect(asked).toEqual([true, true, true, false, false, false])
})
