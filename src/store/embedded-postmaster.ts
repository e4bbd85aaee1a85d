import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cluster, lastLines, missing, postgresEnvironment } from './embedded-cluster.ts'
import { isOwnSocketFolder } from './embedded-place.ts'

/** PostgreSQL's first process, started by this one. */
export type Postmaster = { pid: number; exited: Promise<void>; stop(): Promise<void> }

/** A checkpoint of all that is dirty must fit in; then the processes are told to leave it to the next start. */
const stopPatienceMs = 30_000
/** Processes of a killed postmaster hold its shared memory until their statement ends. */
const leftoverPatienceMs = 60_000

export type Launching = { cluster: Cluster; socketFolder: string; logFile: string; signal: AbortSignal }

/** Starts PostgreSQL and answers when it takes connections, after recovery. What another postmaster left is ended or awaited first. */
export async function launchPostmaster(launching: Launching): Promise<Postmaster> {
  const deadline = Date.now() + leftoverPatienceMs
  for (;;) {
    await endLeftover(launching)
    const log = await open(launching.logFile, 'a', 0o600)
    const { size } = await log.stat()
    const postmaster = await spawnPostmaster(launching, log.fd).finally(() => log.close())
    if (await becomesReady(postmaster, launching)) return postmaster
    const said = (await readFile(launching.logFile)).subarray(size).toString()
    const busy = /still in use|lock file ".*" already exists/.test(said)
    if (!busy || Date.now() > deadline) throw new Error(`PostgreSQL did not start: ${lastLines(said)}`)
    await sleep(200, undefined, { signal: launching.signal })
  }
}

async function spawnPostmaster({ cluster, socketFolder }: Launching, log: number): Promise<Postmaster> {
  const { file, args, ...ids } = cluster.account.launch(join(cluster.bin, 'postgres'), [
    ...['-D', cluster.folder, '-c', 'listen_addresses=', '-c', `unix_socket_directories=${socketFolder}`],
    ...['-c', 'port=5432', '-c', 'unix_socket_permissions=0700', '-c', 'logging_collector=off'],
  ])
  // A process session of its own: Ctrl-C reaches all of the terminal's, and the database must outlast the drain.
  const child = spawn(file, args, {
    ...ids,
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
    env: postgresEnvironment(),
  })
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  await once(child, 'spawn')
  const pid = child.pid as number
  const isAlive = async () => child.exitCode === null && child.signalCode === null
  return { pid, exited, stop: () => endProcess(pid, isAlive) }
}

/** False where it went before it was ready. */
async function becomesReady(postmaster: Postmaster, { cluster, signal }: Launching): Promise<boolean> {
  let alive = true
  void postmaster.exited.then(() => {
    alive = false
  })
  while (alive) {
    const file = await readPostmasterFile(cluster.folder)
    if (file?.pid === postmaster.pid && file.status === 'ready') return true
    if (signal.aborted) {
      await postmaster.stop()
      throw signal.reason
    }
    await Promise.race([sleep(20), postmaster.exited])
  }
  return false
}

/** A database that outlived its server is stopped in order, so that what starts next is this program's own child with its own settings. */
async function endLeftover({ cluster: { folder }, socketFolder }: Launching): Promise<void> {
  const file = await readPostmasterFile(folder)
  if (!file) return
  const isAlive = () => isPostmaster(file.pid, folder)
  if (await isAlive()) await endProcess(file.pid, isAlive)
  // PostgreSQL takes any living process of that number for its predecessor, and after a restart of the machine there may be one.
  else await rm(join(folder, 'postmaster.pid'), { force: true })
  if (file.socketFolder === socketFolder) await rm(join(socketFolder, '.s.PGSQL.5432.lock'), { force: true })
  else if (isOwnSocketFolder(file.socketFolder)) await rm(file.socketFolder, { recursive: true, force: true })
}

async function endProcess(pid: number, isAlive: () => Promise<boolean>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!(await isAlive())) return
    sendSignal(pid, signal)
    const patience = Date.now() + (signal === 'SIGINT' ? stopPatienceMs : 6_000)
    while (Date.now() < patience) {
      if (!(await isAlive())) return
      await sleep(20)
    }
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function readPostmasterFile(
  folder: string,
): Promise<{ pid: number; socketFolder: string; status?: string } | undefined> {
  const lines = (await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(missing))
    ?.split('\n')
    .map(line => line.trim())
  const pid = Number(lines?.[0])
  return pid > 0 ? { pid, socketFolder: lines?.[4] ?? '', status: lines?.[7] } : undefined
}

/** By its command line: of another user's process more cannot be seen. A process that has ended but was not awaited has none. */
async function isPostmaster(pid: number, folder: string): Promise<boolean> {
  const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  if (basename(argv[0] ?? '') !== 'postgres') return false
  const [theirs, ours] = await Promise.all(
    [argv[argv.indexOf('-D') + 1] ?? '', folder].map(path => stat(path).catch(() => undefined)),
  )
  return theirs !== undefined && theirs.ino === ours?.ino && theirs.dev === ours.dev
}
