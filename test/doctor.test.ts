import { chmod, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { keepSelfSigned } from '../src/cli/certificate.ts'
import type { Check } from '../src/cli/doctor-check.ts'
import { examine } from '../src/cli/doctor-examine.ts'
import type { StartOptions } from '../src/cli/options.ts'
import { openTestDatabase } from './database.ts'
import { type FileSite, openFileSite } from './files.ts'
import { makeFolder } from './folder.ts'
import { openNats } from './nats.ts'
import { runVerb } from './run-verb.ts'

vi.setConfig({ testTimeout: 120_000 })

let site: FileSite
let folder: string
let databaseUrl: string
let options: StartOptions
beforeAll(async () => {
  site = await openFileSite({}, { server: 'chat1' })
  folder = await makeFolder('pchat-doctor')
  const { host, user, database } = site.database.address
  databaseUrl = `postgres://${user}@${encodeURIComponent(host)}/${database}`
  const { hostname, port } = new URL(site.url)
  options = {
    ...{ host: hostname, port: Number(port), dataDir: folder, databaseUrl, fileStore: site.folder },
    ...{ server: 'chat1', pool: 'pchat', workers: 1, logLevel: 'silent' },
  }
}, 60_000)
afterAll(async () => {
  await site.stop()
  await rm(site.folder, { recursive: true })
  await rm(folder, { recursive: true })
})

const find = (checks: Check[], name: string) => checks.find(({ area, check }) => `${area}: ${check}`.includes(name))
const see = async (name: string, change: Partial<StartOptions> = {}) =>
  find(await examine({ ...options, ...change }), name)

async function listen(greeting: string): Promise<number> {
  const server = createServer(socket => socket.on('error', () => {}).write(greeting)).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

test('[MN30] a server that runs is found well, and nothing of it is changed', async () => {
  // Without what the server itself writes in the background.
  const tables = async () => {
    const { rows } = await site.db.query<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1",
    )
    const still = rows
      .map(row => row.name)
      .filter(name => !/^(server_process|pool_count|usage_|passing_|repeat|sign_in$)/.test(name))
    const sums = still.map(
      name =>
        `SELECT '${name}' AS name, (SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) FROM ${name} t) AS sum`,
    )
    return (await site.db.query(sums.join(' UNION ALL '))).rows
  }
  const files = async () => (await readdir(site.folder, { recursive: true })).sort()
  // Counted within a minute of a server's first start.
  await expect.poll(async () => (await see('unfinished work'))?.state, { timeout: 60_000 }).toBe('ok')
  const before = [await tables(), await files(), (await readdir(folder)).sort()]
  const checks = await examine(options)
  expect([await tables(), await files(), (await readdir(folder)).sort()]).toEqual(before)
  // The test's own database has fsync off.
  const notWell = checks.filter(check => check.state !== 'ok').map(({ area, check }) => `${area}: ${check}`)
  expect(notWell.filter(name => !/durability|open files|folder|space/.test(name))).toEqual([])
  const names = checks.map(({ area, check }) => `${area}: ${check}`)
  for (const name of [
    'options',
    'port',
    'open files',
    'data folder',
    'clock',
    'connections',
    'schema',
    'servers',
    'last runs',
  ])
    expect(
      names.some(each => each.includes(name)),
      name,
    ).toBe(true)
  for (const name of ['unfinished work', 'read and write', 'identity', 'space'])
    expect(
      names.some(each => each.includes(name)),
      name,
    ).toBe(true)
  expect(find(checks, 'port')?.found).toContain('ready')
})

test('[MN31] a store that does not write to disk, is out of reach, or holds no pool is told, with the mend', async () => {
  const durability = await see('durability')
  expect(durability).toMatchObject({ found: expect.stringMatching(/fsync (on|off)/) })
  if (durability!.found.includes('fsync off'))
    expect(durability).toMatchObject({ state: 'error', mend: expect.stringContaining('fsync = on') })
  const away = await examine({ ...options, databaseUrl: 'postgres://pchat@127.0.0.1:9/pchat' })
  expect(find(away, '127.0.0.1:9')).toMatchObject({ state: 'error', found: expect.stringContaining('ECONNREFUSED') })
  expect(find(away, 'schema')).toBeUndefined()
  expect(find(away, 'identity')?.state).toBe('warning')
  const empty = databaseUrl.replace(/[^/]+$/, 'postgres')
  expect(await see('schema', { databaseUrl: empty })).toMatchObject({
    state: 'warning',
    found: expect.stringContaining('no pool'),
  })
  const nobody = await see('embedded', { databaseUrl: undefined as never })
  expect(nobody).toMatchObject({ state: 'error', mend: expect.stringContaining('--database-url') })
})

test('[MN31] a schema that is behind, or made by a newer program that this one cannot serve with', async () => {
  const other = await openTestDatabase()
  onTestFinished(() => other.drop())
  const { host, user, database } = other.address
  const url = `postgres://${user}@${encodeURIComponent(host)}/${database}`
  const schema = () => see('schema', { databaseUrl: url })
  expect((await schema())?.state).toBe('ok')
  await other.db.query("INSERT INTO migration (version, name, serves_from) VALUES (900, 'next', 1)")
  expect((await schema())?.state).toBe('ok')
  await other.db.query('UPDATE migration SET serves_from = 900 WHERE version = 900')
  expect(await schema()).toMatchObject({ state: 'error', mend: expect.stringContaining('newer version') })
  await other.db.query(
    'DELETE FROM migration WHERE version >= (SELECT max(version) FROM migration WHERE version < 900)',
  )
  expect(await schema()).toMatchObject({ state: 'warning', mend: expect.stringContaining('migrates') })
})

test('[MN31] a pool whose active server is down, or that this server is not of, and a directory that fails', async () => {
  expect((await see('servers'))?.state).toBe('ok')
  expect(await see('servers', { server: 'chat9' })).toMatchObject({
    state: 'warning',
    found: expect.stringContaining('chat9'),
  })
  expect((await see('servers', { server: 'fe1', role: 'front-end' }))?.state).toBe('ok')
  await site.db.query("INSERT INTO server (name, active) VALUES ('chat2', true)")
  expect(await see('servers')).toMatchObject({ state: 'warning', mend: expect.stringContaining('chat2') })
  await site.db.query("DELETE FROM server WHERE name = 'chat2'")
  await site.db.query(
    "INSERT INTO directory_source (name, failures, last_error, last_success_at) VALUES ('corp', 3, 'it refuses the account', now())",
  )
  expect(await see('last runs')).toMatchObject({
    state: 'warning',
    found: expect.stringContaining('refuses the account'),
  })
  await site.db.query('DELETE FROM directory_source')
})

test('[MN32] a file store that is not mounted, of another pool, or not to be written', async () => {
  const other = join(folder, 'other')
  await mkdir(join(other, 'pc'), { recursive: true })
  expect(await see('identity', { fileStore: other })).toMatchObject({
    state: 'error',
    found: expect.stringContaining('not mounted'),
  })
  await writeFile(join(other, 'pc', 'pchat-file-store'), 'another')
  expect(await see('identity', { fileStore: other })).toMatchObject({
    state: 'error',
    mend: expect.stringContaining('adopt'),
  })
  const gone = join(folder, 'gone')
  expect((await see('read and write', { fileStore: gone }))?.found).toContain('not there yet')
  await expect(stat(gone)).rejects.toThrow('ENOENT')
  await writeFile(join(folder, 'file'), '')
  expect((await see('read and write', { fileStore: join(folder, 'file') }))?.state).toBe('error')
  await rm(other, { recursive: true })
})

test('[MN33] NATS and clamd say who they are; what says something else, or nothing, is an error', async () => {
  const nats = await openNats()
  onTestFinished(() => nats.stop())
  expect(await see('bus', { natsUrl: nats.url })).toMatchObject({
    state: 'ok',
    found: expect.stringMatching(/nats-server \d/),
  })
  const port = await listen('HTTP/1.1 400 Bad Request\n')
  expect(await see('bus', { natsUrl: `nats://127.0.0.1:${port}` })).toMatchObject({ state: 'error' })
  expect(await see('bus', { natsUrl: 'nats://127.0.0.1:9' })).toMatchObject({
    state: 'error',
    found: expect.stringContaining('ECONNREFUSED'),
  })
  const clamd = await listen('ClamAV 1.4.6/27000\0')
  expect(await see('scanner', { clamd: `127.0.0.1:${clamd}` })).toMatchObject({
    state: 'ok',
    found: 'ClamAV 1.4.6/27000',
  })
  expect(await see('scanner', { clamd: `127.0.0.1:${port}` })).toMatchObject({ state: 'error' })
  const silent = await listen('')
  expect(await see('scanner', { clamd: `127.0.0.1:${silent}` })).toMatchObject({
    state: 'error',
    found: expect.stringContaining('no answer'),
  })
})

test('[MN34] a certificate for another name, keys that others may read, a port that another program has', async () => {
  const data = join(folder, 'tls')
  await mkdir(data)
  await keepSelfSigned(data, 'localhost')
  const file = join(data, 'self-signed.pem')
  const tls = { tlsCert: file, tlsKey: file }
  expect((await see('validity', tls))?.state).toBe('ok')
  expect(await see('names', { ...tls, url: 'https://chat.example.com' })).toMatchObject({
    state: 'error',
    wanted: 'chat.example.com',
  })
  expect((await see('names', { ...tls, url: 'https://localhost' }))?.state).toBe('ok')
  const pages = { ...tls, url: 'https://localhost', pagesUrl: 'https://chat.example.com' }
  expect(await see('name of the pages', pages)).toMatchObject({ state: 'error', wanted: 'chat.example.com' })
  for (const other of [{ role: 'persistent-chat' as const }, { trustedProxies: '10.0.0.7' }])
    expect(await see('name of the pages', { ...pages, ...other })).toBeUndefined()
  expect((await see('private key', tls))?.state).toBe('ok')
  await chmod(file, 0o644)
  expect(await see('private key', tls)).toMatchObject({ state: 'warning', mend: expect.stringContaining('chmod 600') })
  await writeFile(join(data, 'keys'), 'no key', { mode: 0o600 })
  expect(await see('file keys', { fileKeyFile: join(data, 'keys') })).toMatchObject({
    state: 'error',
    found: expect.stringContaining('line 1'),
  })
  expect((await see('factor keys', { factorKeyFile: join(data, 'gone') }))?.state).toBe('error')
  expect((await see('hand-over keys', { handOverKeyFile: join(data, 'gone') }))?.state).toBe('error')
  const port = await listen('something')
  expect(await see('port', { port, host: '127.0.0.1' })).toMatchObject({
    state: 'error',
    found: expect.stringContaining('EADDRINUSE'),
  })
  expect((await see('options', { host: '0.0.0.0' }))?.state).toBe('error')
  expect((await see('directory: configuration', { directoryConfig: join(data, 'keys') }))?.state).toBe('error')
})

test('[MN35] the program prints a table or JSON, and ends with 0, 1 or 2 as the worst that it found', async () => {
  const args = [
    'doctor',
    '--port',
    `${options.port}`,
    '--host',
    options.host,
    '--data-dir',
    folder,
    '--file-store',
    site.folder,
    '--server',
    'chat1',
  ]
  const ran = await runVerb([...args, '--database-url', databaseUrl, '--json'])
  const { result, checks } = JSON.parse(ran.out) as { result: string; checks: Check[] }
  const worst = checks.some(check => check.state === 'error')
    ? 2
    : checks.some(check => check.state === 'warning')
      ? 1
      : 0
  expect(ran.code).toBe(worst)
  expect(result).toBe(['ok', 'warning', 'error'][worst])
  const away = await runVerb(args, { PCHAT_DATABASE_URL: 'postgres://pchat:secret@127.0.0.1:9/pchat' })
  expect(away.code).toBe(2)
  expect(away.out).toMatch(/^ERROR {4}store: 127\.0\.0\.1:9 +.*ECONNREFUSED/m)
  expect(away.out).toMatch(/wanted: PostgreSQL 15 or later\n +mend: {3}Check address/)
  expect(away.out + away.said).not.toContain('secret')
  expect((await runVerb(['doctor', '--nonsense'])).code).toBe(2)
})

test('[MN36] with a topology it looks at what that plans for the machine, and a secret is read from where it stands', async () => {
  const document = join(folder, 'topology.json')
  const { host, user, database } = site.database.address
  const secret = join(folder, 'store.secret')
  await writeFile(secret, 'a secret\n', { mode: 0o600 })
  const hosts = [{ host: '127.0.0.1', port: 5 }]
  const pool = {
    fqdn: 'localhost',
    port: 8080,
    fileStore: { place: site.folder },
    store: { hosts, user, database, tls: false, password: `file:${secret}` },
  }
  const machine = { fqdn: 'localhost', dataDir: folder, certificate: { from: 'none' } }
  await writeFile(document, JSON.stringify({ version: 1, standardServers: [machine], persistentChatPools: [pool] }))
  const planned = await runVerb(['doctor', '--topology', document, '--json'])
  const { checks } = JSON.parse(planned.out) as { checks: Check[] }
  expect(find(checks, 'store: 127.0.0.1:5')).toMatchObject({
    state: 'error',
    found: expect.stringContaining('ECONNREFUSED'),
  })
  expect(planned.out).not.toContain('a secret')
  // What is named beside it wins: here the store of the pool that runs.
  const named = [
    '--database-url',
    `postgres://${user}@${encodeURIComponent(host)}/${database}`,
    '--server',
    'localhost',
  ]
  const both = JSON.parse((await runVerb(['doctor', '--topology', document, ...named, '--json'])).out) as {
    checks: Check[]
  }
  expect(find(both.checks, 'store: schema')?.state).toBe('ok')
  expect(find(both.checks, 'read and write')?.state).toBe('ok')
  await writeFile(secret, '')
  expect(await runVerb(['doctor', '--topology', document])).toMatchObject({
    code: 2,
    out: expect.stringContaining('is empty. Write it there'),
  })
  expect(await runVerb(['doctor', '--topology', document, '--server', 'nobody'])).toMatchObject({
    code: 2,
    said: expect.stringContaining('There is no nobody in it'),
  })
})
