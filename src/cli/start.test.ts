import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestDatabase } from '../../test/database.ts'
import { makeFolder } from '../../test/folder.ts'
import { type Pchat, type PchatOptions, runPchat } from '../../test/pchat.ts'

const isRoot = process.getuid?.() === 0
const root = fileURLToPath(new URL('../../', import.meta.url))
let made: string
let folder: string
let data: string
const started: Pchat[] = []

// Made once by a whole first start and copied: that takes a second and more.
beforeAll(async () => {
  made = await makeFolder('pchat-start')
  const first = runPchat(['start', '--port', '0', '--data-dir', join(made, 'data')])
  await first.ready()
  first.kill('SIGTERM')
  expect(await first.ended).toBe(0)
})
afterAll(() => rm(made, { recursive: true, force: true }))

beforeEach(async () => {
  folder = await makeFolder('pchat-start')
  await chmod(folder, 0o755)
  data = join(folder, 'data')
})
afterEach(async () => {
  for (const pchat of started.splice(0)) {
    pchat.kill('SIGTERM')
    await pchat.ended
  }
  await rm(folder, { recursive: true, force: true })
})

function start(args: string[] = [], options: PchatOptions = {}): Pchat {
  if (data === join(folder, 'data') && !existsSync(data)) execFileSync('cp', ['-a', join(made, 'data'), data])
  const pchat = runPchat(['start', '--port', '0', '--data-dir', data, ...args], options)
  started.push(pchat)
  return pchat
}

/** As uid 65534, wherever this checkout lies: it is mounted at a place that everybody may enter. */
async function asNobody(env: NodeJS.ProcessEnv = {}): Promise<PchatOptions> {
  const place = join(folder, 'program')
  await mkdir(place)
  const enter =
    'mount --bind "$0" "$1" && cd "$1" && shift && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"'
  const node = process.execPath.startsWith(root) ? join(place, relative(root, process.execPath)) : process.execPath
  return {
    env,
    prefix: ['unshare', '--mount', 'sh', '-c', enter, root, place],
    program: [node, join(place, 'src/cli/main.ts')],
  }
}

async function postmasterPid(): Promise<number> {
  return Number.parseInt(await readFile(join(data, 'postgres/postmaster.pid'), 'utf8'), 10)
}

async function sessionOf(pid: number): Promise<string | undefined> {
  return (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[3]
}

/** A process that has ended and was not awaited has no command line any more. */
async function lives(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')) !== ''
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  '[ST1] it serves at the address that it tells, and %s ends it with its database',
  async signal => {
    const pchat = start()
    const url = await pchat.ready()
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const database = await postmasterPid()
    // Ctrl-C reaches all of a terminal's session at once, and the database must outlast the drain.
    expect(await sessionOf(database)).not.toBe(await sessionOf(pchat.pid))
    pchat.kill(signal)
    expect(await pchat.ended).toBe(0)
    expect(await lives(database)).toBe(false)
    expect(await readFile(join(data, 'postgres.log'), 'utf8')).toMatch(/database system is shut down\n$/)
  },
)

test('[ST1] npm start passes options on, and a signal that reaches npm alone ends the server', async () => {
  const npm = runPchat(['--port', '0', '--data-dir', data], { program: ['npm', '--prefix', root, 'start', '--'] })
  started.push(npm)
  const url = await npm.ready()
  const database = await postmasterPid()
  npm.kill('SIGTERM')
  await npm.ended
  await expect.poll(() => lives(database), { timeout: 10_000 }).toBe(false)
  await expect(fetch(`${url}/healthz`)).rejects.toThrow()
})

test('[ST3] a second server on the same data folder is refused with the process number of the first', async () => {
  const first = start()
  await first.ready()
  const second = start()
  expect(await second.ended).toBe(1)
  expect(second.said()).toContain(`Another Persistent Chat (process ${first.pid}) works in ${data}. Stop it, or choose`)
})

test('[ST3] of two servers that start at once exactly one does', async () => {
  const both = [start(), start()]
  const ends = await Promise.all(both.map(pchat => Promise.race([pchat.ready().catch(() => 'refused'), pchat.ended])))
  const refused = both.find(pchat => /Another Persistent Chat/.test(pchat.said()))
  expect(ends.filter(end => String(end).startsWith('http'))).toHaveLength(1)
  expect(await refused?.ended).toBe(1)
})

test('[ST4] a killed server leaves a database that the next start takes over', async () => {
  const killed = start()
  await killed.ready()
  const orphan = await postmasterPid()
  killed.kill('SIGKILL')
  expect(await killed.ended).toBe('SIGKILL')
  expect(await lives(orphan)).toBe(true)
  const next = start()
  expect((await fetch(`${await next.ready()}/healthz`)).status).toBe(200)
  expect(await lives(orphan)).toBe(false)
  next.kill('SIGTERM')
  expect(await next.ended).toBe(0)
})

test('[ST4] server and database killed together: the next start works', async () => {
  const killed = start()
  await killed.ready()
  process.kill(await postmasterPid(), 'SIGKILL')
  killed.kill('SIGKILL')
  await killed.ended
  await start().ready()
})

test('[ST7] a taken port is told, with exit code 1 and no database left running', async () => {
  const other = createServer().listen(0, 'localhost')
  await new Promise(resolve => other.once('listening', resolve))
  const { port } = other.address() as AddressInfo
  const pchat = start(['--port', String(port)])
  expect(await pchat.ended).toBe(1)
  expect(pchat.said()).toContain(`Port ${port} of localhost is taken by another program.`)
  await expect(stat(join(data, 'postgres/postmaster.pid'))).rejects.toThrow(/ENOENT/)
  other.close()
})

test.runIf(isRoot)('[ST2] an ordinary user starts it from nothing', async () => {
  const home = join(folder, 'home')
  await mkdir(home)
  execFileSync('chown', ['65534:65534', home])
  data = join(home, 'data')
  const pchat = start([], await asNobody({ HOME: home }))
  expect((await fetch(`${await pchat.ready()}/healthz`)).status).toBe(200)
  expect((await stat(join(data, 'postgres'))).uid).toBe(65_534)
})

test.runIf(isRoot)('[ST11] a data folder that the user may not write is told', async () => {
  const pchat = start([], await asNobody())
  expect(await pchat.ended).toBe(1)
  expect(pchat.said()).toMatch(/pchat\.lock is not writable for this user \(EACCES\).*--data-dir/)
})

test('[ST11] a full disk is told as one', async () => {
  const full = join(folder, 'full')
  await mkdir(full)
  data = join(full, 'data')
  const mount = `mount -t tmpfs -o size=16m tmpfs ${full} && exec "$0" "$@"`
  const pchat = start([], { prefix: ['unshare', ...(isRoot ? [] : ['-Ur']), '--mount', 'sh', '-c', mount] })
  expect(await pchat.ended).toBe(1)
  expect(pchat.said()).toMatch(/The disk of .*data is full\. Free space there, then start again\./)
})

test('[ST11] a database made by a newer program is left alone', async () => {
  const { address, db, drop } = await openTestDatabase()
  await db.query("INSERT INTO migration (version, name) VALUES (9999, '9999_future.sql')")
  const url = `postgres://${address.user}@${encodeURIComponent(address.host)}/${address.database}`
  const pchat = start(['--database-url', url])
  expect(await pchat.ended).toBe(1)
  expect(pchat.said()).toMatch(/The database has schema 9999.*Start the newer/)
  await drop()
})

test('[ST12] an existing PostgreSQL takes the place of the embedded one', async () => {
  const { address, drop } = await openTestDatabase()
  data = join(folder, 'other')
  const url = `postgres://${address.user}@${encodeURIComponent(address.host)}/${address.database}`
  const pchat = start(['--database-url', url])
  await pchat.ready()
  await expect(stat(join(data, 'postgres'))).rejects.toThrow(/ENOENT/)
  pchat.kill('SIGTERM')
  expect(await pchat.ended).toBe(0)
  await drop()
})

test('[ST12] a database out of reach is told by its place, without its password', async () => {
  const pchat = start(['--database-url', 'postgres://me:hush@127.0.0.1:1/chat'])
  expect(await pchat.ended).toBe(1)
  expect(pchat.said()).toContain('The database chat on 127.0.0.1:1 (--database-url) is out of reach')
  expect(pchat.said()).not.toContain('hush')
})

test('[ST13] a Node that is too old starts the one that npm brought', async () => {
  const pchat = start([], { program: [process.execPath, join(import.meta.dirname, '../../bin/pchat.js')] })
  await pchat.ready()
  pchat.kill('SIGINT')
  expect(await pchat.ended).toBe(0)
})

test('[ST10] --tls-self-signed makes a certificate of its own, closed to others, and keeps it', async () => {
  const file = join(data, 'self-signed.pem')
  const certificates: string[] = []
  for (let round = 0; round < 2; round++) {
    const pchat = start(['--tls-self-signed'])
    await pchat.ready()
    certificates.push(await readFile(file, 'utf8'))
    pchat.kill('SIGTERM')
    await pchat.ended
  }
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(certificates[0]).toBe(certificates[1])
})

test('[ST8] nothing is made when an option is wrong', async () => {
  data = join(folder, 'none')
  const pchat = start(['--port', '70000'])
  expect(await pchat.ended).toBe(2)
  expect(pchat.said()).toMatch(/'--port <number>' argument '70000' is invalid\. Give a whole number from 0 to 65535/)
  await expect(stat(data)).rejects.toThrow(/ENOENT/)
})
