import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Check } from '../src/cli/doctor-check.ts'
import { publishTopology } from '../src/topology/central.ts'
import { openCentral } from '../src/topology/central-place.ts'
import { prepareCentral } from '../src/topology/central-prepare.ts'
import { standardDocument } from './bootstrap-site.ts'
import { makeFolder } from './folder.ts'
import { openTestMachine, type TestMachine } from './machine.ts'
import { openPlainPostgres, type PlainPostgres } from './plain-postgres.ts'
import { freePort } from './store-pair.ts'

vi.setConfig({ testTimeout: 120_000 })

const password = { publisher: 'of the publisher', reader: 'of the reader' }
let folder: string
let postgres: PlainPostgres
let machine: TestMachine
let port: number
/** As the reader, without his password. */
let cms: string
beforeAll(async () => {
  folder = await makeFolder('pchat-bootstrap-central')
  await mkdir(join(folder, 'postgres'))
  ;[postgres, machine, port] = await Promise.all([
    openPlainPostgres(join(folder, 'postgres')),
    openTestMachine(),
    freePort(),
  ])
  await prepareCentral({
    ...{ adminUrl: postgres.url, database: 'pchat_central', owner: 'central_owner' },
    publisher: { name: 'pchat_publisher', password: password.publisher },
    reader: { name: 'pchat_reader', password: password.reader },
  })
  const rules = ['host all pchat 127.0.0.1/32 trust', 'host all all 127.0.0.1/32 scram-sha-256', '']
  await writeFile(join(folder, 'postgres/data/pg_hba.conf'), rules.join('\n'))
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  await client.query('SELECT pg_reload_conf()').finally(() => client.end())
  await publish(0)
  cms = `postgres://pchat_reader@127.0.0.1:${postgres.port}/pchat_central`
}, 120_000)
afterAll(async () => {
  await machine?.close()
  await postgres?.close()
  await rm(folder, { recursive: true, force: true })
})

async function publish(version: number, change: (pool: { displayName?: string }) => void = () => {}): Promise<void> {
  const document = standardDocument(port)
  change(document.persistentChatPools[0])
  const url = new URL(postgres.url)
  Object.assign(url, { username: 'pchat_publisher', password: password.publisher, pathname: '/pchat_central' })
  const db = openCentral({ connectionString: url.href })
  const draft = { document: JSON.stringify(document), author: 'ann', note: '' }
  await publishTopology(db, draft, { version }, { errors: [], advice: [] }).finally(() => db.end())
}

const unit = 'pchat-persistent-chat.service'
const notes = async () => {
  const said = await machine.run('curl', ['--silent', '--insecure', `https://localhost:${port}/readyz`])
  return (JSON.parse(said) as { notes: string[] }).notes
}
const soon = (expected: string[]) =>
  vi.waitFor(async () => expect(await notes()).toEqual(expected), { timeout: 40_000, interval: 200 })

async function look(args: string[], env: NodeJS.ProcessEnv = {}) {
  const ran = await machine.pchat([...args, '--json'], env)
  const { checks } = JSON.parse(ran.out) as { checks: Check[] }
  return (name: string) => checks.find(({ area, check }) => `${area}: ${check}`.includes(name))
}

test('[BS90] a machine that is bootstrapped from the store is told what its servers lack to follow it, with the lines to write', async () => {
  const asked = { PCHAT_CMS_SECRET: 'env:READER', READER: password.reader }
  const find = await look(['bootstrap', '--check', '--cms', cms], asked)
  const told = find('topology: following')
  expect(told).toMatchObject({ state: 'warning', found: expect.stringContaining('names no PCHAT_TOPOLOGY') })
  expect(told?.mend).toContain(
    `PCHAT_TOPOLOGY='${cms}', PCHAT_TOPOLOGY_SECRET=file:/etc/pchat/reader.secret, PCHAT_SERVER=localhost`,
  )
  const known = `${cms.replace('@', `:${encodeURIComponent(password.reader)}@`)}?password=${password.reader}&sslmode=disable`
  const { mend } = (await look(['bootstrap', '--check', '--cms', known]))('topology: following')!
  expect(mend).toContain(`PCHAT_TOPOLOGY='${cms}?sslmode=disable'`)
  expect(decodeURIComponent(mend!)).not.toContain(password.reader)
  const ran = await machine.pchat(['bootstrap', '--cms', cms], asked)
  expect([ran.code, ran.said], ran.out).toEqual([0, ''])
  expect(ran.out).toMatch(/^WARNING +topology: following +\/etc\/pchat\/environment names no PCHAT_TOPOLOGY/m)
  expect(await notes()).toEqual([])
})

test('[BS91] [CM51] its file of variables says where the password of the reader stands, which the service itself reads', async () => {
  const lines = [`PCHAT_TOPOLOGY='${cms}'`, 'PCHAT_TOPOLOGY_SECRET=file:/etc/pchat/reader.secret', '']
  const write = () => writeFile(machine.path('etc/pchat/environment'), lines.join('\n'), { mode: 0o600 })
  await write()
  const check = async () => await look(['bootstrap', '--check'], { PCHAT_CMS: cms, PGPASSWORD: password.reader })
  expect((await check())('PCHAT_TOPOLOGY_SECRET')).toMatchObject({
    state: 'error',
    found: expect.stringContaining('ENOENT'),
  })
  // The machine that runs the test has another name than the one in the topology.
  expect((await check())('topology: following')).toMatchObject({
    state: 'error',
    mend: expect.stringContaining('Write PCHAT_SERVER=localhost into'),
  })
  lines.unshift('PCHAT_SERVER=localhost')
  await write()
  await writeFile(machine.path('etc/pchat/reader.secret'), `${password.reader}\n`, { mode: 0o600 })
  expect((await check())('PCHAT_TOPOLOGY_SECRET')).toMatchObject({
    state: 'warning',
    mend: expect.stringContaining('chown root:pchat and chmod 640'),
  })
  await machine.run('chown', ['root:pchat', '/etc/pchat/reader.secret'])
  await machine.run('chmod', ['640', '/etc/pchat/reader.secret'])
  const find = await check()
  expect(find('PCHAT_TOPOLOGY_SECRET')?.state).toBe('ok')
  expect(find('topology: following')?.state).toBe('ok')
  await machine.run('systemctl', ['restart', 'pchat.target'])
  await soon([])
  await publish(1, pool => {
    pool.displayName = 'All rooms'
  })
  await vi.waitFor(
    async () => {
      const doctor = await look(['doctor'])
      expect(doctor('Central Management Store: replica')).toMatchObject({
        state: 'ok',
        found: expect.stringMatching(/^version 2 of .*, written \d+ s ago$/),
      })
    },
    { timeout: 40_000, interval: 500 },
  )
})

test('[CM50] [CM14] [MN38] a bootstrapped server starts from its replica while the store is away, and the doctor looks by that', async () => {
  const main = () => machine.run('systemctl', ['show', '--property=MainPID', '--value', unit])
  const before = await main()
  await postgres.stopAtOnce()
  await soon(['topology store away'])
  // As where the machine itself comes up again: its server has nothing but what is on its disk.
  await machine.cut()
  await machine.run('systemctl', ['start', 'multi-user.target'])
  await soon(['topology store away'])
  expect(await main()).not.toBe(before)
  const doctor = await look(['doctor'])
  expect(doctor('topology: localhost')).toMatchObject({
    state: 'warning',
    found: 'version 2, kept in /srv/pchat/topology-replica.json',
  })
  expect(doctor(`Central Management Store: 127.0.0.1:${postgres.port}`)).toMatchObject({
    state: 'error',
    found: expect.stringContaining('ECONNREFUSED'),
  })
  // Its own database is the one that it looks at, not one in the folder where somebody typed this.
  expect(doctor('store: schema')?.state).toBe('ok')
  expect(doctor('machine: port')).toMatchObject({ state: 'ok', found: expect.stringContaining('ready') })
  await postgres.start()
  await soon([])
  // An address that is named has a password of its own.
  const named = await look(['doctor', '--topology', cms.replace('@', `:${encodeURIComponent(password.reader)}@`)])
  expect(named('Central Management Store: rights')?.state).toBe('ok')
  expect(named('PCHAT_TOPOLOGY_SECRET')).toBeUndefined()
  expect((await look(['doctor']))('topology: localhost')).toMatchObject({
    state: 'ok',
    found: 'version 2, as published',
  })
})
