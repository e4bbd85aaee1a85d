import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openDb } from '../src/store/db.ts'
import { publishTopology, readPublication } from '../src/topology/central.ts'
import { migrateCentral } from '../src/topology/central-schema.ts'
import { exampleDocument } from '../src/topology/example.ts'
import { call } from './ask-http.ts'
import { openEmptyDatabase, type TestDatabase } from './database.ts'
import { makeFolder } from './folder.ts'
import { type Pchat, runPchat } from './pchat.ts'
import { freePort } from './store-pair.ts'

let central: TestDatabase
let folder: string
let servers: Pchat[]
let url: string
beforeEach(async () => {
  servers = []
  ;[central, folder] = await Promise.all([openEmptyDatabase(), makeFolder('pchat-topology-start')])
  await migrateCentral(central.db)
  const { host, user, database } = central.address
  url = `postgres://${user}@${encodeURIComponent(host)}/${database}`
})
afterEach(async () => {
  for (const server of servers) {
    server.kill('SIGTERM')
    await server.ended
  }
  await central.drop()
  await rm(folder, { recursive: true, force: true })
})

function documentOf(port: number, more = ''): string {
  const document = exampleDocument('standard-edition').replace('./data', join(folder, 'data'))
  return document.replace('port: 8080', `port: ${port}\n    ${more}`)
}

async function publish(document: string): Promise<void> {
  const version = (await readPublication(central.db))?.version ?? 0
  await publishTopology(central.db, { document, author: 'ann', note: '' }, { version }, { errors: [], advice: [] })
}

function start(args: string[] = [], env: NodeJS.ProcessEnv = {}): Pchat {
  const where = ['--topology', url, '--data-dir', join(folder, 'data'), '--server', 'localhost']
  const server = runPchat(['start', ...where, ...args], { env: { PCHAT_PORT: '', ...env } })
  servers.push(server)
  return server
}

async function stop(server: Pchat): Promise<void> {
  server.kill('SIGTERM')
  expect(await server.ended).toBe(0)
}

async function readied(server: Pchat): Promise<Pchat> {
  await server.ready()
  return server
}

async function notes(at: string): Promise<string[]> {
  return ((await (await fetch(`${at}/readyz`)).json()) as { notes: string[] }).notes
}
const soon = (at: string, expected: string[]) =>
  vi.waitFor(async () => expect(await notes(at)).toEqual(expected), { timeout: 20_000, interval: 100 })

test('[CM31] a server starts as the published topology says, follows it, notes what wants a restart, and starts from its replica', async () => {
  const [first, second] = [await freePort(), await freePort()]
  await publish(documentOf(first))
  const server = start()
  const at = await server.ready()
  expect(new URL(at).port).toBe(`${first}`)
  expect(await notes(at)).toEqual([])
  await publish(documentOf(first, 'displayName: All rooms'))
  await server.says(/"version":2.*the topology has changed/)
  expect(await notes(at)).toEqual([])
  await publish(documentOf(second, 'displayName: All rooms'))
  await soon(at, ['topology wants a restart'])
  await central.db.query('ALTER TABLE publication RENAME TO elsewhere')
  await soon(at, ['topology wants a restart'])
  await stop(server)
  const again = start()
  const moved = await again.ready()
  expect(new URL(moved).port).toBe(`${second}`)
  expect(await notes(moved)).toEqual(['topology store away'])
  expect(again.said()).toMatch(/starts from its replica of the topology/)
  await central.db.query('ALTER TABLE elsewhere RENAME TO publication')
  await soon(moved, [])
}, 120_000)

test('[CM31] workers note it as well, and an option that is named wins over the topology', async () => {
  const [first, second] = [await freePort(), await freePort()]
  await publish(documentOf(first, 'workers: 2'))
  const server = start(['--port', `${second}`])
  const at = await server.ready()
  expect(new URL(at).port).toBe(`${second}`)
  expect(server.said()).toMatch(/"options":\["port"\].*not as the topology says/)
  expect(await notes(at)).toEqual(['topology overridden'])
  await server.says(/"worker":2.*serves/)
  await publish(documentOf(first, 'workers: 3'))
  await soon(at, ['topology wants a restart', 'topology overridden'])
}, 120_000)

test('[CM17] a server whose machine is gone from the topology starts by the last one that had it, and says so', async () => {
  await publish(documentOf(await freePort()))
  await stop(await readied(start()))
  await publish(
    documentOf(await freePort())
      .replaceAll('localhost', 'chat9.example.com')
      .replace('from: none', 'from: self-signed'),
  )
  const again = start()
  expect(await notes(await again.ready())).toEqual(['topology without this server'])
}, 120_000)

test('[CM31] where there is nothing to start as, it ends with a sentence that says what to do', async () => {
  const ends = async (words: RegExp, args: string[] = []) => {
    const server = start(args)
    expect(await server.ended).toBe(1)
    expect(server.said()).toMatch(words)
  }
  await ends(/Nothing is published.*pchat topology publish FILE/)
  await publish(documentOf(await freePort()))
  await ends(/has no machine chat9\.example\.com; it has localhost.*--server/, ['--server', 'chat9.example.com'])
  await ends(/runs for pchat\. Name one of them with --pool/, ['--pool', 'another'])
  await publish(
    documentOf(await freePort()).replace(/(persistentChatPools:[\s\S]*fqdn: )localhost/, '$1nowhere.example.com'),
  )
  await ends(/not sound for this program/)
  const files = documentOf(await freePort()).replace('from: none', `from: files\n      certFile: ${folder}/none.pem`)
  await publish(files)
  const without = start()
  expect([await without.ended, without.said()]).toEqual([2, expect.stringContaining('none.pem cannot be read')])
  await rm(join(folder, 'data'), { recursive: true })
  await ends(/does not answer.*Start again when the store is there/, ['--topology', 'postgres://pchat@127.0.0.1:1/x'])
  const wrong = start(['--topology', 'nonsense'])
  expect(await wrong.ended).toBe(2)
}, 120_000)

test('[CM10] the replica is in a data folder that is named, and that one process has to itself', async () => {
  await publish(documentOf(await freePort()))
  const nowhere = runPchat(['start', '--topology', url, '--server', 'localhost'])
  servers.push(nowhere)
  expect([await nowhere.ended, nowhere.said()]).toEqual([2, expect.stringContaining('Add --data-dir <folder>')])
  const server = start()
  await server.ready()
  const replica = join(folder, 'data/topology-replica.json')
  const before = await stat(replica)
  const second = start(['--server', 'chat9.example.com'])
  expect([await second.ended, second.said()]).toEqual([1, expect.stringMatching(/Another Persistent Chat.*works in/)])
  expect((await stat(replica)).ino).toBe(before.ino)
}, 120_000)

test('[CM31] passwords come from where the topology says that they stand, and are in no replica', async () => {
  const place = await mkdtemp(join(tmpdir(), 'pchat-secret-'))
  const document = exampleDocument('enterprise-edition').replace(
    'file:/etc/pchat/store.secret',
    `file:${place}/store.secret`,
  )
  await publish(document)
  try {
    const server = start(['--server', 'chat1.example.com'])
    expect(await server.ended).toBe(1)
    expect(server.said()).toContain(`${place}/store.secret, which a password is to stand in`)
    await writeFile(join(place, 'store.secret'), 'sesame\n')
    const another = start(['--server', 'chat1.example.com'])
    await another.ended
    // It came as far as what else is missing on this machine.
    expect(another.said()).not.toMatch(/store\.secret, which a password/)
    expect(another.said()).not.toContain('sesame')
    expect(await readFile(join(folder, 'data/topology-replica.json'), 'utf8')).not.toContain('sesame')
  } finally {
    await rm(place, { recursive: true })
  }
}, 60_000)

test('[CM51] the password that reads the topology comes from where PCHAT_TOPOLOGY_SECRET says, or the start ends', async () => {
  await publish(documentOf(await freePort()))
  const secret = join(folder, 'reader.secret')
  const env = { PCHAT_TOPOLOGY_SECRET: `file:${secret}` }
  const without = start([], env)
  expect([await without.ended, without.said()]).toEqual([2, expect.stringContaining(`${secret}, which a password`)])
  await writeFile(secret, 'sesame\n', { mode: 0o600 })
  const twice = start(['--topology', url.replace('//pchat@', '//pchat:known@')], env)
  expect([await twice.ended, twice.said()]).toEqual([2, expect.stringContaining('PCHAT_TOPOLOGY_SECRET')])
  expect(twice.said()).not.toMatch(/known|sesame/)
  const server = start([], env)
  await server.ready()
  expect(server.said()).not.toContain('sesame')
  expect(await readFile(join(folder, 'data/topology-replica.json'), 'utf8')).not.toContain('sesame')
}, 60_000)

test('[CM31] the store is only read: a server needs no more than the role that reads', async () => {
  const role = `reads_${central.address.database.slice(5)}`
  await central.db.query(
    `CREATE ROLE ${role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}; REVOKE CREATE ON SCHEMA public FROM PUBLIC`,
  )
  const asReader = openDb({ ...central.address, user: role }, { max: 1 })
  try {
    await expect(asReader.query("INSERT INTO publication (document, author) VALUES ('x', 'x')")).rejects.toThrow(
      /denied/,
    )
    await publish(documentOf(await freePort()))
    const server = start(['--topology', url.replace('//pchat@', `//${role}@`)])
    await server.ready()
    await stop(server)
  } finally {
    await asReader.end()
    await central.db.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  }
}, 60_000)

test('[PL15] a server that follows the topology tells of the pools in it, and of another name without a restart', async () => {
  const port = await freePort()
  const north = (name: string) =>
    documentOf(port, 'displayName: Here').replace(
      'persistentChatPools:',
      `  - fqdn: north.example.com\npersistentChatPools:\n  - { fqdn: north.example.com, name: north, displayName: ${name} }`,
    )
  await publish(north('North'))
  const user = { user: 'ada@example.com', password: 'correct horse battery' }
  const server = start([], { PCHAT_ADMIN_USER: user.user, PCHAT_ADMIN_PASSWORD: user.password })
  const at = await server.ready()
  const { token, pools } = await call(at, undefined, 'session.signIn', user)
  expect(pools).toEqual([
    { name: 'pchat', displayName: 'Here', url: `http://localhost:${port}`, own: true },
    { name: 'north', displayName: 'North', url: 'https://north.example.com' },
  ])
  await publish(north('Far north'))
  const names = async () => (await call(at, token, 'pool.list', {})).pools.map(({ displayName }) => displayName)
  await vi.waitFor(async () => expect(await names()).toEqual(['Far north', 'Here']), { timeout: 25_000, interval: 200 })
  expect(await notes(at)).toEqual([])
  await publish(documentOf(port, 'displayName: Here'))
  await vi.waitFor(async () => expect(await names()).toEqual([]), { timeout: 25_000, interval: 200 })
}, 120_000)
