import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { openDb } from '../store/db.ts'
import { inDatabase } from '../store/role.ts'
import { prepareRoles } from './prepare.ts'

const suffix = randomBytes(4).toString('hex')
const [database, owner, service, admin] = ['archive', 'owner', 'service', 'setup'].map(word => `${word}_${suffix}`) as [
  ...[string, string, string, string],
]
let store: TestDatabase
beforeAll(async () => {
  store = await openTestDatabase()
  await store.db.query(`CREATE ROLE ${admin} LOGIN CREATEDB CREATEROLE`)
})
afterAll(async () => {
  await store.db.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
  for (const name of [owner, service, admin]) await store.db.query(`DROP ROLE IF EXISTS ${name}`)
  await store.drop()
})

test('[CP96] an administrator who is no superuser prepares the archive, also again, and may do nothing in it', async () => {
  const adminUrl = `postgres://${admin}@${encodeURIComponent(store.address.host!)}/postgres`
  const roles = { adminUrl, database, owner, service, password: 'a secret' }
  expect(await prepareRoles(roles)).toContain('0001_archive.sql')
  expect(await prepareRoles(roles)).toEqual([])
  const inside = openDb({ connectionString: inDatabase(adminUrl, database) }, { max: 1 })
  await expect(inside.query('SELECT FROM public.entry')).rejects.toThrow(/permission denied/)
  await inside.end()
  const outside = openDb({ connectionString: adminUrl }, { max: 1 })
  await expect(outside.query(`SET ROLE ${owner}`)).rejects.toThrow(/permission denied/)
  await outside.end()
})
