import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { repeatEvery } from '../base/lifecycle.ts'
import type { Log } from '../base/log.ts'
import { openDb } from './db.ts'
import { type Cluster, prepareCluster } from './embedded-cluster.ts'
import { keepSmall } from './embedded-log.ts'
import { makeSocketFolder, settle } from './embedded-place.ts'
import { launchPostmaster, type Postmaster } from './embedded-postmaster.ts'

export type Embedded = {
  address: { host: string; user: string; database: string }
  /** Of the running postmaster; 0 while it is away. */
  pid(): number
  stop(): Promise<void>
}

export type EmbeddedOptions = {
  /** The cluster is `<dataDir>/postgres`. Whoever calls sees to it that one process at a time does (the lock of the data folder). */
  dataDir: string
  log: Log
  /** Folder with `initdb` and `postgres`; by default those of the npm package. */
  bin?: string
  settings?: Cluster['settings']
  /** Ends a start that is under way. */
  signal?: AbortSignal
  onState?: (state: 'down' | 'up') => void
}

/** Starts the PostgreSQL that comes with the product and starts it again where it dies, until stopped. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const dataDir = resolve(options.dataDir)
  await mkdir(dataDir, { recursive: true, mode: 0o711 })
  const { account, bin, folder } = await settle(dataDir, options.bin)
  if (folder !== dataDir)
    options.log.warn({ folder }, 'PostgreSQL does not reach the data folder; its files stand elsewhere')
  const cluster: Cluster = { folder: join(folder, 'postgres'), bin, account, settings: options.settings ?? {} }
  await prepareCluster(cluster)
  const socket = await makeSocketFolder(folder, account)
  const logFile = join(dataDir, 'postgres.log')
  const ending = new AbortController()
  const launch = (signal: AbortSignal) => launchPostmaster({ cluster, socketFolder: socket.folder, logFile, signal })
  const first = await launch(options.signal ?? ending.signal).catch(async error => {
    await socket.remove()
    throw error
  })
  const kept = keepRunning(first, launch, options, ending)
  const trimming = repeatEvery(
    600_000,
    () => keepSmall(logFile),
    error => options.log.warn({ error }, 'postgres.log was not trimmed'),
  )
  const address = { host: socket.folder, user: 'pchat', database: 'pchat' }
  const stop = async () => {
    await trimming.stop()
    await kept.stop()
    await socket.remove()
  }
  try {
    await ensureDatabase(address)
  } catch (error) {
    await stop()
    throw error
  }
  return { address, pid: kept.pid, stop }
}

/** Where the PostgreSQL of a server that runs on this data folder listens; undefined where none does. */
export async function findEmbedded(dataDir: string): Promise<Embedded['address'] | undefined> {
  const text = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '')
  // Its fifth line (PostgreSQL's miscadmin.h: LOCK_FILE_LINE_SOCKET_DIR).
  const host = text.split('\n')[4]
  return host ? { host, user: 'pchat', database: 'pchat' } : undefined
}

function keepRunning(
  first: Postmaster,
  launch: (signal: AbortSignal) => Promise<Postmaster>,
  { log, onState }: EmbeddedOptions,
  ending: AbortController,
) {
  let running: Postmaster | undefined = first
  const relaunch = async (): Promise<Postmaster | undefined> => {
    for (let pauseMs = 100; !ending.signal.aborted; pauseMs = Math.min(pauseMs * 2, 10_000)) {
      try {
        return await launch(ending.signal)
      } catch (error) {
        if (!ending.signal.aborted)
          log.error({ error: (error as Error).message, pauseMs }, 'PostgreSQL could not be started again')
        await sleep(pauseMs, undefined, { signal: ending.signal }).catch(() => {})
      }
    }
    return undefined
  }
  const watched = (async () => {
    while (running) {
      await running.exited
      if (ending.signal.aborted) return
      log.error({ pid: running.pid }, 'PostgreSQL ended by itself; it is started again')
      onState?.('down')
      running = undefined
      running = await relaunch()
      if (!running || ending.signal.aborted) return
      log.info({ pid: running.pid }, 'PostgreSQL is back')
      onState?.('up')
    }
  })()
  return {
    pid: () => running?.pid ?? 0,
    async stop() {
      ending.abort(new Error('The database is being stopped.'))
      await running?.stop()
      await watched
      await running?.stop()
    },
  }
}

async function ensureDatabase(address: { host: string; user: string; database: string }): Promise<void> {
  const db = openDb({ ...address, database: 'postgres' }, { max: 1 })
  try {
    const { rowCount } = await db.query('SELECT 1 FROM pg_database WHERE datname = $1', [address.database])
    if (rowCount === 0) await db.query(`CREATE DATABASE "${address.database}"`)
  } finally {
    await db.end()
  }
}
