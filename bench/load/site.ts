import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Input, Result, Verb } from '../../src/protocol/request.ts'
import { childrenOf } from '../proc.ts'
import { admin, ask, endProgram, hasEnded, said, startNats, startProgram } from '../program.ts'

export type SiteOptions = {
  servers: number
  workers: number
  databaseUrl?: string | undefined
  natsUrl?: string | undefined
}

/** One Persistent Chat Server of the site. Name and port stay over a restart. */
export type SiteServer = {
  name: string
  url: string
  port: number
  pid: number
  /** Of its parent and its workers; none while it is down. */
  pids(): number[]
  /** SIGKILL of all its processes: nothing is drained, nobody is told. */
  kill(): Promise<void>
  restart(): Promise<void>
}

/** A pool as an operator runs it, all on this machine: servers, NATS where there are several, one PostgreSQL. */
export type Site = {
  databaseUrl: string
  /** Undefined where one server needs none. */
  natsUrl: string | undefined
  servers: SiteServer[]
  /** Postmaster and backends; none where the database was there before. */
  databasePids(): number[]
  /** Undefined where NATS was there before, or is not needed. */
  natsPid: number | undefined
  versions: { postgres: string; nats: string }
  /** At any server that runs. */
  asAdmin<V extends Verb>(verb: V, input: Input<V>): Promise<Result<V>>
  /** Servers that ended although nobody ended them, each as a sentence. */
  deaths: string[]
  stop(): Promise<void>
}

const prefix = 'pchat-load-'
/** Starts it and ends it with this process, however this one ends. */
export async function startSite({ servers: count, workers, ...given }: SiteOptions): Promise<Site> {
  sweep()
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
  // Entered by PostgreSQL's account.
  chmodSync(folder, 0o711)
  await using started = new AsyncDisposableStack()
  started.defer(bindFolder(folder, given.databaseUrl !== undefined))
  const database = given.databaseUrl === undefined ? await startDatabase(folder, count * workers) : undefined
  if (database) started.defer(database.stop)
  const databaseUrl = given.databaseUrl ?? database!.databaseUrl
  const nats = count > 1 && given.natsUrl === undefined ? await startNats() : undefined
  if (nats) started.defer(nats.stop)
  const natsUrl = given.natsUrl ?? nats?.url
  const pool = natsUrl === undefined ? [] : ['--nats-url', natsUrl, '--pool', `load${process.pid}`]
  const shared = ['--database-url', databaseUrl, ...pool, ...(workers > 1 ? ['--workers', String(workers)] : [])]
  const deaths: string[] = []
  const start = async (index: number) => {
    const name = `load${index + 1}`
    const server = await startSiteServer(name, [...shared, '--data-dir', join(folder, name)], deaths)
    started.defer(server.stop)
    return server
  }
  // The first one brings the schema; the others would wait for it.
  const servers = [await start(0)]
  servers.push(...(await Promise.all(Array.from({ length: count - 1 }, (_, index) => start(index + 1)))))
  const asAdmin = await signInAdmin(servers)
  // Every session comes from the same few addresses here; limits by address are not what is measured.
  await asAdmin('settings.update', { settings: { trustedNetworks: ['127.0.0.0/8'] } })
  const running = started.move()
  return {
    ...{ databaseUrl, natsUrl, servers, natsPid: nats?.pid, asAdmin, deaths },
    databasePids: () => database?.pids() ?? [],
    versions: { postgres: database?.version ?? 'not started here', nats: nats?.version ?? 'not started here' },
    stop: () => running.disposeAsync(),
  }
}

type StartedServer = SiteServer & { isUp(): boolean; stop(): Promise<void> }

async function startSiteServer(name: string, args: string[], deaths: string[]): Promise<StartedServer> {
  let wanted = true
  const launch = async (port: number) => {
    const { child, url } = await startProgram(['--server', name, '--port', String(port), ...args], { isBound: true })
    wanted = true
    child.once('exit', (code, signal) => {
      if (wanted) deaths.push(`Server ${name} ended by itself (${signal ?? code}).`)
    })
    return { child, url }
  }
  const first = await launch(0)
  let { child } = first
  const port = Number(new URL(first.url).port)
  const pids = () => (hasEnded(child) ? [] : [child.pid ?? 0, ...childrenOf(child.pid ?? 0)])
  return {
    ...{ name, url: first.url, port, pids },
    get pid() {
      return child.pid ?? 0
    },
    isUp: () => !hasEnded(child),
    async kill() {
      wanted = false
      const living = pids()
      // The parent first: it would start its workers again.
      for (const pid of living) signalProcess(pid, 'SIGKILL')
      while (!hasEnded(child) || living.some(isAlive)) await new Promise(resolve => setTimeout(resolve, 20))
    },
    async restart() {
      child = (await launch(port)).child
    },
    async stop() {
      wanted = false
      await endProgram(child, 'SIGTERM')
    },
  }
}

/** The product's own PostgreSQL in a process that ends with this one and then removes the folder. */
async function startDatabase(folder: string, processes: number) {
  const program = join(import.meta.dirname, '..', '..', 'bin', 'database.ts')
  const stdio = ['pipe', 'pipe', 'inherit'] as const
  const child: ChildProcess = spawn(process.execPath, [program, folder, String(processes)], {
    stdio: [...stdio],
    detached: true,
  })
  const { databaseUrl, version } = JSON.parse(await said(child, /^(.+)\n/)) as { databaseUrl: string; version: string }
  return {
    ...{ databaseUrl, version },
    pids: () => postmasterPids(join(folder, 'postgres', 'postmaster.pid')),
    async stop() {
      if (hasEnded(child)) return
      const ended = once(child, 'exit')
      child.stdin?.end()
      await ended
    },
  }
}

/** None while it is being started again. */
function postmasterPids(pidFile: string): number[] {
  if (!existsSync(pidFile)) return []
  const postmaster = Number.parseInt(readFileSync(pidFile, 'utf8'), 10)
  return postmaster > 0 ? [postmaster, ...childrenOf(postmaster)] : []
}

async function signInAdmin(servers: StartedServer[]): Promise<Site['asAdmin']> {
  const { token } = await ask(servers[0]!.url, undefined, 'session.signIn', admin).catch(error => {
    throw new Error(
      `The database has an administrator already (${error.message}). Name an empty one with --database-url, or leave the option out.`,
    )
  })
  return (verb, input) => {
    const server = servers.find(one => one.isUp())
    if (server === undefined) throw new Error('No server of the site is up.')
    return ask(server.url, token, verb, input)
  }
}

/**
 * A signal ends this process, and the folder goes with it: removed here, where no database of ours does that when it has ended.
 * Answers what undoes it and removes the folder now.
 */
function bindFolder(folder: string, isOnlyOurs: boolean): () => void {
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  const interrupted = () => process.exit(130)
  const terminated = () => process.exit(143)
  if (isOnlyOurs) process.once('exit', remove)
  process.on('SIGINT', interrupted)
  process.on('SIGTERM', terminated)
  return () => {
    process.off('exit', remove)
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', terminated)
    remove()
  }
}

/** Folders of runs that were killed. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? /^\d+(?=-)/.exec(name.slice(prefix.length))?.[0] : undefined
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(tmpdir(), name), { recursive: true, force: true, maxRetries: 5 })
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** One that has ended and was not awaited is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
