import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { postgresEnvironment } from '../src/store/embedded-cluster.ts'
import { type Place, settle } from '../src/store/embedded-place.ts'
import { freePort } from './store-pair.ts'
import { readTools } from './tools.ts'

/** One PostgreSQL 15 in a folder that is given, such as one on a small disk, with a database `pchat`. */
export type PlainPostgres = {
  url: string
  port: number
  /** SIGQUIT, as `pg_ctl stop -m immediate` sends it: nothing is tidied up. */
  stopAtOnce(): Promise<void>
  /** Answers when it takes connections again. */
  start(): Promise<void>
  /** Starts it where it has ended, as whoever watches over services does. */
  keepUp(): Promise<void>
  /** To its first process. */
  signal(signal: NodeJS.Signals): void
  close(): Promise<void>
}

const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 100,
  dynamic_shared_memory_type: 'mmap',
  shared_buffers: '16MB',
  fsync: 'on',
  synchronous_commit: 'on',
  timezone: 'UTC',
  lc_messages: 'C',
}
const patienceMs = 60_000

/** `more`: settings besides. The log stands beside the folder. */
export async function openPlainPostgres(
  folder: string,
  more: Record<string, string | number> = {},
): Promise<PlainPostgres> {
  const place = await settle(folder, (await readTools()).postgres15Bin)
  const data = join(folder, 'data')
  const port = await freePort()
  const log = `${folder}.log`
  await createCluster(place, data, { ...settings, ...more, port })
  const node = { running: undefined as { pid: number; ended: Promise<void> } | undefined }
  const start = async () => {
    await rm(join(data, 'postmaster.pid'), { force: true })
    for (const deadline = Date.now() + patienceMs; Date.now() < deadline; ) {
      const output = await open(log, 'a', 0o600)
      // It ends with this process, also where this one is killed.
      const command = ['--pdeathsig', 'KILL', join(place.bin, 'postgres'), '-D', data]
      const { file, args, ...ids } = place.account.launch('/usr/bin/setpriv', command)
      const stdio = ['ignore', output.fd, output.fd] as const
      const child = spawn(file, args, {
        ...ids,
        cwd: '/',
        detached: true,
        stdio: [...stdio],
        env: postgresEnvironment(),
      })
      await once(child, 'spawn')
      await output.close()
      let alive = true
      const ended = once(child, 'exit').then(() => {
        alive = false
        node.running = undefined
      })
      node.running = { pid: child.pid!, ended }
      while (alive && Date.now() < deadline) {
        if (await answers(port)) return
        await Promise.race([sleep(50), ended])
      }
      await sleep(200)
    }
    throw new Error(`PostgreSQL did not start: ${(await readFile(log, 'utf8')).slice(-2_000)}`)
  }
  const stopAtOnce = async () => {
    const { running } = node
    if (!running) return
    process.kill(running.pid, 'SIGQUIT')
    const late = new AbortController()
    await Promise.race([running.ended, sleep(6_000, undefined, { signal: late.signal }).catch(() => {})])
    late.abort()
    if (node.running === running) process.kill(running.pid, 'SIGKILL')
    await running.ended
  }
  await start()
  await ask(port, 'CREATE DATABASE pchat')
  return {
    url: `postgres://pchat@127.0.0.1:${port}/pchat`,
    port,
    stopAtOnce,
    start,
    keepUp: () => (node.running ? Promise.resolve() : start()),
    signal: signal => node.running && void process.kill(node.running.pid, signal),
    async close() {
      await stopAtOnce()
      await rm(log, { force: true })
    },
  }
}

async function createCluster({ account, bin }: Place, data: string, all: Record<string, string | number>) {
  await mkdir(data, { mode: 0o700 })
  if (account.kind === 'other') await chown(data, account.uid, account.gid)
  const wanted = ['--username=pchat', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync']
  const { file, args, ...ids } = account.launchNamed(join(bin, 'initdb'), [
    ...[`--pgdata=${data}`, '--no-instructions', '--wal-segsize=1'],
    ...wanted,
  ])
  await promisify(execFile)(file, args, { ...ids, cwd: '/', env: postgresEnvironment() })
  const lines = Object.entries(all).map(([name, value]) => `${name} = '${value}'\n`)
  await writeFile(join(data, 'postgresql.conf'), lines.join(''))
}

async function ask(port: number, sql: string): Promise<void> {
  const client = new pg.Client({
    ...{ host: '127.0.0.1', port, user: 'pchat', database: 'postgres' },
    ...{ connectionTimeoutMillis: 2_000, query_timeout: 20_000 },
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(sql)
  } finally {
    void client.end().catch(() => {})
  }
}

function answers(port: number): Promise<boolean> {
  return ask(port, 'SELECT 1').then(
    () => true,
    () => false,
  )
}
