import { describe, expect, test } from 'vitest'
import { foldDn, isBelow, parentDn } from './ldap-dn.ts'

describe('distinguished names', () => {
  test.each([
    ['CN=Alice,OU=Sales,DC=example,DC=com', 'cn=alice,ou=sales,dc=example,dc=com'],
    ['  cn = Alice  ,  ou = Sales , dc=Example,dc=COM ', 'cn=alice,ou=sales,dc=example,dc=com'],
    ['cn=Alice   B.\tMiller,dc=x', 'cn=alice b. miller,dc=x'],
    ['2.5.4.3=Alice,OID.2.5.4.11=Sales,0.9.2342.19200300.100.1.25=x', 'cn=alice,ou=sales,dc=x'],
    ['commonName=Alice,domainComponent=x', 'cn=alice,dc=x'],
    ['cn=Miller\\, Alice,dc=x', 'cn=miller\\2c alice,dc=x'],
    ['cn=Miller\\2C Alice,dc=x', 'cn=miller\\2c alice,dc=x'],
    ['cn="Miller, Alice",dc=x', 'cn=miller\\2c alice,dc=x'],
    ['cn=J\\C3\\BCrgen,dc=x', 'cn=jürgen,dc=x'],
    ['cn=Ju\u0308rgen,dc=x', 'cn=jürgen,dc=x'],
    ['cn=STRASSE,dc=x', 'cn=strasse,dc=x'],
    ['cn=Straße,dc=x', 'cn=strasse,dc=x'],
    ['cn=ＡＢＣ,dc=x', 'cn=abc,dc=x'],
    ['uid=alice+cn=A,dc=x', 'cn=a+uid=alice,dc=x'],
    ['CN=a + UID=ALICE,dc=x', 'cn=a+uid=alice,dc=x'],
    ['cn=\\#1,dc=x', 'cn=\\231,dc=x'],
    ['cn=a\\\\b\\"c\\=d\\<e\\>f\\;g\\+h,dc=x', 'cn=a\\5cb\\22c\\3dd\\3ce\\3ef\\3bg\\2bh,dc=x'],
    ['cn=a=b,dc=x', 'cn=a\\3db,dc=x'],
    ['cn=a\\0ADEL:1,dc=x', 'cn=a del:1,dc=x'],
    ['cn=\\ a\\ ,dc=x', 'cn=a,dc=x'],
    ['cn=,dc=x', 'cn=,dc=x'],
    ['', ''],
  ])('[LP2] %j is %j', (given, folded) => {
    expect(foldDn(given)).toBe(folded)
    expect(foldDn(folded)).toBe(folded)
  })

  test.each([
    'alice',
    'cn=a,',
    'cn=a,,dc=x',
    ',cn=a',
    'cn=a\\',
    'cn="a',
    'cn="a"b,dc=x',
    'cn=\\ff,dc=x',
    '=a',
    'c n=a',
  ])('[LP2] %j is none', given => expect(foldDn(given)).toBeUndefined())

  test('[LP2] what a name lies in is found behind the first comma, whatever the name holds', () => {
    const folded = foldDn('CN=x\\,OU=evil\\,DC=other,OU=Sales,DC=example')!
    expect(parentDn(folded)).toBe('ou=sales,dc=example')
    expect(parentDn('dc=example')).toBeUndefined()
    expect(isBelow(folded, foldDn('ou=sales,dc=example')!)).toBe(true)
    expect(isBelow('cn=x,ou=presales,dc=example', 'ou=sales,dc=example')).toBe(false)
    expect(isBelow('dc=example', 'dc=example')).toBe(false)
  })

  test('[LP2] long names and deep ones are folded quickly, and what is no name ends', () => {
    const startedAt = performance.now()
    expect(foldDn(`cn=${'\\C3\\BC'.repeat(20_000)},dc=x`)).toBe(`cn=${'ü'.repeat(20_000)},dc=x`)
    expect(foldDn(Array.from({ length: 5_000 }, () => 'ou=a').join(','))).toHaveLength(5_000 * 5 - 1)
    expect(foldDn(' '.repeat(100_000) + '='.repeat(100_000))).toBeUndefined()
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })
})
