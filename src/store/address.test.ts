import { expect, test } from 'vitest'
import { splitHosts, withoutPassword } from './address.ts'

test('[MN35] hosts are named without any part of a password, whatever stands in it', () => {
  for (const user of ['', 'r@', 'r:p@', 'r:p@SEKRET@', 'r:@@@', 'r%40d:p%40SEKRET@'])
    expect(
      splitHosts(`postgres://${user}db1:6432,db2/c`)?.map(({ name }) => name),
      user,
    ).toEqual(['db1:6432', 'db2:5432'])
  expect(splitHosts('postgres://r:p@SEKRET@db1/c')![0]!.connectionString).toBe('postgres://r:p@SEKRET@db1/c')
})

test('[MN35] an address in a sentence has no password: neither before the host nor behind it, however often', () => {
  for (const [address, shown] of [
    ['postgres://r@db/c', 'postgres://r@db/c'],
    ['postgres://r:p@db/c?sslmode=disable', 'postgres://r@db/c?sslmode=disable'],
    ['postgres://r:p@ss@db/c', 'postgres://r@db/c'],
    ['postgres://r@db/c?password=a&password=b', 'postgres://r@db/c'],
    ['postgres://r@db/c?password=a&sslmode=disable&password=b', 'postgres://r@db/c?sslmode=disable'],
    ['postgres://r@db/c?sslmode=disable&password=', 'postgres://r@db/c?sslmode=disable'],
  ] as const)
    expect(withoutPassword(address)).toBe(shown)
})
