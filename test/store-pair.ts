import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { postgresEnvironment } from '../src/store/embedded-cluster.ts'
import { type Place, settle } from '../src/store/embedded-place.ts'
import { makeFolder } from './folder.ts'
import { readTools } from './tools.ts'

const run = promisify(execFile)

export type NodeName = 'a' | 'b'
/** How an old primary becomes a stand-by: its files taken back to where the histories part, or made anew. */
export type Rejoining = 'rewind' | 'copy'

/** Two PostgreSQL 15, one of them primary and the other its synchronous stand-by, as an operator would set them up. */
export type StorePair = {
  /** Where each of them listens, on 127.0.0.1, for as long as the pair lives. */
  ports: Record<NodeName, number>
  /** The connection string with both hosts, through other ports where proxies stand before them. */
  url(ports?: number[]): string
  primary(): NodeName
  standby(): NodeName
  isUp(which: NodeName): boolean
  /** To all processes of one PostgreSQL, its first one before the others. */
  signal(which: NodeName, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>
  /** SIGKILL to one process that serves a client; PostgreSQL then starts anew by itself. */
  killBackend(which: NodeName): Promise<void>
  /** After SIGKILL, as what it was before. Answers when it takes connections. */
  restart(which: NodeName): Promise<void>
  /** The stand-by becomes the primary and serves alone; whatever the old primary does, it can confirm nothing any more. */
  promote(): Promise<void>
  /** The old primary comes back as the stand-by, and counts as synchronous once it has caught up. */
  rejoin(how: Rejoining): Promise<void>
  /** Until the stand-by is synchronous again. */
  inSync(): Promise<void>
  query(which: NodeName, sql: string): Promise<Record<string, unknown>[]>
  logTail(which: NodeName): Promise<string>
  close(): Promise<void>
}

/** How long a server may answer from a lease that it has: an old primary is past it before another one takes over. */
const leaseMs = 2_000
const patienceMs = 60_000
const names: NodeName[] = ['a', 'b']
const prefix = 'pchat-pair'

type Node = {
  name: NodeName
  port: number
  folder: string
  log: string
  postmaster: { pid: number; ended: Promise<unknown> } | undefined
}

const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 150,
  // Within its folder, which goes with it: what is killed cannot tidy up elsewhere.
  dynamic_shared_memory_type: 'mmap',
  shared_buffers: '32MB',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  wal_level: 'replica',
  max_wal_senders: 8,
  wal_keep_size: '512MB',
  max_wal_size: '1GB',
  hot_standby: 'on',
  // A stand-by that is gone is noticed, and one that is back is heard, within seconds.
  wal_sender_timeout: '5s',
  wal_receiver_timeout: '5s',
  wal_receiver_status_interval: '1s',
  wal_retrieve_retry_interval: '200ms',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
  lc_messages: 'C',
}

const access = 'host all all 127.0.0.0/8 trust\nhost replication all 127.0.0.0/8 trust\n'

export async function openStorePair(): Promise<StorePair> {
  await sweepPairs()
  const folder = await makeFolder(`${prefix}-${process.pid}`)
  await chmod(folder, 0o711)
  const place = await settle(folder, (await readTools()).postgres15Bin)
  const nodes = {} as Record<NodeName, Node>
  for (const name of names)
    nodes[name] = {
      name,
      port: await freePort(),
      folder: join(folder, name),
      log: join(folder, `${name}.log`),
      postmaster: undefined,
    }
  const end = async () => {
    for (const name of names) await endNode(nodes[name])
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await createPrimary(place, nodes.a)
    await startNode(place, nodes.a)
    await ask(nodes.a, 'CREATE DATABASE pchat', 'postgres')
    await copyNode(place, nodes.a, nodes.b)
    await startNode(place, nodes.b)
    await makeSynchronous(nodes.a, nodes.b)
  } catch (error) {
    const tails = await Promise.all(names.map(name => tail(nodes[name])))
    await end()
    throw new Error(`the pair did not start: ${tails.join('\n')}`, { cause: error })
  }
  return { ...controls(place, nodes), close: end }
}

function controls(place: Place, nodes: Record<NodeName, Node>): Omit<StorePair, 'close'> {
  let primary: NodeName = 'a'
  /** The new primary confirms alone since its promotion. */
  let alone = false
  const standby = () => (primary === 'a' ? 'b' : 'a')
  return {
    ports: { a: nodes.a.port, b: nodes.b.port },
    url: (ports = [nodes.a.port, nodes.b.port]) =>
      `postgres://pchat@${ports.map(port => `127.0.0.1:${port}`).join(',')}/pchat`,
    primary: () => primary,
    standby,
    isUp: which => nodes[which].postmaster !== undefined,
    signal: (which, signal) => signalNode(nodes[which], signal),
    async killBackend(which) {
      const pid = (await processesOf(nodes[which])).find(one => / pchat pchat 127/.test(one.title))?.pid
      if (pid !== undefined) send(pid, 'SIGKILL')
    },
    restart: which => startNode(place, nodes[which]),
    async promote() {
      if (alone) throw new Error('the stand-by may lack what the primary confirmed alone: it must not be promoted')
      await promoteNode(nodes[standby()])
      primary = standby()
      alone = true
    },
    async rejoin(how) {
      const [from, to] = [nodes[primary], nodes[standby()]]
      await endNode(to)
      await (how === 'rewind' ? rewindNode(place, from, to) : copyNode(place, from, to))
      await startNode(place, to)
      await makeSynchronous(from, to)
      alone = false
    },
    inSync: () => untilSynchronous(nodes[primary]),
    query: (which, sql) => ask(nodes[which], sql),
    logTail: which => tail(nodes[which]),
  }
}

async function createPrimary({ account, bin }: Place, node: Node) {
  await makeOwnFolder({ account, bin, folder: '' }, node.folder)
  const args = [`--pgdata=${node.folder}`, '--username=pchat', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8']
  const {
    file,
    args: all,
    ...ids
  } = account.launchNamed(join(bin, 'initdb'), [...args, ...['--data-checksums', '--no-instructions', '--no-sync']])
  await run(file, all, { ...ids, cwd: '/', env: postgresEnvironment() })
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`)
  await writeFile(join(node.folder, 'postgresql.conf'), lines.join(''))
  await writeFile(join(node.folder, 'pg_hba.conf'), access)
}

/** It is known to the primary by its cluster_name. What `ALTER SYSTEM` writes too. Both copies of files bring that of the other node along, so that it is always written anew. */
async function writeRole({ account }: Place, node: Node, of: Node) {
  const primary = `primary_conninfo = 'host=127.0.0.1 port=${of.port} user=pchat'\n`
  await writeFile(join(node.folder, 'postgresql.auto.conf'), `${primary}synchronous_standby_names = ''\n`)
  await writeFile(join(node.folder, 'standby.signal'), '')
  if (account.kind !== 'other') return
  for (const file of ['postgresql.auto.conf', 'standby.signal'])
    await chown(join(node.folder, file), account.uid, account.gid)
}

async function copyNode(place: Place, from: Node, to: Node) {
  await rm(to.folder, { recursive: true, force: true })
  await makeOwnFolder(place, to.folder)
  await runProgram(place, 'pg_basebackup', [
    ...['-h', '127.0.0.1', '-p', String(from.port), '-U', 'pchat', '-D', to.folder],
    ...['--checkpoint=fast', '--wal-method=stream', '--no-sync'],
  ])
  await writeRole(place, to, from)
}

async function rewindNode(place: Place, from: Node, to: Node) {
  // Until its first checkpoint the new primary's files do not tell of its new timeline, and pg_rewind (15) would do nothing.
  await ask(from, 'CHECKPOINT')
  const source = `host=127.0.0.1 port=${from.port} user=pchat dbname=postgres`
  await runProgram(place, 'pg_rewind', [`--target-pgdata=${to.folder}`, `--source-server=${source}`, '--no-sync'])
  await writeRole(place, to, from)
}

async function promoteNode(node: Node) {
  // In this order: first nothing is taken from the old primary any more, so that it confirms nothing and its leases run out; only
  // then does anybody else take posts. The other way round two servers would answer for a while.
  await ask(node, "ALTER SYSTEM SET primary_conninfo = ''")
  await ask(node, "ALTER SYSTEM SET synchronous_standby_names = ''")
  await ask(node, 'SELECT pg_reload_conf()')
  await untilTrue(node, 'SELECT count(*) = 0 AS yes FROM pg_stat_wal_receiver')
  await sleep(leaseMs + 500)
  await ask(node, 'SELECT pg_promote(true, 30)')
  await untilTrue(node, 'SELECT NOT pg_is_in_recovery() AS yes')
}

/** Only after the stand-by has caught up: before, every post would wait for it. */
async function makeSynchronous(primary: Node, standby: Node) {
  await untilTrue(
    primary,
    `SELECT count(*) > 0 AS yes FROM pg_stat_replication WHERE application_name = '${standby.name}' AND state = 'streaming'
       AND pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn) < 1000000`,
  )
  await ask(primary, `ALTER SYSTEM SET synchronous_standby_names = '${standby.name}'`)
  await ask(primary, 'SELECT pg_reload_conf()')
  await untilSynchronous(primary)
}

function untilSynchronous(primary: Node): Promise<void> {
  return untilTrue(primary, "SELECT count(*) > 0 AS yes FROM pg_stat_replication WHERE sync_state = 'sync'")
}

async function startNode({ account, bin }: Place, node: Node) {
  if (node.postmaster) throw new Error(`${node.name} runs`)
  const deadline = Date.now() + patienceMs
  await rm(join(node.folder, 'postmaster.pid'), { force: true })
  while (Date.now() < deadline) {
    const log = await open(node.log, 'a', 0o600)
    // It ends with this process, also where this one is killed; its own children notice.
    const { file, args, ...ids } = account.launch('/usr/bin/setpriv', [
      ...['--pdeathsig', 'KILL', join(bin, 'postgres'), '-D', node.folder],
      ...['-c', `port=${node.port}`, '-c', `cluster_name=${node.name}`],
    ])
    const env = postgresEnvironment()
    const child = spawn(file, args, { ...ids, cwd: '/', detached: true, stdio: ['ignore', log.fd, log.fd], env })
    await once(child, 'spawn')
    await log.close()
    let alive = true
    const ended = once(child, 'exit').then(() => {
      alive = false
      node.postmaster = undefined
    })
    node.postmaster = { pid: child.pid!, ended }
    while (alive && Date.now() < deadline) {
      const answered = await ask(node, 'SELECT 1', 'postgres').then(
        () => true,
        () => false,
      )
      if (answered) return
      await Promise.race([sleep(50), ended])
    }
    // Processes of a killed predecessor may still hold its memory.
    await sleep(200)
  }
  throw new Error(`${node.name} did not start: ${await tail(node)}`)
}

async function signalNode(node: Node, signal: NodeJS.Signals) {
  const { postmaster } = node
  if (!postmaster) return
  // The first process before the others: stopped it starts no new ones, killed it replaces none.
  const others = await processesOf(node)
  if (signal === 'SIGCONT') for (const { pid } of others) send(pid, signal)
  send(postmaster.pid, signal)
  if (signal === 'SIGCONT') return
  for (const { pid } of [...others, ...(await processesOf({ postmaster }))]) send(pid, signal)
  if (signal === 'SIGKILL') await postmaster.ended
}

/** To the files it is the same as SIGKILL, and no memory of the machine stays taken. */
async function endNode(node: Node) {
  const { postmaster } = node
  if (!postmaster) return
  await signalNode(node, 'SIGCONT')
  send(postmaster.pid, 'SIGQUIT')
  const late = new AbortController()
  await Promise.race([postmaster.ended, sleep(6_000, undefined, { signal: late.signal }).catch(() => {})])
  late.abort()
  await signalNode(node, 'SIGKILL')
}

async function processesOf({ postmaster }: Pick<Node, 'postmaster'>): Promise<{ pid: number; title: string }[]> {
  const found: { pid: number; title: string }[] = []
  if (!postmaster) return found
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    if (Number(stat.split(') ')[1]?.split(' ')[1]) !== postmaster.pid) continue
    found.push({ pid, title: await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') })
  }
  return found
}

function send(pid: number, signal: NodeJS.Signals) {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** One statement over a connection of its own; nothing here waits for a PostgreSQL that is stopped. */
async function ask(node: Pick<Node, 'port'>, sql: string, database = 'pchat'): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({
    ...{ host: '127.0.0.1', port: node.port, user: 'pchat', database },
    ...{ connectionTimeoutMillis: 2_000, query_timeout: 35_000 },
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query(sql)).rows
  } finally {
    // A connection that never came up has nobody to say goodbye to.
    void client.end().catch(() => {})
  }
}

async function untilTrue(node: Node, sql: string) {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const rows = await ask(node, sql).catch((error: Error) => [{ yes: false, error: error.message }])
    if (rows[0]?.yes === true) return
    if (Date.now() > deadline)
      throw new Error(`${node.name}: never: ${sql} ${JSON.stringify(rows)}\n${await tail(node)}`)
    await sleep(50)
  }
}

async function runProgram({ account, bin }: Place, program: string, args: string[]) {
  const { file, args: all, ...ids } = account.launch(join(bin, program), args)
  await run(file, all, { ...ids, cwd: '/', env: postgresEnvironment() }).catch((error: { stderr?: string }) => {
    throw new Error(`${program}: ${error.stderr}`, { cause: error })
  })
}

async function makeOwnFolder({ account }: Place, folder: string) {
  await mkdir(folder, { mode: 0o700 })
  if (account.kind === 'other') await chown(folder, account.uid, account.gid)
}

async function tail(node: Node): Promise<string> {
  return (await readFile(node.log, 'utf8').catch(() => '')).trim().split('\n').slice(-15).join('\n')
}

/** Below the numbers that the system gives to outgoing connections, so that none of them takes it while a server is away. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const server = createServer()
    const isFree = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
  throw new Error('no free port was found')
}

/** Files of runs that were killed; their processes went with them. */
async function sweepPairs() {
  for (const base of ['/dev/shm', '/tmp'])
    for (const name of await readdir(base).catch(() => [])) {
      const pid = new RegExp(`^${prefix}-(\\d+)-`).exec(name)?.[1]
      if (pid && !existsSync(`/proc/${pid}`))
        await rm(join(base, name), { recursive: true, force: true }).catch(() => {})
    }
}
