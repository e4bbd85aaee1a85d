import { afterEach, beforeEach, expect, test } from 'vitest'
import { openEmptyDatabase, type TestDatabase } from '../../test/database.ts'
import { openDb } from '../store/db.ts'
import { adoptCentral, listPublications, publishTopology, readPublication } from './central.ts'
import { prepareCentral } from './central-prepare.ts'
import { isCentral, migrateCentral } from './central-schema.ts'

let store: TestDatabase
let suffix: string
let database: string
let owner: string
let roles: Parameters<typeof prepareCentral>[0]
beforeEach(async () => {
  store = await openEmptyDatabase()
  suffix = store.address.database.slice(5)
  database = `cms_${suffix}`
  owner = `own_${suffix}`
  roles = {
    ...{ adminUrl: urlOf(store.address.user, 'postgres'), database, owner },
    publisher: { name: `pub_${suffix}`, password: "p'w" },
    reader: { name: `read_${suffix}` },
  }
})
afterEach(async () => {
  await store.db.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
  for (const name of [`pub_${suffix}`, `read_${suffix}`, owner, `adm_${suffix}`])
    await store.db.query(`DROP ROLE IF EXISTS ${name}`)
  await store.drop()
})

const urlOf = (role: string, name: string) => `postgres://${role}@${encodeURIComponent(store.address.host)}/${name}`
const openAs = (role: string) => openDb({ connectionString: urlOf(role, database) }, { max: 1 })
const publish = (document: string, version: number, db: ReturnType<typeof openDb>) =>
  publishTopology(db, { document, author: 'ann@desk', note: '' }, { version }, { errors: [], advice: [] })

test('[CM3] the publisher may add and read, the reader read, and neither anything else', async () => {
  const [publisher, reader] = [openAs(roles.publisher.name), openAs(roles.reader.name)]
  try {
    expect(await prepareCentral(roles)).toEqual(['0001_central.sql'])
    expect(await prepareCentral(roles)).toEqual([])
    expect(await migrateCentral(reader)).toEqual([])
    await publish('one', 0, publisher)
    const second = await publish('two', 1, publisher)
    expect(await readPublication(reader)).toMatchObject({ version: 2, role: roles.publisher.name, mark: second.mark })
    expect((await adoptCentral(publisher, 'ann@desk', '')).role).toBe(roles.publisher.name)
    const refused = [
      "UPDATE publication SET document = 'x'",
      'DELETE FROM publication',
      'TRUNCATE publication CASCADE',
      "INSERT INTO publication (version, based_on, document, author) VALUES (9, 2, 'x', 'x')",
      "INSERT INTO publication (based_on, document, author, role) VALUES (2, 'x', 'x', 'somebody')",
      "INSERT INTO publication (based_on, document, author, at) VALUES (2, 'x', 'x', now())",
      'ALTER TABLE publication DISABLE TRIGGER ALL',
      'SET session_replication_role = replica',
      'DROP TABLE adoption',
      'CREATE TABLE mine (a int)',
      'CREATE TEMP TABLE publication (a int)',
      'DELETE FROM central_migration',
      `SET ROLE ${owner}`,
    ]
    for (const statement of refused)
      await expect(publisher.query(statement), statement).rejects.toThrow(/permission|must be owner/)
    const insert = "INSERT INTO publication (based_on, document, author) VALUES (2, 'x', 'x')"
    for (const statement of [...refused, insert, "INSERT INTO adoption (version, author) VALUES (2, 'x')"])
      await expect(reader.query(statement), statement).rejects.toThrow(/permission|must be owner/)
    expect((await listPublications(reader, 10)).map(one => one.version)).toEqual([2, 1])
    await expect(prepareCentral({ ...roles, reader: roles.publisher })).rejects.toThrow('are one role')
    await expect(prepareCentral({ ...roles, owner: 'a"b' })).rejects.toThrow('no name of')
  } finally {
    await Promise.all([publisher.end(), reader.end()])
  }
})

test('[CM3] on a database that somebody else made the owner of the store owns it too', async () => {
  const dba = `adm_${suffix}`
  await store.db.query(`CREATE ROLE ${dba} LOGIN`)
  await store.db.query(`CREATE DATABASE ${database} OWNER ${dba}`)
  expect(await prepareCentral(roles)).toEqual(['0001_central.sql'])
  expect(await prepareCentral(roles)).toEqual([])
  const before = openAs(dba)
  try {
    await expect(before.query('DROP TABLE publication CASCADE')).rejects.toThrow(/permission|must be owner/)
  } finally {
    await before.end()
  }
})

test('[CM3] an administrator who is no superuser makes it, and keeps nothing of its owner', async () => {
  const name = `adm_${suffix}`
  await store.db.query(`CREATE ROLE ${name} LOGIN CREATEDB CREATEROLE`)
  const adminUrl = urlOf(name, 'postgres')
  expect(await prepareCentral({ ...roles, adminUrl })).toEqual(['0001_central.sql'])
  expect(await prepareCentral({ ...roles, adminUrl })).toEqual([])
  const admin = openDb({ connectionString: adminUrl }, { max: 1 })
  try {
    await expect(admin.query(`SET ROLE ${owner}`)).rejects.toThrow(/permission/)
  } finally {
    await admin.end()
  }
})

test('[CM3] a database that belongs to somebody whom the administrator cannot act for says what to do', async () => {
  const name = `adm_${suffix}`
  await store.db.query(`CREATE ROLE ${name} LOGIN CREATEROLE`)
  await store.db.query(`CREATE DATABASE ${database}`)
  const refused = prepareCentral({ ...roles, adminUrl: urlOf(name, 'postgres') })
  await expect(refused).rejects.toThrow(`run ALTER DATABASE ${database} OWNER TO ${owner}`)
})

test('[CM3] nothing is made in a database of something else, nor changed there', async () => {
  await store.db.query('CREATE TABLE room (a int)')
  const there = { ...roles, database: store.address.database }
  await expect(prepareCentral(there)).rejects.toThrow('it has a table room')
  await expect(migrateCentral(store.db)).rejects.toThrow('it has a table room')
  expect(await isCentral(store.db)).toBe(false)
  const made = await store.db.query('SELECT FROM pg_roles WHERE rolname = $1', [owner])
  expect(made.rowCount).toBe(0)
})

test('[CM3] a role that could do more than it shall is refused, with what to do, and so is a store of another owner', async () => {
  const { publisher, reader } = roles
  await prepareCentral(roles)
  const refused = async (words: string, more: Partial<typeof roles> = {}) =>
    expect(prepareCentral({ ...roles, ...more })).rejects.toThrow(words)
  await store.db.query(`GRANT ${owner} TO ${publisher.name}`)
  await refused(`Run REVOKE ${owner} FROM ${publisher.name}`)
  await store.db.query(`REVOKE ${owner} FROM ${publisher.name}; ALTER ROLE ${owner} LOGIN`)
  await refused(`Run ALTER ROLE ${owner} NOLOGIN`)
  await store.db.query(`ALTER ROLE ${owner} NOLOGIN; ALTER ROLE ${reader.name} SUPERUSER`)
  await refused(`${reader.name} is a superuser`)
  await store.db.query(`ALTER ROLE ${reader.name} NOSUPERUSER`)
  await refused(`belongs to ${owner}`, { owner: `adm_${suffix}` })
  expect(await prepareCentral(roles)).toEqual([])
})
