import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { checkDoors } from '../src/cli/bootstrap-door.ts'
import { checkFiles } from '../src/cli/bootstrap-files.ts'
import { checkSecrets } from '../src/cli/bootstrap-secrets.ts'
import { checkServices } from '../src/cli/bootstrap-services.ts'
import { checkStores } from '../src/cli/bootstrap-stores.ts'
import type { Check } from '../src/cli/doctor-check.ts'
import { startArguments } from '../src/cli/topology-start.ts'
import { planServer } from '../src/topology/plan.ts'
import { unitsOf } from '../src/topology/unit.ts'
import { makeAuthority } from './authority.ts'
import { makeFolder } from './folder.ts'
import { openNats } from './nats.ts'
import { runPchat } from './pchat.ts'
import { openPlainPostgres, type PlainPostgres } from './plain-postgres.ts'
import { runVerb } from './run-verb.ts'
import { freePort } from './store-pair.ts'
import { exampleOf, textOf, topologyOf, type Written } from './topology-document.ts'
import { commandOf, credentialsOf, environmentOf, readUnit } from './unit-file.ts'

vi.setConfig({ testTimeout: 120_000 })

const password = 'p@ss/w:rd, secret'
let folder: string
let postgres: PlainPostgres
beforeAll(async () => {
  folder = await makeFolder('pchat-bootstrap')
  await mkdir(join(folder, 'postgres'))
  postgres = await openPlainPostgres(join(folder, 'postgres'))
  await ask(`CREATE ROLE chat LOGIN PASSWORD '${password}'`)
  await ask('CREATE DATABASE chat OWNER chat')
  const rules = ['host all pchat 127.0.0.1/32 trust', 'host all all 127.0.0.1/32 scram-sha-256', '']
  await writeFile(join(folder, 'postgres/data/pg_hba.conf'), rules.join('\n'))
  await ask('SELECT pg_reload_conf()')
  await writeFile(join(folder, 'store.secret'), `${password}\n`, { mode: 0o600 })
}, 120_000)
afterAll(async () => {
  await postgres?.close()
  await rm(folder, { recursive: true, force: true })
})

async function ask(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

/** One machine whose store is the PostgreSQL of this test. */
function withStore(change: (pool: Written, server: Written) => void = () => {}): Written {
  const document = exampleOf('standard-edition')
  const [server] = document.standardServers
  const [pool] = document.persistentChatPools
  server.dataDir = join(folder, 'data')
  pool.store = {
    ...{ hosts: [{ host: '127.0.0.1', port: postgres.port }], database: 'chat', user: 'chat', tls: false },
    password: `file:${join(folder, 'store.secret')}`,
  }
  change(pool, server)
  return document
}

/** All but the machine and its disk, which take their time. */
async function look(document: Written, env: NodeJS.ProcessEnv = {}): Promise<Check[]> {
  const topology = topologyOf(document)
  const plan = planServer(topology, 'localhost')!
  const stores = await checkStores(plan, env)
  return [
    ...(await checkDoors(plan)),
    ...(await checkSecrets(plan, env)),
    ...stores,
    ...(await checkServices(topology, plan)),
    ...(await checkFiles(topology, plan, env, stores)),
  ]
}
const find = (checks: Check[], name: string) => checks.find(({ area, check }) => `${area}: ${check}`.includes(name))

async function listen(): Promise<number> {
  const server = createServer(socket => socket.on('error', () => {}).end('no\n')).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function kept(name: string, document: Written): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, textOf(document))
  return file
}

test('[BS1] [BS2] [BS4] [BS13] one machine alone is asked for what it needs, and nothing is left behind', async () => {
  const document = exampleOf('standard-edition')
  document.standardServers[0].dataDir = join(folder, 'not/there/yet')
  document.persistentChatPools[0].port = await freePort()
  const file = await kept('alone.json', document)
  const cache = () =>
    stat('/var/cache/apt/pkgcache.bin').then(
      one => one.mtimeMs,
      () => 0,
    )
  const before = [(await readdir(folder)).sort(), await cache()]
  const ran = await runVerb(['bootstrap', '--check', '--topology', file, '--json'])
  expect([(await readdir(folder)).sort(), await cache()]).toEqual(before)
  const said = JSON.parse(ran.out) as { server: string; result: string; checks: Check[] }
  expect(said.server).toBe('localhost')
  expect([...new Set(said.checks.map(({ area }) => area))]).toEqual([
    ...['machine', 'disk', 'names', 'port', 'PersistentChatStore', 'file store'],
  ])
  for (const name of [
    'operating system',
    'systemd',
    'processor',
    'memory',
    'Node.js',
    'open files',
    'rights',
    'updates',
  ])
    expect(find(said.checks, `machine: ${name}`), name).toBeDefined()
  for (const { check, state, found, wanted, mend } of said.checks) {
    expect(
      [found, wanted].every(text => text.length > 0),
      check,
    ).toBe(true)
    if (state !== 'ok') expect(mend, check).toMatch(/\w/)
  }
  expect(ran.code).toBe(said.checks.some(({ state }) => state === 'error') ? 1 : 0)
  expect(find(said.checks, 'port:')).toMatchObject({ state: 'ok', found: 'free' })
})

test('[BS7] [BS13] a port that another program has is an error, in the table and in the exit code', async () => {
  const document = exampleOf('standard-edition')
  document.standardServers[0] = {
    fqdn: 'localhost',
    address: '127.0.0.1',
    dataDir: folder,
    certificate: { from: 'none' },
  }
  document.persistentChatPools[0].port = await listen()
  const ran = await runVerb(['bootstrap', '--check', '--topology', await kept('port.json', document)])
  expect(ran.code).toBe(1)
  expect(ran.out).toMatch(
    /^ERROR {4}port: 127\.0\.0\.1:\d+ +another program has it \(EADDRINUSE\)\n +wanted: free, or held/m,
  )
  expect(ran.out).toMatch(/^\d+ ok, \d+ warnings, [12] errors$/m)
  const elsewhere = exampleOf('standard-edition')
  elsewhere.standardServers[0].address = '192.0.2.1'
  expect(find(await look(elsewhere), 'port:')).toMatchObject({
    ...{ state: 'error', found: expect.stringContaining('EADDRNOTAVAIL') },
  })
})

test('[BS13] [BS32] wrong use is refused in a sentence, and nothing is made', async () => {
  const file = await kept('refused.json', withStore())
  const before = (await readdir(folder)).sort()
  for (const args of [
    [],
    ['--check', '--units', '--topology', file],
    ['--check', '--out', folder, '--topology', file],
    ['--check', '--topology', file, '--server', 'nobody.example.com'],
    ['--check', '--topology', file, '--make-secrets'],
    ['--what-if', '--topology', file, '--authority', folder],
    ['--topology', file, '--cms', 'postgres://reader@db1/pchat_central'],
    ['--remove', '--topology', file],
    ['--remove', '--check'],
    ['--units', '--topology', file, '--install-dir', 'here'],
    ['--nonsense'],
  ])
    expect((await runVerb(['bootstrap', ...args])).code, args.join(' ')).toBe(2)
  const bare = await runVerb(['bootstrap'])
  expect(bare.said).toMatch(/Name the topology: --topology FILE, or --cms URL/)
  expect((await readdir(folder)).sort()).toEqual(before)
})

test('[BS8] a certificate that ended, is of another name or of another key; the name of a pool that it does not hold', async () => {
  const authority = await makeAuthority()
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const document = withStore((_, server) => {
    server.certificate = { from: 'files', certFile, keyFile }
  })
  const see = async (names: string[], days?: { from: number; to: number }) => {
    const { cert, key } = await authority.issue(names, days)
    await writeFile(certFile, cert)
    await writeFile(keyFile, key, { mode: 0o600 })
    return look(document)
  }
  const good = await see(['localhost'], { from: -1, to: 90 })
  expect(good.filter(({ area }) => area === 'certificate').map(({ state }) => state)).toEqual(['ok', 'ok', 'ok'])
  expect(find(await see(['localhost'], { from: -9, to: -1 }), 'certificate: validity')?.state).toBe('error')
  expect(find(await see(['localhost'], { from: -9, to: 5 }), 'certificate: validity')?.state).toBe('warning')
  expect(find(await see(['chat9.example.com']), 'certificate: localhost')?.state).toBe('error')
  await writeFile(keyFile, (await authority.issue(['localhost'])).key)
  expect(find(await look(document), 'certificate: file')).toMatchObject({ state: 'error' })
  await rm(certFile)
  expect(find(await look(document), 'certificate: file')).toMatchObject({
    ...{ state: 'error', found: expect.stringContaining('ENOENT'), mend: expect.stringContaining(certFile) },
  })
})

test('[BS9] [BS71] a password that is missing, empty or readable by others is an error, as the step has it, and never shown', async () => {
  const see = async (reference: string, env: NodeJS.ProcessEnv = {}) => {
    const checks = await look(
      withStore(pool => {
        pool.store.password = reference
      }),
      env,
    )
    expect(JSON.stringify(checks)).not.toContain('w:rd')
    expect(JSON.stringify(checks)).not.toContain('w%3Ard')
    return { secret: find(checks, 'secrets:'), store: find(checks, 'PersistentChatStore: 127') }
  }
  const file = join(folder, 'other.secret')
  expect(await see(`file:${file}`)).toMatchObject({
    secret: { state: 'error', found: expect.stringContaining('ENOENT') },
    store: { state: 'error', found: expect.stringMatching(/^not asked: .*other\.secret/) },
  })
  await writeFile(file, '\n', { mode: 0o600 })
  expect((await see(`file:${file}`)).secret).toMatchObject({ state: 'error', found: expect.stringContaining('empty') })
  await writeFile(file, password)
  await chmod(file, 0o644)
  expect(await see(`file:${file}`)).toMatchObject({
    secret: { state: 'error', found: expect.stringMatching(/may be read by others than root \(mode 644.*chmod 600/) },
    store: { state: 'ok', found: expect.stringContaining('PostgreSQL 15') },
  })
  expect((await see('env:CHAT_PASSWORD')).secret).toMatchObject({
    ...{ state: 'error', found: expect.stringContaining('CHAT_PASSWORD is not in /etc/pchat/environment') },
  })
  expect(await see('env:CHAT_PASSWORD', { CHAT_PASSWORD: password })).toMatchObject({
    ...{ secret: { state: 'ok' }, store: { state: 'ok' } },
  })
})

test('[BS10] each host with version, durability, connections and clock; what is still to be made is a warning', async () => {
  const stores = async (change: (store: Written) => void) =>
    (await look(withStore(pool => change(pool.store)))).filter(({ area }) => area === 'PersistentChatStore')
  const there = await stores(() => {})
  expect(there.map(({ check }) => check.replace(/^127\.0\.0\.1:\d+/, 'host'))).toEqual([
    ...['host', 'host: durability', 'host: connections', 'host: clock'],
  ])
  expect(
    there.every(({ state }) => state === 'ok'),
    JSON.stringify(there),
  ).toBe(true)
  const noDatabase = await stores(store => {
    store.database = 'still_to_come'
  })
  expect(find(noDatabase, 'still_to_come')).toMatchObject({ state: 'warning', found: 'not there yet' })
  expect(find(noDatabase, 'durability')).toMatchObject({ state: 'ok' })
  const noRole = await stores(store => {
    store.user = 'nobody'
  })
  expect(noRole).toMatchObject([{ state: 'warning', found: expect.stringContaining('does not let nobody in') }])
  const away = await stores(store => {
    store.hosts = [{ host: '127.0.0.1', port: 9 }]
  })
  expect(away).toMatchObject([{ state: 'error', found: expect.stringContaining('ECONNREFUSED') }])
  const silent = createServer(socket => socket.on('error', () => {})).listen(0, '127.0.0.1')
  onTestFinished(() => void silent.close())
  await new Promise(resolve => silent.once('listening', resolve))
  const mute = await stores(store => {
    store.hosts = [{ host: '127.0.0.1', port: (silent.address() as AddressInfo).port }]
  })
  expect(mute).toMatchObject([{ state: 'error', found: expect.stringMatching(/time/) }])
  const noAuthority = await stores(store => {
    Object.assign(store, { tls: true, caFile: join(folder, 'gone.pem') })
  })
  expect(noAuthority).toMatchObject([{ state: 'error', found: expect.stringContaining('gone.pem') }])
})

test('[BS11] NATS says its version and whether it encrypts; a scanner is asked where there is one', async () => {
  const nats = await openNats()
  onTestFinished(() => nats.stop())
  const see = async (name: string, change: Written) =>
    find(await look(withStore(pool => Object.assign(pool, change))), name)
  const bus = (port: number, tls = false) => ({ nats: { servers: [{ host: '127.0.0.1', port }], tls } })
  expect(await see('NATS', bus(nats.port))).toMatchObject({
    state: 'ok',
    found: expect.stringMatching(/nats-server 2\.\d+/),
  })
  expect(await see('NATS', bus(nats.port, true))).toMatchObject({
    state: 'error',
    found: expect.stringContaining('not encrypted'),
  })
  expect(await see('NATS', bus(9))).toMatchObject({ state: 'error', found: expect.stringContaining('ECONNREFUSED') })
  expect(await see('NATS', bus(await listen()))).toMatchObject({ state: 'error' })
  expect(await see('scanner', { clamd: '127.0.0.1:9' })).toMatchObject({ state: 'error' })
})

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

test('[BS24] [BS12] [BS7] a server starts from its unit with the password of its credential; then it is found there', async () => {
  const files = join(folder, 'files')
  await mkdir(files)
  const port = await freePort()
  const document = withStore(pool => Object.assign(pool, { port, fileStore: { place: files, shared: true } }))
  const plan = planServer(topologyOf(document), 'localhost')!
  const program = { command: [process.execPath, main], argumentsOf: startArguments }
  const unit = readUnit(unitsOf(plan, program)[1]!.text)
  const credentials = join(folder, 'credentials')
  await mkdir(credentials)
  for (const { name, file } of credentialsOf(unit))
    await writeFile(join(credentials, name), await readFile(file), { mode: 0o400 })
  const [node = '', script = '', ...words] = commandOf(unit, credentials)
  expect(words.join(' ')).not.toContain('w:rd')
  const start = () => runPchat(words, { program: [node, script], env: environmentOf(unit, credentials) })
  expect(find(await look(document), 'same view')).toMatchObject({ state: 'ok', found: 'none yet' })
  const server = start()
  try {
    await server.ready()
    const checks = await look(document)
    expect(find(checks, 'port:')).toMatchObject({ state: 'ok', found: 'a server of ours, ready' })
    expect(find(checks, 'write and rename')).toMatchObject({ state: 'ok', found: expect.stringContaining('renamed') })
    expect(find(checks, 'lock')).toMatchObject({ state: 'ok' })
    expect(find(checks, 'same view')).toMatchObject({ state: 'ok', found: expect.stringMatching(/^[\w-]{20,}$/) })
    // Another disk, or none, at the same place: not what the others see.
    const other = withStore(pool => Object.assign(pool, { port, fileStore: { place: folder, shared: true } }))
    expect(find(await look(other), 'same view')).toMatchObject({
      state: 'error',
      mend: expect.stringContaining('Mount'),
    })
  } finally {
    server.kill('SIGTERM')
    expect(await server.ended).toBe(0)
  }
  await chmod(join(credentials, 'databaseUrl'), 0o600)
  await writeFile(join(credentials, 'databaseUrl'), 'another one')
  const refused = start()
  expect(await refused.ended).toBe(1)
  expect(refused.said()).not.toContain('another one')
})

test('[BS26] a password that cannot be read, or that belongs nowhere, ends the start before it begins', async () => {
  const url = `postgres://chat@127.0.0.1:${postgres.port}/chat`
  const start = (env: NodeJS.ProcessEnv) => runVerb(['start', '--data-dir', join(folder, 'never'), '--port', '0'], env)
  const gone = join(folder, 'gone.secret')
  const missing = await start({ PCHAT_DATABASE_URL: url, PCHAT_DATABASE_SECRET: `file:${gone}` })
  expect([missing.code, missing.said]).toEqual([2, expect.stringContaining(`${gone}, which a password is to stand in`)])
  const lost = await start({ PCHAT_NATS_SECRET: 'env:HOME' })
  expect([lost.code, lost.said]).toEqual([2, expect.stringContaining('PCHAT_NATS_SECRET is set without an address')])
  const plain = await start({ PCHAT_DATABASE_URL: url, PCHAT_DATABASE_SECRET: password })
  expect([plain.code, plain.said]).toEqual([2, expect.stringContaining('env:NAME or file:/path')])
  expect(plain.said).not.toContain('w:rd')
  const doctor = await runVerb(['doctor'], { PCHAT_DATABASE_URL: url, PCHAT_DATABASE_SECRET: `file:${gone}` })
  // It goes on: what else is not well is told, too.
  expect([doctor.code, doctor.out]).toEqual([
    2,
    expect.stringMatching(/^ERROR +secrets: PCHAT_DATABASE_SECRET .*gone/m),
  ])
  expect(doctor.out).toMatch(/^ERROR +store: 127\.0\.0\.1/m)
  await expect(stat(join(folder, 'never'))).rejects.toThrow('ENOENT')
})

test('[BS25] units are written whole, left alone the second time, and refused for a data folder of no fixed place', async () => {
  const file = await kept(
    'units.json',
    withStore((_, server) => {
      server.dataDir = '/srv/pchat'
    }),
  )
  const out = join(folder, 'units')
  const args = ['bootstrap', '--units', '--topology', file, '--out', out, '--install-dir', '/opt/pchat']
  const first = await runVerb(args)
  expect([first.code, first.out.match(/: written$/gm)?.length]).toEqual([0, 2])
  expect((await readdir(out)).sort()).toEqual(['pchat-persistent-chat.service', 'pchat.target'])
  const service = join(out, 'pchat-persistent-chat.service')
  const text = await readFile(service, 'utf8')
  expect(text).toContain('/opt/pchat/src/cli/main.ts start')
  const at = (await stat(service)).mtimeMs
  const second = await runVerb([...args, '--json'])
  expect(JSON.parse(second.out).units.map(({ changed }: { changed: boolean }) => changed)).toEqual([false, false])
  expect((await stat(service)).mtimeMs).toBe(at)
  await writeFile(service, 'broken')
  expect((await runVerb(args)).out).toMatch(/pchat\.target: as it was\n.*service: written\n/)
  expect(await readFile(service, 'utf8')).toBe(text)
  const printed = await runVerb(args.filter(word => word !== '--out' && word !== out))
  expect(printed.out).toContain(text.trimEnd())
  const relative = await runVerb([
    'bootstrap',
    '--units',
    '--topology',
    await kept('s.json', exampleOf('standard-edition')),
  ])
  expect([relative.code, relative.said]).toEqual([1, expect.stringContaining('Give dataDir a whole path')])
  const temporary = withStore((_, server) => {
    server.dataDir = '/var/tmp/pchat'
  })
  const lost = await runVerb(['bootstrap', '--units', '--topology', await kept('t.json', temporary)])
  expect([lost.code, lost.said]).toEqual([1, expect.stringContaining('below /tmp or /var/tmp')])
})
