import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeFolder } from '../../test/folder.ts'
import { readTools } from '../../test/tools.ts'
import { silentLog } from '../base/log.ts'
import { openDb } from './db.ts'
import { type Embedded, type EmbeddedOptions, startEmbedded } from './embedded.ts'

const isRoot = process.getuid?.() === 0
let made: string
let folder: string
let running: Embedded | undefined

// Made once and copied: a first start takes a second.
beforeAll(async () => {
  made = await makeFolder('pchat-embedded')
  await (await startEmbedded({ dataDir: made, log: silentLog })).stop()
})
afterAll(() => rm(made, { recursive: true, force: true }))

beforeEach(async () => {
  folder = await makeFolder('pchat-embedded')
})
afterEach(async () => {
  await running?.stop()
  running = undefined
  await rm(folder, { recursive: true, force: true })
})

async function start(options: Partial<EmbeddedOptions> = {}): Promise<Embedded> {
  const dataDir = options.dataDir ?? join(folder, 'data')
  await mkdir(dataDir, { recursive: true })
  if (!options.bin && !existsSync(join(dataDir, 'postgres')))
    execFileSync('cp', ['-a', join(made, 'postgres'), dataDir])
  running = await startEmbedded({ dataDir, log: silentLog, ...options })
  return running
}

async function query(sql: string): Promise<unknown[]> {
  const db = openDb(running?.address ?? { connectionString: '' }, { max: 1 })
  try {
    return (await db.query(sql)).rows
  } finally {
    await db.end()
  }
}

test('[ST5] a killed PostgreSQL is started again at the same address with all that was committed', async () => {
  const states: string[] = []
  const { pid, address } = await start({ onState: state => states.push(state) })
  await query('CREATE TABLE kept AS SELECT 1 AS n')
  for (let round = 1; round <= 2; round++) {
    process.kill(pid(), 'SIGKILL')
    await expect.poll(() => states.length, { timeout: 10_000 }).toBe(2 * round)
    expect(await query('SELECT n FROM kept')).toEqual([{ n: 1 }])
  }
  expect(states).toEqual(['down', 'up', 'down', 'up'])
  expect(running?.address).toEqual(address)
})

test('[ST5] a statement that outlives the killed PostgreSQL is awaited, not fatal', async () => {
  let backAt = 0
  const { pid } = await start({
    onState: state => {
      if (state === 'up') backAt = Date.now()
    },
  })
  // A loop that never waits does not notice the death of its parent until it ends.
  const busy = query('SELECT count(*) FROM generate_series(1, 12000000)').catch(() => {})
  await sleep(300)
  process.kill(pid(), 'SIGKILL')
  await busy
  const freeAt = Date.now()
  await expect.poll(() => backAt, { timeout: 20_000 }).toBeGreaterThan(0)
  expect(await readFile(join(folder, 'data/postgres.log'), 'utf8')).toMatch(/still in use/)
  expect(backAt - freeAt).toBeLessThan(5_000)
})

test('[ST5] stopping while PostgreSQL is away ends at once', async () => {
  const { pid, stop } = await start()
  const last = pid()
  process.kill(last, 'SIGKILL')
  // Each turn: on a fast machine it is away for less than a poll's pause.
  while (pid() === last) await new Promise(resolve => setImmediate(resolve))
  expect(pid()).toBe(0)
  running = undefined
  await stop()
  expect(await isGone(last)).toBe(true)
  await expect(stat(join(folder, 'data/postgres/postmaster.pid'))).rejects.toThrow(/ENOENT/)
})

test('[ST6] the database listens on a socket in a closed folder and nowhere else', async () => {
  const { address } = await start()
  expect((await stat(address.host)).mode & 0o777).toBe(0o700)
  expect(await query("SELECT current_setting('listen_addresses') AS tcp, current_setting('fsync') AS fsync")).toEqual([
    { tcp: '', fsync: 'on' },
  ])
})

test('[ST6] a data folder too deep for a socket path gets a short one, gone after the stop', async () => {
  const dataDir = join(folder, 'deep'.repeat(30), 'data')
  const { address, stop } = await start({ dataDir })
  expect(address.host).toMatch(/^\/tmp\/pchat-socket-/)
  expect(await query('SELECT 1 AS n')).toEqual([{ n: 1 }])
  running = undefined
  await stop()
  await expect(stat(address.host)).rejects.toThrow(/ENOENT/)
})

test("[ST4] a stale postmaster.pid that names another program's process does not keep the database from starting", async () => {
  await (await start()).stop()
  const bystander = spawn('sleep', ['60'])
  const file = [bystander.pid, join(folder, 'data/postgres'), 1, 5432, join(folder, 'data/socket'), '', ' 1 1', 'ready']
  await writeFile(join(folder, 'data/postgres/postmaster.pid'), `${file.join('\n')}\n`)
  await start()
  expect(bystander.exitCode).toBeNull()
  bystander.kill('SIGKILL')
  await once(bystander, 'exit')
})

test('[ST4] a first start that was killed half way is begun again', async () => {
  const dataDir = join(folder, 'data')
  await mkdir(join(dataDir, 'postgres.new/base'), { recursive: true })
  running = await startEmbedded({ dataDir, log: silentLog })
  expect(await query('SELECT 1 AS n')).toEqual([{ n: 1 }])
  await expect(stat(join(dataDir, 'postgres.new'))).rejects.toThrow(/ENOENT/)
})

test('[ST11] files of another PostgreSQL release are left alone, with a sentence', async () => {
  await mkdir(join(folder, 'data/postgres'), { recursive: true, mode: 0o700 })
  await writeFile(join(folder, 'data/postgres/PG_VERSION'), '13\n')
  await expect(start()).rejects.toThrow(/made by PostgreSQL 13.*brings PostgreSQL 18/)
})

test.runIf(isRoot)(
  '[ST2] under root it runs below a folder that only root may enter, without the powers of root',
  async () => {
    await chmod(folder, 0o700)
    const { pid } = await start()
    expect(await query('SELECT 1 AS n')).toEqual([{ n: 1 }])
    expect(await readFile(`/proc/${pid()}/status`, 'utf8')).toMatch(/CapEff:\s+0+\n/)
  },
)

test.runIf(isRoot)(
  '[ST2] without user namespaces it runs under an account of its own, and goes back when there are some',
  async () => {
    const bin = (await readTools()).postgres15Bin
    await chmod(folder, 0o755)
    await mkdir(join(folder, 'bin'))
    await symlink(execFileSync('which', ['chown'], { encoding: 'utf8' }).trim(), join(folder, 'bin/chown'))
    const path = process.env.PATH
    try {
      process.env.PATH = join(folder, 'bin')
      const { pid, stop } = await start({ bin })
      expect(await readFile(`/proc/${pid()}/status`, 'utf8')).toMatch(/Uid:\s+65530\s/)
      expect(await query('CREATE TABLE kept AS SELECT 1 AS n')).toEqual([])
      await stop()
    } finally {
      process.env.PATH = path
    }
    const { pid } = await start({ bin })
    expect(await readFile(`/proc/${pid()}/status`, 'utf8')).toMatch(/Uid:\s+0\s/)
    expect(await query('SELECT n FROM kept')).toEqual([{ n: 1 }])
  },
)

/** A process that has ended and was not awaited has no command line any more. */
async function isGone(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')) === ''
}
