import { chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAuthority } from '../../test/authority.ts'
import { makeFolder } from '../../test/folder.ts'
import { openPlainPostgres, type PlainPostgres } from '../../test/plain-postgres.ts'
import { topologyOf, twoPools } from '../../test/topology-document.ts'
import { planServer } from '../topology/plan.ts'
import { adminUrlsOf } from './bootstrap-admin.ts'
import { databaseDoing } from './bootstrap-database.ts'
import type { Site } from './bootstrap-doing.ts'

let folder: string
let postgres: PlainPostgres
const file = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await makeFolder('pchat-admin')
  await mkdir(file('postgres'))
  postgres = await openPlainPostgres(file('postgres'), { log_connections: 'on' })
  const authority = await makeAuthority()
  const { cert, key } = await authority.issue(['localhost'])
  const { uid, gid } = await stat(file('postgres/data'))
  await writeFile(file('postgres/data/server.crt'), cert)
  await writeFile(file('postgres/data/server.key'), key, { mode: 0o600 })
  await chown(file('postgres/data/server.key'), uid, gid)
  await writeFile(file('ca.pem'), authority.cert)
  await writeFile(file('other.pem'), (await makeAuthority()).cert)
  await writeFile(file('store.secret'), 'of the store', { mode: 0o600 })
  await ask("ALTER SYSTEM SET ssl = 'on'")
  await ask("CREATE ROLE dba LOGIN CREATEDB CREATEROLE PASSWORD 'of the dba'")
  // Both ways are open: who comes in the clear does it by himself.
  await writeFile(
    file('postgres/data/pg_hba.conf'),
    'host all pchat 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n',
  )
  await ask('SELECT pg_reload_conf()')
}, 60_000)
afterAll(async () => {
  await postgres?.close()
  await rm(folder, { recursive: true, force: true })
})

async function ask(sql: string) {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  return (await client.query(sql).finally(() => client.end())).rows
}

function planWith(tls: object) {
  const document = twoPools()
  Object.assign(document.persistentChatPools[0].store, {
    ...{ hosts: [{ host: 'localhost', port: postgres.port }], database: 'made', user: 'made' },
    ...{ password: `file:${file('store.secret')}`, ...tls },
  })
  return planServer(topologyOf(document), 'chat1.example.com')!
}
const admin = (query = '') => `postgres://dba:of%20the%20dba@localhost:${postgres.port}/postgres${query}`
const doingWith = (plan: Site['plan'], query = '') => {
  const env = { PCHAT_ADMIN_URL: admin(query) }
  return databaseDoing({ plan, env, adminUrls: adminUrlsOf([], plan, env) } as unknown as Site)[0]!
}

test('[BS70] the connection of an administrator is encrypted, and checked by the authority, where the topology encrypts the database', async () => {
  await expect.poll(async () => (await ask('SHOW ssl'))[0].ssl).toBe('on')
  // Its certificate is of nobody who is trusted here.
  await expect(doingWith(planWith({ caFile: file('other.pem') })).act()).rejects.toThrow(/certificate/)
  await expect(doingWith(planWith({ tls: true })).act()).rejects.toThrow(/certificate/)
  const doing = doingWith(planWith({ caFile: file('ca.pem') }))
  await doing.act()
  expect(await doing.look()).toMatchObject({ done: true })
  const came = [...(await readFile(`${file('postgres')}.log`, 'utf8')).matchAll(/authorized: user=dba .*$/gm)].map(
    String,
  )
  expect(came.length).toBeGreaterThan(0)
  expect(came.filter(line => !line.includes('SSL enabled'))).toEqual([])
})

test('[BS70] an address of an administrator that asks for less than the topology is refused; where that has no tls it stays as it is', () => {
  const plan = planWith({ caFile: file('ca.pem') })
  for (const query of [
    '?sslmode=disable',
    '?sslmode=prefer',
    '?sslmode=no-verify',
    '?ssl=0',
    '?uselibpqcompat=true&sslmode=require',
  ])
    expect(() => adminUrlsOf([], plan, { PCHAT_ADMIN_URL: admin(query) }), query).toThrow(
      /asks for less than the topology.*Leave sslmode/,
    )
  const queryOf = (query: string) => new URL(adminUrlsOf([], plan, { PCHAT_ADMIN_URL: admin(query) })[0]!).search
  const whole = new URLSearchParams({ sslmode: 'verify-full', sslrootcert: file('ca.pem') })
  for (const query of ['', '?sslmode=require']) expect(queryOf(query)).toBe(`?${whole}`)
  expect(new URLSearchParams(queryOf('?sslrootcert=/srv/own.pem')).get('sslrootcert')).toBe('/srv/own.pem')
  const plain = planWith({ tls: false })
  expect(adminUrlsOf([], plain, { PCHAT_ADMIN_URL: admin('?sslmode=disable') })).toEqual([admin('?sslmode=disable')])
})
