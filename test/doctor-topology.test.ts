import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { takeDataFolder } from '../src/cli/data-folder.ts'
import type { Check } from '../src/cli/doctor-check.ts'
import { prepareRoles } from '../src/compliance/prepare.ts'
import { adoptCentral, publishTopology, readHead, readPublication } from '../src/topology/central.ts'
import { migrateCentral } from '../src/topology/central-schema.ts'
import { exampleDocument } from '../src/topology/example.ts'
import { replicaFileOf, writeReplica } from '../src/topology/replica.ts'
import { openEmptyDatabase, type TestDatabase, urlOf } from './database.ts'
import { makeFolder } from './folder.ts'
import { runPchat } from './pchat.ts'
import { runVerb } from './run-verb.ts'
import type { Written } from './topology-document.ts'

vi.setConfig({ testTimeout: 60_000 })

let central: TestDatabase
let folder: string
let data: string
let url: string
const roles: string[] = []
beforeEach(async () => {
  ;[central, folder] = await Promise.all([openEmptyDatabase(), makeFolder('pchat-doctor-topology')])
  data = join(folder, 'data')
  await mkdir(data)
  for (const name of ['store', 'archive'])
    await writeFile(join(folder, `${name}.secret`), `${name}-word\n`, { mode: 0o600 })
  url = urlOf(central)
})
afterEach(async () => {
  await central.drop()
  await rm(folder, { recursive: true, force: true })
})
let keeper: TestDatabase
beforeAll(async () => {
  keeper = await openEmptyDatabase()
})
afterAll(async () => {
  for (const role of roles) await keeper.db.query(`DROP ROLE IF EXISTS ${role}`)
  await keeper.drop()
})

/** One machine with both databases elsewhere, where nobody answers. */
function documentOf(change: (pool: Written) => void = () => {}): string {
  const at = (name: string) => ({
    ...{ hosts: [{ host: '127.0.0.1', port: 5 }], user: name, database: name, tls: false },
    password: `file:${folder}/${name}.secret`,
  })
  const pool = { fqdn: 'localhost', port: 8080, fileStore: { place: join(folder, 'files') }, store: at('store') }
  const machine = { fqdn: 'localhost', dataDir: data, certificate: { from: 'none' } }
  const persistentChatPools: Written[] = [{ ...pool, compliance: { store: at('archive') } }]
  change(persistentChatPools[0])
  return JSON.stringify({ version: 1, standardServers: [machine], persistentChatPools })
}

async function publish(document = documentOf()): Promise<void> {
  await migrateCentral(central.db)
  const version = (await readPublication(central.db))?.version ?? 0
  await publishTopology(central.db, { document, author: 'ann', note: '' }, { version }, { errors: [], advice: [] })
}

/** As a server that follows writes it. */
async function keep(): Promise<void> {
  const { at, restores: _, basedOn: __, role: ___, ...published } = (await readPublication(central.db))!
  const { store, adoptions } = await readHead(central.db, published.version)
  await writeReplica(replicaFileOf(data), {
    ...published,
    store,
    adoptions,
    mark: published.mark,
    at: at.toISOString(),
  })
}

type Looked = { code: number | null; out: string; said: string; checks: Check[]; find(name: string): Check | undefined }
async function look(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Looked> {
  const ran = await runVerb(['doctor', '--json', ...args], env)
  const { checks } = ran.out === '' ? { checks: [] } : (JSON.parse(ran.out) as { checks: Check[] })
  const find = (name: string) => checks.find(({ area, check }) => `${area}: ${check}`.includes(name))
  return { ...ran, checks, find }
}
const here = ['--server', 'localhost', '--port', '0']
const store = 'Central Management Store'

async function roleOf(db: TestDatabase, word: string, grants: (role: string) => string): Promise<string> {
  const role = `${word}_${db.address.database.slice(5)}`
  await db.db.query(`CREATE ROLE ${role} LOGIN; ${grants(role)}`)
  roles.push(role)
  return role
}
const as = (role: string, at = url) => at.replace('//pchat@', `//${role}@`)

test('[MN37] the address of the store is a topology, too: what is published is looked at, and the store itself', async () => {
  const empty = await look([...here, '--topology', url])
  expect([empty.code, empty.find(`${store}: schema`)]).toEqual([
    2,
    expect.objectContaining({ state: 'error', mend: expect.stringContaining('pchat topology prepare') }),
  ])
  expect(empty.find('topology: localhost')).toMatchObject({
    state: 'error',
    found: expect.stringContaining('nothing else was looked at'),
  })
  await publish()
  const reader = await roleOf(central, 'reader', role => `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`)
  // The variable of the server says the same as the option.
  const { checks, find } = await look(here, { PCHAT_TOPOLOGY: as(reader) })
  expect(find(`${store}: rights`)).toMatchObject({ state: 'ok', found: expect.stringContaining('may read') })
  expect(find(`${store}: published`)).toMatchObject({ state: 'ok', found: expect.stringMatching(/^version 1, by ann/) })
  expect(checks.find(one => one.area === store)).toMatchObject({ found: expect.stringMatching(/^PostgreSQL \d+/) })
  expect(find('topology: localhost')).toMatchObject({ state: 'ok', found: 'version 1, as published' })
  // And then all that is planned for the machine.
  expect(find('store: 127.0.0.1:5')).toMatchObject({ state: 'error', found: expect.stringContaining('ECONNREFUSED') })
  expect(find('archive: 127.0.0.1:5')).toMatchObject({ state: 'error', found: expect.stringContaining('ECONNREFUSED') })
  expect(find('data folder')?.found).toContain(data)
  const many = await look([...here, '--topology', url])
  expect(many.find(`${store}: rights`)).toMatchObject({
    state: 'warning',
    found: expect.stringContaining('can change'),
  })
  const stranger = await roleOf(central, 'stranger', () => '')
  expect((await look([...here, '--topology', as(stranger)])).find(`${store}: schema`)).toMatchObject({
    state: 'error',
    mend: expect.stringContaining('pchat topology prepare'),
  })
  const other = await look(['--server', 'chat9.example.com', '--topology', url])
  expect([other.code, other.find('topology: chat9')?.found]).toEqual([
    2,
    expect.stringMatching(/no machine chat9\.example\.com, but localhost/),
  ])
})

test('[MN37] the replica is looked at, how old it is and how it stands to the store, and stands in for it, while the server runs', async () => {
  await publish()
  const replica = `${store}: replica`
  expect((await look([...here, '--topology', url])).find(replica)).toMatchObject({
    state: 'warning',
    found: expect.stringContaining('there is none in'),
  })
  await keep()
  const days = new Date(Date.now() - 3 * 86_400_000)
  await utimes(replicaFileOf(data), days, days)
  // The server that works there has the folder for itself.
  const server = await takeDataFolder(data)
  onTestFinished(() => server.release())
  expect((await look([...here, '--topology', url])).find(replica)).toMatchObject({
    state: 'ok',
    found: expect.stringMatching(/^version 1 of \d{4}-.*, written 3 days ago$/),
  })
  const away = 'postgres://pchat@127.0.0.1:9/pchat_central'
  const looked = await look([...here, '--topology', away, '--data-dir', data])
  expect(looked.find(`${store}: 127.0.0.1:9`)).toMatchObject({
    state: 'error',
    found: expect.stringContaining('ECONNREFUSED'),
    mend: expect.stringContaining('go on meanwhile'),
  })
  expect(looked.find('topology: localhost')).toMatchObject({
    state: 'warning',
    found: `version 1, kept in ${replicaFileOf(data)}`,
  })
  expect(looked.find(replica)?.state).toBe('warning')
  expect(looked.find('archive: 127.0.0.1:5')?.state).toBe('error')
  await publish(documentOf(pool => Object.assign(pool, { displayName: 'All rooms' })))
  expect((await look([...here, '--topology', url])).find(replica)).toMatchObject({
    state: 'warning',
    found: expect.stringContaining('the store has version 2'),
  })
  await publish(documentOf(pool => Object.assign(pool, { nextHop: 'nowhere.example.com' })))
  const unsound = await look([...here, '--topology', url, '--data-dir', data])
  expect(unsound.find(`${store}: published`)).toMatchObject({
    state: 'error',
    found: expect.stringContaining('not sound'),
  })
  expect(unsound.find('topology: localhost')?.found).toContain('version 1, kept in')
  await writeFile(replicaFileOf(data), 'torn')
  expect((await look([...here, '--topology', url, '--data-dir', data])).find(replica)).toMatchObject({
    state: 'error',
    found: expect.stringContaining('is no good'),
  })
})

test('[MN37] a store that was restored from an older copy is told, as the server that stays with its replica tells it', async () => {
  await publish()
  await publish(documentOf(pool => Object.assign(pool, { displayName: 'All rooms' })))
  await keep()
  await central.db.query('ALTER TABLE publication DISABLE TRIGGER ALL; DELETE FROM publication WHERE version = 2')
  await central.db.query('ALTER TABLE publication ENABLE TRIGGER ALL')
  const replica = async () => (await look([...here, '--topology', url])).find(`${store}: replica`)
  expect(await replica()).toMatchObject({ state: 'error', mend: expect.stringContaining('pchat topology adopt') })
  await adoptCentral(central.db, 'ann', 'the disk broke')
  expect(await replica()).toMatchObject({ state: 'warning', found: expect.stringContaining('the store has version 1') })
})

test('[MN38] a doctor to whom nothing leads says that nothing was looked at, and ends with 2', async () => {
  const nothing = await look(['--data-dir', join(folder, 'nowhere'), '--port', '0'])
  expect([nothing.code, nothing.find('store: embedded')]).toEqual([
    2,
    expect.objectContaining({ state: 'error', found: expect.stringContaining('nothing of a server was looked at') }),
  ])
  await mkdir(join(data, 'postgres'))
  const stopped = await look(['--data-dir', data, '--port', '0'])
  expect([stopped.code, stopped.find('store: embedded')?.found]).toEqual([1, `no database runs in ${data}`])
})

test('[MN39] a password that cannot be read is an error of its own, with its mend, and everything else is looked at', async () => {
  const document = join(folder, 'topology.json')
  await writeFile(document, documentOf())
  await rm(join(folder, 'store.secret'))
  const looked = await look([...here, '--topology', document])
  const secret = `file:${folder}/store.secret`
  expect([looked.code, looked.find(`secrets: ${secret}`)]).toEqual([
    2,
    expect.objectContaining({
      state: 'error',
      found: expect.stringContaining('ENOENT'),
      mend: expect.stringContaining('mode 600'),
    }),
  ])
  expect(looked.find('secrets: file:')?.state).toBe('error')
  expect(looked.find(`secrets: file:${folder}/archive.secret`)?.state).toBe('ok')
  for (const name of ['options', 'data folder', 'store: 127.0.0.1:5', 'archive: 127.0.0.1:5', 'read and write'])
    expect(looked.find(name), name).toBeDefined()
  expect(looked.out).not.toContain('archive-word')
  // Of what is named beside the topology it is read as at the start; what the topology says is not asked for then.
  const named = ['--database-url', 'postgres://store@127.0.0.1:6/store']
  const gone = { PCHAT_DATABASE_SECRET: `file:${folder}/gone.secret`, PCHAT_NATS_SECRET: 'env:NOWHERE' }
  const beside = await look([...here, '--topology', document, ...named], gone)
  expect(beside.find(`secrets: ${secret}`)).toBeUndefined()
  expect(beside.find('PCHAT_DATABASE_SECRET')).toMatchObject({
    state: 'error',
    found: expect.stringContaining('gone.secret'),
  })
  expect(beside.find('PCHAT_NATS_SECRET')).toMatchObject({
    state: 'error',
    found: expect.stringContaining('without an address'),
  })
  expect(beside.find('store: 127.0.0.1:6')?.state).toBe('error')
  expect(beside.find('beside the topology')).toMatchObject({
    state: 'warning',
    found: expect.stringContaining('databaseUrl'),
  })
  // So without a topology.
  const plain = await look(['--port', '0', ...named], gone)
  expect(plain.find('PCHAT_DATABASE_SECRET')?.state).toBe('error')
  expect(plain.find('store: 127.0.0.1:6')?.state).toBe('error')
  await writeFile(join(folder, 'gone.secret'), 'sesame')
  const there = { PCHAT_DATABASE_SECRET: `file:${folder}/gone.secret` }
  const filled = await look([...here, '--topology', document, ...named], there)
  expect(filled.find('PCHAT_DATABASE_SECRET')?.state).toBe('ok')
  const topology = await look([...here, '--topology', 'postgres://reader@127.0.0.1:9/x'], {
    PCHAT_TOPOLOGY_SECRET: 'env:NOWHERE',
  })
  expect(topology.find('PCHAT_TOPOLOGY_SECRET')?.state).toBe('error')
  expect(topology.find(`${store}: 127.0.0.1:9`)?.state).toBe('error')
})

test('[MN41] the archive is looked at: who answers, its schema, and that the service may append and nothing else', async () => {
  const suffix = central.address.database.slice(5)
  const [database, owner, service] = ['archive', 'keeper', 'service'].map(word => `${word}_${suffix}`) as [
    string,
    string,
    string,
  ]
  roles.push(owner, service)
  const at = (role: string, name: string) => as(role).replace(/[^/]+$/, name)
  const archive = async (address: string) =>
    look(['--port', '0', '--database-url', 'postgres://a@127.0.0.1:5/a', '--compliance-database-url', address])
  expect((await archive(url)).find('archive: schema')).toMatchObject({
    state: 'warning',
    found: expect.stringContaining('no archive'),
    mend: expect.stringContaining('pchat compliance prepare'),
  })
  try {
    await prepareRoles({ adminUrl: at('pchat', 'postgres'), database, owner, service, password: undefined })
    const well = await archive(at(service, database))
    expect(
      well.checks
        .filter(({ area }) => area === 'archive')
        .map(({ check, state }) => [check.replace(/^.*5432(: )?/, ''), state]),
    ).toEqual([
      ['', 'ok'],
      // The test's own server does without.
      ['durability', 'error'],
      ['clock', 'ok'],
      ['schema', 'ok'],
      ['rights', 'ok'],
    ])
    const administrator = await archive(at('pchat', database))
    expect(administrator.find('archive: rights')).toMatchObject({
      state: 'warning',
      found: expect.stringContaining('delete'),
    })
    const administer = await openArchive(at('pchat', database))
    await administer(`REVOKE INSERT ON entry FROM ${service}`)
    expect((await archive(at(service, database))).find('archive: rights')).toMatchObject({
      state: 'error',
      found: expect.stringContaining('may not append'),
    })
    await administer("DELETE FROM archive_migration WHERE name LIKE '0001%'")
    expect((await archive(at(service, database))).find('archive: schema')).toMatchObject({
      state: 'error',
      found: expect.stringContaining('older'),
    })
  } finally {
    await keeper.db.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
  }
})

test('[MN41] the store that the console publishes to is looked at, and what its role may do there', async () => {
  await publish()
  const console_ = async (address: string, env: NodeJS.ProcessEnv = {}) =>
    look(['--port', '0', '--database-url', 'postgres://a@127.0.0.1:5/a', '--cms', address], env)
  const grant = (role: string) => `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`
  const reader = await roleOf(central, 'reads', grant)
  const publisher = await roleOf(
    central,
    'publishes',
    role => `${grant(role)}; GRANT INSERT (document) ON publication TO ${role}`,
  )
  expect((await console_(as(reader))).find(`${store} of the console: rights`)).toMatchObject({
    state: 'ok',
    found: expect.stringContaining('nothing is published as it'),
  })
  const may = await console_(as(publisher))
  expect(may.find(`${store} of the console: rights`)).toMatchObject({
    state: 'ok',
    found: expect.stringContaining('read and publish'),
  })
  const follows = await look([...here, '--topology', as(publisher), '--cms', as(publisher)])
  const rights = follows.checks.filter(({ area, check }) => area.startsWith(store) && check === 'rights')
  expect(rights.map(({ state, found }) => `${state} ${found}`)).toEqual([
    `warning ${publisher} may publish`,
    `ok ${publisher} may read and publish`,
  ])
  const gone = await console_('postgres://pchat@127.0.0.1:9/x')
  expect(gone.find(`${store} of the console: 127.0.0.1:9`)?.state).toBe('error')
})

test('[MN41] beside the embedded database both are looked at where they are made', async () => {
  const server = runPchat(['start', '--data-dir', data, '--port', '0', '--log-level', 'error'])
  onTestFinished(async () => {
    server.kill('SIGTERM')
    await server.ended
  })
  await server.ready()
  const doctor = () => look(['--data-dir', data, '--port', '0'])
  const before = await doctor()
  expect(before.find('archive: ')?.state).toBe('ok')
  expect(before.find(`${store}: embedded`)).toMatchObject({ state: 'ok', found: 'none yet' })
  await writeFile(join(folder, 'topology.yaml'), exampleDocument('standard-edition'))
  const published = await runVerb(['topology', 'publish', join(folder, 'topology.yaml'), '--data-dir', data])
  expect([published.code, published.said]).toEqual([0, ''])
  const after = await doctor()
  expect(after.find(`${store}: schema`)?.state).toBe('ok')
  expect(after.find(`${store}: published`)).toMatchObject({
    state: 'ok',
    found: expect.stringMatching(/^version 1, by /),
  })
})

async function openArchive(at: string) {
  const { openDb } = await import('../src/store/db.ts')
  const db = openDb({ connectionString: at }, { max: 1 })
  onTestFinished(() => db.end().catch(() => {}))
  return (sql: string) => db.query(sql)
}
