import { once } from 'node:events'
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { catalogue, enterNames, eventsOf, outerAddress, poolDocument, snapshot } from './bootstrap-site.ts'
import { makeFolder } from './folder.ts'
import { openTestMachine, type TestMachine } from './machine.ts'
import { type Nats, openNats } from './nats.ts'
import { openPlainPostgres, type PlainPostgres } from './plain-postgres.ts'
import { openRandom } from './random.ts'
import { freePort } from './store-pair.ts'
import type { Written } from './topology-document.ts'

vi.setConfig({ testTimeout: 240_000 })

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const adminPassword = 'of the dba, 1'
let folder: string
let postgres: PlainPostgres
let nats: Nats
/** One that nobody disturbs, and one that is killed again and again. */
let calm: TestMachine
let killed: TestMachine

beforeAll(async () => {
  folder = await makeFolder('pchat-bootstrap-kill')
  await mkdir(join(folder, 'postgres'))
  ;[postgres, nats] = await Promise.all([openPlainPostgres(join(folder, 'postgres')), openNats()])
  await ask(`CREATE ROLE dba LOGIN CREATEDB CREATEROLE PASSWORD '${adminPassword}'`)
  const rules = ['host all pchat 127.0.0.1/32 trust', 'host all all 127.0.0.1/32 scram-sha-256', '']
  await writeFile(join(folder, 'postgres/data/pg_hba.conf'), rules.join('\n'))
  await ask('SELECT pg_reload_conf()')
  calm = await openTestMachine()
  killed = await openTestMachine()
  await prepare(calm, 'calm')
  await prepare(killed, 'hurt')
}, 120_000)
afterAll(async () => {
  await Promise.all([calm?.close(), killed?.close()])
  await Promise.all([postgres?.close(), nats?.stop()])
  await rm(folder, { recursive: true, force: true })
})

async function ask(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

async function prepare(machine: TestMachine, database: string): Promise<void> {
  await enterNames(machine)
  const beside = { port: await freePort(), postgres: postgres.port, nats: nats.port, database }
  await writeFile(machine.path('srv/topology.json'), JSON.stringify(poolDocument(beside)))
  // Where its passwords are to be made; the bootstrapper makes none that it does not write in.
  await mkdir(machine.path('etc/pchat'), { mode: 0o755 })
}

const args = [
  'bootstrap',
  '--topology',
  '/srv/topology.json',
  '--server',
  'chat1.example.com',
  '--make-secrets',
  '--json',
]
const env = () => ({
  PCHAT_ADMIN_URL: `postgres://dba:${encodeURIComponent(adminPassword)}@db1.example.com:${postgres.port}/postgres`,
})
const ids = [
  ...[
    'account',
    'folders',
    'secrets',
    'certificate',
    'database-1',
    'database-2',
    'migrations',
    'pools',
    'units',
    'start',
  ],
  ...['health', 'recording', 'test'],
]

test('[BS47] without an administrator of the database it stops there, shows what is his to do, and says so with its code', async () => {
  const ran = await calm.pchat(args)
  expect([ran.code, ran.said]).toEqual([3, ''])
  const events = eventsOf(ran.out)
  expect(events.slice(-3)).toMatchObject([
    { event: 'step', id: 'database-1', state: 'waits' },
    { event: 'waits', lines: expect.arrayContaining([expect.stringMatching(/^CREATE ROLE "calm" LOGIN NOSUPERUSER/)]) },
    { event: 'end', result: 'waits', changed: 4 },
  ])
})

test('[BS41] [BS48] a Persistent Chat Server of a pool comes up on PostgreSQL and NATS, with recording on and least rights', async () => {
  const ran = await calm.pchat(args, env())
  expect([ran.code, ran.said], ran.out).toEqual([0, ''])
  const steps = eventsOf(ran.out).filter(({ event }) => event === 'step')
  expect(steps.map(({ id }) => id)).toEqual(ids)
  expect(steps.map(({ state }) => state)).toEqual([
    ...[
      'already',
      'already',
      'already',
      'already',
      'done',
      'done',
      'done',
      'already',
      'done',
      'done',
      'tried',
      'done',
      'left',
    ],
  ])
  expect(steps.at(-1)!.found).toBe('no Front End Server of chat.example.com runs yet')
  const rights = await catalogue(postgres.url, 'calm')
  expect(JSON.parse(rights)[0]).toEqual(
    [
      { rolname: 'POOL', rolsuper: false, rolcreatedb: false, rolcreaterole: false, rolcanlogin: true, p: true },
      {
        rolname: 'POOL_archive',
        rolsuper: false,
        rolcreatedb: false,
        rolcreaterole: false,
        rolcanlogin: true,
        p: true,
      },
      { rolname: 'pchat_archive_owner', rolcanlogin: false, p: false },
    ].map(one => expect.objectContaining(one)),
  )
  // Nobody is a member of anybody, the administrator neither.
  expect(JSON.parse(rights)[2]).toEqual([])
  const again = await calm.pchat(args, env())
  expect(eventsOf(again.out).at(-1)).toEqual({ event: 'end', result: 'done', changed: 0 })
  expect(await catalogue(postgres.url, 'calm')).toBe(rights)
  const secret = await calm.run('cat', ['/etc/pchat/store.secret'])
  const all = [
    ran.out,
    again.out,
    await calm.run('sh', ['-c', 'cat /etc/systemd/system/pchat*.service "$SYSTEMCTL_STATE"/log/*']),
  ]
  for (const text of all)
    for (const word of [secret.trim(), adminPassword, encodeURIComponent(adminPassword)])
      expect(text).not.toContain(word)
})

test('[BS49] killed in and after each of its steps and run again, it ends as the one that nobody disturbed', async () => {
  const random = openRandom(10)
  const kill = async (pattern: RegExp, afterMs: number) => {
    const child = killed.start(args, env())
    await child.says(pattern)
    await sleep(afterMs)
    child.kill('SIGKILL')
    await child.ended
  }
  // In the longer ones, at moments that differ.
  for (const id of ids) {
    // What is tried each time leaves nothing, and of one pool there is no list.
    if (id === 'health' || id === 'test' || id === 'pools') continue
    if (/^(database-2|migrations|start)$/.test(id))
      await kill(new RegExp(`"event":"begin","id":"${id}"`), 20 + random.below(300))
    await kill(new RegExp(`"event":"step","id":"${id}"`), 0)
  }
  const last = await killed.pchat(args, env())
  expect([last.code, last.said], last.out).toEqual([0, ''])
  expect(eventsOf(last.out).at(-1)).toEqual({ event: 'end', result: 'done', changed: 0 })
  const shown = (all: Map<string, string>) =>
    new Map([...all].filter(([path]) => !/^\/etc\/systemd\/system\/pchat-|^\/srv\/topology/.test(path)))
  expect(shown(await snapshot(killed))).toEqual(shown(await snapshot(calm)))
  const unit = async (machine: TestMachine) =>
    (await machine.run('cat', ['/etc/systemd/system/pchat-persistent-chat.service']))
      .replaceAll(/calm|hurt/g, 'POOL')
      .replaceAll(/port \d+|:\d{5}\b/g, 'PORT')
  expect(await unit(killed)).toBe(await unit(calm))
  expect(await catalogue(postgres.url, 'hurt')).toBe(await catalogue(postgres.url, 'calm'))
})

test('[BS50] [BS71] what cannot be is refused in a sentence, and the machine stays as it was', async () => {
  const file = '/srv/wrong.json'
  const document = JSON.parse(await readFile(calm.path('srv/topology.json'), 'utf8'))
  const refused = async (change: (pool: Written) => void, ...more: string[]) => {
    const wrong = structuredClone(document)
    change(wrong.persistentChatPools[0])
    await writeFile(calm.path('srv/wrong.json'), JSON.stringify(wrong))
    const before = await snapshot(calm, true)
    const ran = await calm.pchat(['bootstrap', '--topology', file, '--server', 'chat1.example.com', ...more], env())
    expect(await snapshot(calm, true)).toEqual(before)
    const bad = ran.out.match(/^ERROR.*$/gm) ?? []
    return [ran.code, [...bad, ran.said].join('\n')]
  }
  const nothing: (pool: Written) => void = () => {}
  expect(await refused(nothing, '--server', 'chat9.example.com')).toEqual([
    2,
    expect.stringMatching(/no chat9\.example\.com in it/),
  ])
  expect(
    await refused(pool => {
      pool.users = { concurrent: 90_000 }
    }),
  ).toEqual([1, expect.stringMatching(/^pchat: Nothing is planned: .*TR5\d/)])
  const other = createServer(socket => socket.destroy()).listen(0, outerAddress())
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  expect(
    await refused(pool => {
      pool.port = (other.address() as AddressInfo).port
    }),
  ).toEqual([
    1,
    expect.stringMatching(/^ERROR {4}port: .*another program has it[\s\S]*Nothing was changed\. \(invalid_argument\)/),
  ])
  expect(
    await refused(pool => {
      pool.store.hosts[0].port = 9
    }),
  ).toEqual([1, expect.stringMatching(/^ERROR {4}PersistentChatStore: db1\.example\.com:9 .*ECONNREFUSED/)])
  const asNobody = async (...words: string[]) => {
    const who = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, main]
    return `${await calm.run('sh', ['-c', '"$@"; echo "code $?"', 'sh', ...who, ...words]).catch(error => error)}`
  }
  // The check says what carrying out refuses.
  const closed = async (file: string, change = nothing) => {
    const at = calm.path(file.slice(1))
    const { mode } = await stat(at)
    await chmod(at, 0o640)
    const said = expect.stringMatching(
      new RegExp(`^ERROR {4}secrets: \\S*${file} .*may be read by others than root \\(mode 640`),
    )
    expect(await refused(change), file).toEqual([1, said])
    const checked = await calm.pchat([
      'bootstrap',
      '--check',
      '--topology',
      '/srv/wrong.json',
      '--server',
      'chat1.example.com',
    ])
    expect([checked.code, checked.out.match(/^ERROR.*$/gm)?.join('\n')], file).toEqual([1, said])
    await chmod(at, mode)
  }
  await closed('/etc/pchat/store.secret')
  await closed('/etc/pchat/tls/server.key')
  const inEnvironment = (pool: Written) => {
    pool.nats.user = 'bus'
    pool.nats.password = 'env:BUS_PASSWORD'
  }
  // What only this shell has, no service gets.
  process.env.BUS_PASSWORD = 'of the shell'
  onTestFinished(() => void delete process.env.BUS_PASSWORD)
  expect(await refused(inEnvironment)).toEqual([
    1,
    expect.stringMatching(/^ERROR {4}secrets: env:BUS_PASSWORD .*is not in \/etc\/pchat\/environment/),
  ])
  await writeFile(calm.path('etc/pchat/environment'), 'BUS_PASSWORD=of the service\n', { mode: 0o600 })
  await closed('/etc/pchat/environment', inEnvironment)
  // Whoever may not look there is told that, and no fault of the machine.
  const looked = await asNobody('bootstrap', '--check', '--topology', file, '--server', 'chat1.example.com')
  expect(looked).toMatch(/^WARNING {2}secrets: env:BUS_PASSWORD +not to be seen by this user: EACCES/m)
  // Of which a line or all may be taken away again.
  await writeFile(calm.path('etc/pchat/environment'), '')
  expect((await calm.pchat([...args.slice(0, 5), '--check'])).out).toMatch(/^OK +secrets: \/etc\/pchat\/environment /m)
  await rm(calm.path('etc/pchat/environment'))
  expect(
    await refused(pool => {
      pool.servers[0].dataDir = '/var/tmp/pchat'
    }),
  ).toEqual([1, expect.stringMatching(/\/var\/tmp\/pchat is below \/tmp or \/var\/tmp/)])
  expect(await refused(nothing, '--admin-url', 'postgres://dba:secret@db1.example.com/postgres')).toEqual([
    2,
    expect.stringMatching(/^pchat: --admin-url is seen by everybody on this machine\..*PCHAT_ADMIN_URL/),
  ])
  await writeFile(calm.path('srv/wrong.json'), JSON.stringify(document))
  expect(await asNobody(...args)).toMatch(/code 1\n$/)
})

test('[BS51] a disk that is full while a unit is written leaves the one before, and the next run goes on', async () => {
  const units = '/etc/systemd/system'
  const text = await readFile(calm.path(`${units}/pchat-persistent-chat.service`), 'utf8')
  // A small disk in place of the folder, with what was in it, and no room for one more file.
  const fill = `cp -a ${units} /srv/kept && mount -t tmpfs -o size=64k,mode=755 tmpfs ${units} && cp -a /srv/kept/. ${units}/ && rm -r /srv/kept`
  const script = `${fill} && echo '# older' >> ${units}/pchat-persistent-chat.service && { cat /dev/zero > ${units}/filler; true; } && "$@"; code=$?; ls ${units}; cat ${units}/pchat-persistent-chat.service; rm ${units}/filler; "$@"; echo "codes $code $?"; cat ${units}/pchat-persistent-chat.service`
  const said = await calm.run('sh', ['-c', `${script} 2>&1`, 'sh', process.execPath, main, ...args])
  expect(said).toContain('ENOSPC')
  expect(said).toMatch(/codes 1 0\n/)
  expect(said).not.toContain('.new')
  expect(said.split(text).length - 1, said.slice(-3_000)).toBe(2)
})
