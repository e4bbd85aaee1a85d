import { chmod, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolder } from '../../test/folder.ts'
import { runVerb } from '../../test/run-verb.ts'
import { exampleOf, standard, textOf, topologyOf } from '../../test/topology-document.ts'
import { type Needs, needsOf } from '../topology/needs.ts'
import { planServer } from '../topology/plan.ts'
import { checkAuthorities, seeOpen } from './bootstrap-authority.ts'
import { asSeenBy } from './bootstrap-check.ts'
import { measureSync, seeFileSystem, seeSync } from './bootstrap-disk.ts'
import { checkDoors } from './bootstrap-door.ts'
import { checkFiles, isShared, judgeMount, mountOf } from './bootstrap-files.ts'
import {
  judgeUpdates,
  seeMemory,
  seeNode,
  seeOpenFiles,
  seeProcessor,
  seeRights,
  seeSystem,
} from './bootstrap-machine.ts'
import { checkNames, judgeBack, seeOwnName } from './bootstrap-names.ts'
import { takeDataFolder } from './data-folder.ts'
import { tryLock } from './probe-folder.ts'

const gigabyte = 1024 ** 3
const needs: Needs = { devices: 0, cores: 2, memoryBytes: 2 * gigabyte, embedded: false, syncMs: 100 }
const own: Needs = { ...needs, embedded: true, syncMs: 10 }

test('[BS3] what a machine needs follows from workers, devices and its own database', () => {
  const document = exampleOf('enterprise-edition')
  const topology = topologyOf(document)
  const chat = needsOf(topology, planServer(topology, 'chat1.example.com')!)
  // 20,000 users, 1.5 devices each, two active servers.
  expect(chat).toMatchObject({ devices: 15_000, cores: 2, embedded: false, syncMs: 100 })
  document.persistentChatPools[0].workers = 4
  const wide = topologyOf(document)
  const more = needsOf(wide, planServer(wide, 'chat1.example.com')!)
  expect(more.cores).toBe(4)
  expect(more.memoryBytes - chat.memoryBytes).toBe(1.5 * gigabyte)
  const alone = topologyOf(standard())
  expect(needsOf(alone, planServer(alone, 'chat.example.com')!)).toMatchObject({
    ...{ devices: 0, embedded: true, syncMs: 10 },
    memoryBytes: 2.5 * gigabyte,
  })
})

test('[BS3] the system, the processor, the memory, Node.js, open files and rights', () => {
  const debian = (version: string) => `PRETTY_NAME="Debian ${version}"\nID=debian\nVERSION_ID="${version}"\n`
  expect(seeSystem(debian('12'), 'linux', '6.1')).toMatchObject({ state: 'ok', found: 'Debian 12, kernel 6.1' })
  expect(seeSystem('ID=debian\nPRETTY_NAME="Debian trixie/sid"\n', 'linux', '6.1').state).toBe('ok')
  expect(seeSystem(debian('11'), 'linux', '5.10').state).toBe('error')
  expect(seeSystem('ID=ubuntu\nID_LIKE=debian\n', 'linux', '6.1').state).toBe('warning')
  expect(seeSystem(undefined, 'linux', '6.1').state).toBe('warning')
  expect(seeSystem(undefined, 'darwin', '23').state).toBe('error')
  expect(seeProcessor('x64', 2, needs).state).toBe('ok')
  expect(seeProcessor('x64', 1, needs).state).toBe('warning')
  expect(seeProcessor('riscv64', 8, needs).state).toBe('warning')
  // No database comes with the program for it.
  expect(seeProcessor('riscv64', 8, own).state).toBe('error')
  expect(seeMemory(1.9 * gigabyte, needs).state).toBe('ok')
  expect(seeMemory(1.5 * gigabyte, needs).state).toBe('warning')
  expect(seeMemory(0.9 * gigabyte, needs)).toMatchObject({ state: 'error', wanted: '2.0 GB' })
  expect([seeNode('26.10.0').state, seeNode('22.1.0').state]).toEqual(['ok', 'error'])
  expect(seeOpenFiles('1048576\n', 1_024).state).toBe('ok')
  expect(seeOpenFiles('4096\n', 4_096)).toMatchObject({ state: 'error', mend: expect.stringContaining('fs.nr_open') })
  expect(seeOpenFiles('', undefined).state).toBe('warning')
  expect(seeRights(0).state).toBe('ok')
  expect(seeRights(1_000)).toMatchObject({ state: 'warning', found: expect.stringContaining('could not make account') })
})

test('[BS3] what only root may look at is a warning for others, and what is wrong stays wrong', () => {
  const check = { area: 'secrets', check: 'file:/x', state: 'error', wanted: 'there', mend: 'Write it.' } as const
  const closed = { ...check, found: '/x cannot be read (EACCES).' }
  const gone = { ...check, found: '/x cannot be read (ENOENT).' }
  expect(asSeenBy(0, [closed, gone])).toEqual([closed, gone])
  expect(asSeenBy(1_000, [closed, gone])).toEqual([
    {
      ...closed,
      state: 'warning',
      found: `not to be seen by this user: ${closed.found}`,
      mend: 'Run the check as root.',
    },
    gone,
  ])
})

test('[BS4] updates that are pending, those for security among them, lists that are missing or old, a restart that is due', () => {
  const pending = [
    'Inst libc6 [2.36-9] (2.36-10 Debian:12.9/stable [amd64])',
    'Inst openssl [3.0.1] (3.0.2 Debian-Security:12/stable-security [amd64])',
    // What comes new with another one is no update.
    'Inst linux-image-new (6.2 Debian:12/stable [amd64])',
    'Conf libc6 (2.36-10 Debian:12.9/stable [amd64])',
  ].join('\n')
  expect(judgeUpdates(pending, 0.1, false)).toMatchObject({
    state: 'warning',
    found: '2 pending, 1 of them for security; lists of today',
  })
  expect(judgeUpdates('', 3, false)).toMatchObject({ state: 'ok', found: expect.stringContaining('3 days ago') })
  expect(judgeUpdates('', 8, false)).toMatchObject({
    state: 'warning',
    mend: expect.stringContaining('apt-get update'),
  })
  expect(judgeUpdates('', 1, true)).toMatchObject({ state: 'warning', mend: expect.stringContaining('Restart') })
  expect(judgeUpdates('', undefined, false).state).toBe('warning')
  expect(judgeUpdates(undefined, 1, false).state).toBe('warning')
})

test('[BS5] a file system that forgets, or that knows no owners, and one on a network', () => {
  const state = (type: number, needs: Needs) => seeFileSystem(type, '/srv', needs).state
  expect([state(0xef53, own), state(0x58465342, own)]).toEqual(['ok', 'ok'])
  // As statfs of a signed word tells it.
  expect(state(0x9123683e | 0, own)).toBe('ok')
  expect([state(0x01021994, own), state(0x01021994, needs)]).toEqual(['error', 'warning'])
  expect([state(0x6969, own), state(0x6969, needs)]).toEqual(['error', 'warning'])
  expect([state(0x4d44, needs), state(0x794c7630, own), state(0x1234, own)]).toEqual(['error', 'warning', 'warning'])
})

test('[BS5] writes to disk are timed in a file without a name, and judged by what waits for them', async () => {
  const folder = await makeFolder('pchat-sync')
  try {
    const took = await measureSync(folder)
    expect(took.length).toBeGreaterThanOrEqual(5)
    expect(await readdir(folder)).toEqual([])
  } finally {
    await rm(folder, { recursive: true })
  }
  const at = (ms: number) => [...Array(90).fill(1), ...Array(10).fill(ms)]
  expect(seeSync(at(9), '/srv', own).state).toBe('ok')
  expect(seeSync(at(50), '/srv', own).state).toBe('warning')
  expect(seeSync(at(50), '/srv', needs).state).toBe('ok')
  expect(seeSync(at(101), '/srv', own)).toMatchObject({
    state: 'error',
    found: expect.stringContaining('95 of 100 within 101 ms'),
  })
})

test('[BS6] a name leads to this machine and back', () => {
  const machine = { fqdn: 'chat1.example.com', own: ['127.0.0.1', '10.0.0.7'] }
  const see = (found: string[], address?: string) => seeOwnName({ ...machine, found, address })
  expect(see(['10.0.0.7'])).toMatchObject({ state: 'ok', found: '10.0.0.7' })
  expect(see([])).toMatchObject({ state: 'error', found: 'it leads nowhere' })
  expect(see(['10.0.0.8'])).toMatchObject({ state: 'error', mend: expect.stringContaining('Is this the machine') })
  // As installers write it.
  expect(see(['127.0.1.1'])).toMatchObject({ state: 'error', mend: expect.stringContaining('Others are to reach it') })
  expect(see(['10.0.0.7'], '10.0.0.7').state).toBe('ok')
  expect(see(['10.0.0.7'], '10.0.0.9')).toMatchObject({ state: 'error', mend: expect.stringContaining('mend address') })
  expect(see(['10.0.0.8'], '10.0.0.7').state).toBe('error')
  expect(seeOwnName({ fqdn: 'localhost', own: machine.own, found: ['127.0.0.1'] }).state).toBe('ok')
  expect(judgeBack('chat1.example.com', ['10.0.0.7'], ['chat1.example.com']).state).toBe('ok')
  expect(judgeBack('chat1.example.com', ['10.0.0.7'], ['10.0.0.7'])).toMatchObject({
    ...{ state: 'warning', found: '10.0.0.7 is without a name' },
  })
  expect(judgeBack('chat1.example.com', ['10.0.0.7'], ['chat1']).state).toBe('warning')
})

test('[BS6] the names of pools and of whom the machine talks to lead somewhere', async () => {
  const document = exampleOf('enterprise-edition')
  const [pool] = document.persistentChatPools
  pool.fqdn = 'pool.invalid'
  pool.nats.servers = [{ host: 'localhost' }, { host: 'nats.invalid' }]
  pool.servers.push({ fqdn: 'localhost' })
  const checks = await checkNames(planServer(topologyOf(document), 'localhost')!)
  const state = (name: string) => checks.find(({ check }) => check === name)?.state
  expect(state('localhost')).toBe('ok')
  expect(state('nats.invalid')).toBe('error')
  expect(state('pool.invalid')).toMatch(/^(warning|error)$/)
  // Each once, and the way back of a name that is every machine's is not asked for.
  expect(new Set(checks.map(({ check }) => check)).size).toBe(checks.length)
  expect(state('localhost: and back')).toBeUndefined()
})

test('[BS65] a folder that is mounted, or lies on a share, is not of this machine alone', () => {
  const table = [
    '22 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
    '40 22 0:50 / /mnt/adapters rw - nfs4 nfs1:/export rw,vers=4.2',
    '41 22 254:0 /b /srv rw - ext4 /dev/vda rw',
  ].join('\n')
  const seen = ['/mnt/adapters', '/mnt/adapters/outbox', '/srv', '/srv/pchat', '/var/lib/pchat']
  expect(seen.map(path => isShared(path, mountOf(table, path)))).toEqual([true, true, true, false, false])
})

test('[BS12] the mount that a folder lies in, and a lock that holds', async () => {
  const table = [
    '22 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
    '40 22 0:50 / /mnt/pchat\\040files rw - nfs4 nfs1:/export rw,vers=4.2',
    '41 22 0:51 / /mnt rw - tmpfs tmpfs rw',
    '42 22 0:52 /a /mnt rw - ext4 /dev/vdb rw',
  ].join('\n')
  expect(mountOf(table, '/mnt/pchat files/incoming')).toEqual({
    ...{ at: '/mnt/pchat files', kind: 'nfs4', source: 'nfs1:/export' },
  })
  expect(mountOf(table, '/mnt/other')).toMatchObject({ source: '/dev/vdb' })
  expect(mountOf(table, '/mntx')).toMatchObject({ at: '/' })
  expect(judgeMount('/mnt/pchat files', mountOf(table, '/mnt/pchat files')).state).toBe('ok')
  expect(judgeMount('/srv', mountOf(table, '/srv'))).toMatchObject({
    state: 'warning',
    mend: expect.stringContaining('Mount it'),
  })
  const folder = await makeFolder('pchat-lock')
  try {
    expect(await tryLock(folder)).toMatchObject({ state: 'ok', found: 'one has it, the other is refused' })
    expect(await readdir(folder)).toEqual([])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('[BS8] the certificate of an authority is looked at as the account of the servers sees it, along its whole path', async () => {
  const folder = { path: '/etc/closed', mode: 0o40755, uid: 0, gid: 0 }
  const file = { path: '/etc/closed/ca.pem', mode: 0o100644, uid: 0, gid: 0 }
  expect(seeOpen([folder, file]).state).toBe('ok')
  expect(seeOpen([{ ...folder, mode: 0o40700 }, file])).toMatchObject({
    ...{ state: 'error', found: 'closed to others: /etc/closed (mode 700)' },
  })
  expect(seeOpen([folder, { ...file, mode: 0o100600 }]).state).toBe('error')
  // It may be the group, or the user, of the account.
  expect(seeOpen([folder, { ...file, mode: 0o100640, gid: 109 }]).state).toBe('warning')
  const place = await makeFolder('pchat-authority')
  try {
    await writeFile(join(place, 'ca.pem'), '')
    await symlink('ca.pem', join(place, 'link.pem'))
    const document = exampleOf('enterprise-edition')
    document.persistentChatPools[0].store.caFile = join(place, 'link.pem')
    const see = () => checkAuthorities(planServer(topologyOf(document), 'chat1.example.com')!)
    await chmod(place, 0o700)
    expect(await see()).toMatchObject([
      { state: expect.stringMatching(/error|warning/), mend: expect.stringContaining('pchat read the file') },
    ])
    await chmod(place, 0o755)
    await chmod(join(place, 'ca.pem'), 0o644)
    expect(await see()).toMatchObject([{ area: 'certificate', check: join(place, 'link.pem'), state: 'ok' }])
    await rm(join(place, 'ca.pem'))
    expect(await see()).toMatchObject([{ state: 'error', found: expect.stringContaining('ENOENT') }])
  } finally {
    await rm(place, { recursive: true })
  }
})

test('[BS25] what a unit opens itself is in no home; what systemd hands to it may be', async () => {
  const place = await makeFolder('pchat-homes')
  const file = join(place, 'topology.json')
  const units = async (change: (document: ReturnType<typeof standard>) => void) => {
    const document = standard()
    change(document)
    await writeFile(file, textOf(document))
    return runVerb(['bootstrap', '--units', '--topology', file, '--server', 'chat.example.com'])
  }
  try {
    for (const path of ['/home/ann/pchat', '/root', '/srv/../run/user/7/x']) {
      const ran = await units(document => Object.assign(document.standardServers[0], { dataDir: path }))
      expect([ran.code, ran.said], path).toEqual([1, expect.stringMatching(/is in a home, .*Give it another place/)])
      expect(ran.out).toBe('')
    }
    const directoryConfig = '/home/ann/directory.yaml'
    const directory = await units(document => Object.assign(document.persistentChatPools[0], { directoryConfig }))
    expect([directory.code, directory.said]).toEqual([1, expect.stringContaining(directoryConfig)])
    const fine = await units(document => {
      document.standardServers[0].dataDir = '/homes/pchat'
      document.persistentChatPools[0].factorKeyFile = '/root/factor.keys'
    })
    expect([fine.code, fine.said]).toEqual([0, ''])
  } finally {
    await rm(place, { recursive: true })
  }
})

test('[BS7] who answers as a server of ours is the one of this machine only where one works in its data folder', async () => {
  const place = await makeFolder('pchat-door')
  const other = createServer((_, response) => response.end('{"status":"ready","notes":[]}')).listen(0, '127.0.0.1')
  await new Promise(resolve => other.once('listening', resolve))
  const document = exampleOf('standard-edition')
  document.standardServers[0] = {
    fqdn: 'localhost',
    address: '127.0.0.1',
    dataDir: place,
    certificate: { from: 'none' },
  }
  document.persistentChatPools[0].port = (other.address() as AddressInfo).port
  const see = () => checkDoors(planServer(topologyOf(document), 'localhost')!)
  const foreign = {
    state: 'warning',
    found: `a Persistent Chat Server answers there (200), and none works in ${place}`,
  }
  try {
    expect(await see()).toMatchObject([foreign])
    // Nothing is made.
    expect(await readdir(place)).toEqual([])
    const own = await takeDataFolder(place)
    expect(await see()).toMatchObject([{ state: 'ok', found: 'a server of ours, ready' }])
    await own.release()
    expect(await see()).toMatchObject([foreign])
  } finally {
    other.close()
    await rm(place, { recursive: true })
  }
})

test('[BS12] the folder of the adapters is looked at where it is', async () => {
  const place = await makeFolder('pchat-books')
  try {
    const document = exampleOf('standard-edition')
    document.persistentChatPools[0].compliance = { output: place }
    const topology = topologyOf(document)
    const checks = await checkFiles(topology, planServer(topology, 'localhost')!, {}, [])
    expect(checks.filter(({ area }) => area === 'compliance file store')).toMatchObject([
      { check: place, state: 'ok', found: expect.stringContaining('written, renamed, read, removed') },
    ])
  } finally {
    await rm(place, { recursive: true })
  }
})
