import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { answers } from './nats.ts'
import { type Pchat, runPchat } from './pchat.ts'
import { openProxy, type TcpProxy } from './proxy.ts'
import { freePort, openStorePair, type StorePair } from './store-pair.ts'
import { readTools } from './tools.ts'

export const admin = 'admin@example.com'
export const password = 'correct horse battery'
const prefix = 'pchat-pool'
/** What is started here ends with this process, also where this one is killed. */
const dying = ['/usr/bin/setpriv', '--pdeathsig', 'KILL']
const patienceMs = 90_000

export type PoolNats = { port: number; kill(): Promise<void>; start(): Promise<void> }

/** One place of a server in the pool: its data folder and its ways to the store and to NATS outlive its processes. */
export type Slot = {
  store: TcpProxy[]
  nats: TcpProxy
  url(): string | undefined
  /** Something is done to it: what was asked of it may still come to pass later. */
  troubled: Set<string>
  signal(signal: NodeJS.Signals): void
  /** Ends the process and keeps it down. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  start(): Promise<void>
  said(): string
  /** Lines of all its processes, the last thousands. */
  history(): string[]
}

export type PoolSite = {
  pair: StorePair
  nats: PoolNats
  slots: Slot[]
  /** The same for the store. */
  storeTroubled: Set<string>
  /** With one host the way to the store is led to the primary by the test; with two the servers find it. */
  hosts: 1 | 2
  hasBus: boolean
  /** After a promotion, where the servers cannot find the primary themselves. */
  leadToPrimary(): void
  faults: string[]
  tails(): Promise<string>
  /** Lines of the servers' logs that tell of an error, at most `count`. */
  errors(count: number): string[]
  close(): Promise<void>
}

export type PoolOptions = { servers: number; hosts?: 1 | 2; hasBus?: boolean }

/** A pool as an operator runs it: servers, NATS, a primary and its stand-by, with a breakable way between each server and the rest. */
export async function openPool({ servers, hosts = 2, hasBus = true }: PoolOptions): Promise<PoolSite> {
  await sweepFolders()
  const folder = await mkdtemp(join(tmpdir(), `${prefix}-${process.pid}-`))
  await using started = new AsyncDisposableStack()
  started.defer(() => rm(folder, { recursive: true, force: true }))
  const pair = await openStorePair()
  started.defer(() => pair.close())
  const nats = await openPoolNats()
  started.defer(() => nats.kill())
  const faults: string[] = []
  const slots: Slot[] = []
  for (let n = 0; n < servers; n += 1) {
    const store = await Promise.all([openProxy(pair.ports.a), openProxy(pair.ports.b)])
    const bus = await openProxy(nats.port)
    for (const proxy of [...store, bus]) started.defer(() => proxy.close())
    const databaseUrl = pair.url(store.slice(0, hosts).map(proxy => proxy.port))
    const args = ['start', '--port', '0', '--data-dir', join(folder, `server-${n}`), '--database-url', databaseUrl]
    const pool = ['--nats-url', `nats://127.0.0.1:${bus.port}`, '--pool', 'fuzz', '--server', `server-${n}`]
    const slot = openSlot(`server ${n}`, [...args, ...(hasBus ? pool : [])], store, bus, faults)
    started.defer(() => slot.kill('SIGKILL'))
    await slot.start()
    slots.push(slot)
  }
  const running = started.move()
  return {
    ...{ pair, nats, slots, hosts, hasBus, faults, storeTroubled: new Set() },
    leadToPrimary() {
      if (hosts === 2) return
      for (const { store } of slots) {
        store[0]!.lead(pair.ports[pair.primary()])
        store[0]!.cut()
        store[0]!.heal()
      }
    },
    async tails() {
      const said = slots.map((slot, n) => `server ${n}:\n${slot.history().slice(-10).map(short).join('\n')}`)
      const stores = (['a', 'b'] as const).map(async name => `postgres ${name}:\n${await pair.logTail(name)}`)
      return [...said, ...(await Promise.all(stores))].join('\n')
    },
    errors: count =>
      slots
        .flatMap((slot, n) => slot.history().map(line => `server ${n}: ${line}`))
        .filter(line => /"level":(50|60)/.test(line))
        .slice(0, count)
        .map(short),
    close: () => running.disposeAsync(),
  }
}

/** Enough to see what it was; the stack's first lines among it. */
const short = (line: string) => line.slice(0, 1_200)

function openSlot(name: string, args: string[], store: TcpProxy[], nats: TcpProxy, faults: string[]): Slot {
  let process: Pchat | undefined
  let url: string | undefined
  let said = ''
  let before: string[] = []
  let wanted = false
  const env = { PCHAT_ADMIN_USER: admin, PCHAT_ADMIN_PASSWORD: password, PCHAT_LOG_LEVEL: 'warn' }

  function remember(of: Pchat) {
    before = [...before, ...of.said().split('\n')].slice(-3_000)
  }

  /** Until it is ready; again where it gives up because the store is away, as a machine's supervisor would. */
  async function start() {
    wanted = true
    const deadline = Date.now() + patienceMs
    while (wanted) {
      const mine = runPchat(args, { env, prefix: dying })
      process = mine
      const late = new AbortController()
      const lateness = sleep(deadline - Date.now(), undefined, { signal: late.signal })
      const address = await Promise.race([mine.ready(), lateness]).catch(() => undefined)
      late.abort()
      lateness.catch(() => {})
      if (address) {
        url = address
        void mine.ended.then(end => {
          if (process === mine && wanted) faults.push(`${name} ended by itself (${end}):\n${mine.said().slice(-3_000)}`)
        })
        return
      }
      mine.kill('SIGKILL')
      await mine.ended
      said = mine.said()
      remember(mine)
      if (Date.now() > deadline) throw new Error(`${name} did not start:\n${said.slice(-3_000)}`)
      await sleep(200)
    }
  }

  return {
    ...{ store, nats, troubled: new Set<string>(), start },
    url: () => url,
    said: () => `${said.slice(-3_000)}${process?.said() ?? ''}`,
    history: () => [...before, ...(process?.said().split('\n') ?? [])],
    signal: signal => process?.kill(signal),
    async kill(signal) {
      wanted = false
      url = undefined
      const ending = process
      if (!ending) return
      ending.kill(signal)
      const late = new AbortController()
      const end = await Promise.race([
        ending.ended,
        sleep(30_000, 'late', { signal: late.signal }).catch(() => 'never' as const),
      ])
      late.abort()
      if (end === 'late') {
        faults.push(`${name} did not end within 30 s of ${signal}:\n${ending.said().slice(-3_000)}`)
        ending.kill('SIGKILL')
        await ending.ended
      }
      said = ending.said()
      remember(ending)
      process = undefined
    },
  }
}

async function openPoolNats(): Promise<PoolNats> {
  const { natsServer } = await readTools()
  const port = await freePort()
  let child: ReturnType<typeof spawn> | undefined
  const nats: PoolNats = {
    port,
    async start() {
      const [file = '', ...args] = [...dying, natsServer, '-a', '127.0.0.1', '-p', String(port)]
      child = spawn(file, args, { stdio: 'ignore' })
      const deadline = Date.now() + patienceMs
      while (!(await answers(port))) {
        if (Date.now() > deadline) throw new Error('nats-server does not answer')
        await sleep(20)
      }
    },
    async kill() {
      const ending = child
      child = undefined
      if (!ending || ending.exitCode !== null || ending.signalCode !== null) return
      const ended = once(ending, 'exit')
      ending.kill('SIGKILL')
      await ended
    },
  }
  await nats.start()
  return nats
}

async function sweepFolders() {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${prefix}-(\\d+)-`).exec(name)?.[1]
    if (pid && !existsSync(`/proc/${pid}`))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {})
  }
}
