import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { openDb } from '../store/db.ts'
import { prepareStore } from '../store/prepare.ts'
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

test('[BS68] names that a topology may have are prepared: a hyphen, capitals, a word of the language', async () => {
  const host = encodeURIComponent(store.address.host!)
  const adminUrl = `postgres://${admin}@${host}/postgres`
  const names = { database: `Pchat-west-${suffix}`, owner: `Owner-${suffix}`, service: 'user' }
  const user = `Select-${suffix}`
  try {
    for (let times = 0; times < 2; times += 1)
      await prepareStore({ adminUrl, database: `order-${suffix}`, user, password: 'a secret' })
    await prepareRoles({ ...names, adminUrl, password: 'a secret' })
    expect(await prepareRoles({ ...names, adminUrl, password: 'a secret' })).toEqual([])
    const service = openDb({ connectionString: `postgres://user@${host}/${names.database}` }, { max: 1 })
    expect((await service.query('SELECT FROM entry')).rowCount).toBe(0)
    await service.end()
  } finally {
    for (const one of [names.database, `order-${suffix}`])
      await store.db.query(`DROP DATABASE IF EXISTS "${one}" WITH (FORCE)`)
    for (const one of [names.owner, names.service, user]) await store.db.query(`DROP ROLE IF EXISTS "${one}"`)
  }
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
