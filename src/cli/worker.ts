import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { type Log, openLog } from '../base/log.ts'
import type { Counted } from '../base/metrics.ts'
import { type BusSignal, openChannel, openParentBus } from '../pool/parent.ts'
import { explain } from './explain.ts'
import { readFactorKeys } from './factor-key.ts'
import { openFileOptions } from './file-options.ts'
import { adapterBaseOf, centralOf, serveRoleOf } from './options.ts'
import { followPools } from './pools-file.ts'
import { serve } from './serve.ts'
import type { Door, ServingProcess } from './serve-options.ts'
import { aborted } from './stopping.ts'
import { webRoot } from './web-root.ts'
import type { ToParent, ToWorker, WorkerSetting } from './worker-signal.ts'

/** One of the processes that serve together; started by src/cli/workers.ts, which listens, hands over connections and watches. */

const stop = new AbortController()
const drainMs = 5_000

let serving: ServingProcess | undefined
let take: ((socket: Socket) => void) | undefined
const busHearers: ((signal: BusSignal) => void)[] = []
const asked = new Map<number, (counted: Counted[]) => void>()
let lastAsk = 0
let notes: string[] = []

// Ctrl-C reaches the whole process group; the parent says when to stop.
process.on('SIGINT', () => {})
process.on('SIGTERM', end)
// Without a parent nobody brings connections, and the next server wants the database.
process.on('disconnect', () => process.exit(1))

process.on('message', (message: ToWorker, socket?: Socket) => {
  if ('bus' in message) for (const hear of busHearers) hear(message)
  else hearParent(message, socket)
})

function hearParent(message: Exclude<ToWorker, BusSignal>, socket: Socket | undefined) {
  if (message.tell === 'connection') takeConnection(socket)
  else if (message.tell === 'ping') {
    notes = message.notes
    tell({ tell: 'pong', sessions: serving?.sessions() ?? 0 })
  } else if (message.tell === 'serve') void work(message.setting)
  else if (message.tell === 'stop') end()
  else if (message.tell === 'count') void count().then(counted => tell({ tell: 'counted', ask: message.ask, counted }))
  else asked.get(message.ask)?.(message.counted)
}

/** Drains, or just ends where there is nothing to drain yet. */
function end() {
  if (!serving) process.exit(0)
  stop.abort()
}

function tell(message: ToParent, written: () => void = () => {}): void {
  // With a function, since a channel that is gone would be an uncaught error without.
  process.send?.(message, undefined, undefined, written)
}

/** Undefined where the client has gone meanwhile. */
function takeConnection(socket: Socket | undefined) {
  const isTaken = take !== undefined && !stop.signal.aborted
  if (isTaken && socket) take?.(socket)
  else socket?.destroy()
  tell({ tell: 'took', isTaken })
}

async function work({ number, options, port, address, tls, setUp, notes: first }: WorkerSetting): Promise<void> {
  notes = first
  const log = numbered(openLog(options.logLevel), number)
  const entry = openEntry(port)
  try {
    const {
      host,
      domain,
      site,
      server,
      pool,
      natsUrl,
      url: publicUrl,
      pagesUrl,
      trustedProxies,
      directoryConfig,
      passkeyDomain,
    } = options
    const factorKeys = await readFactorKeys(options.factorKeyFile)
    const role = serveRoleOf(options)
    const pools = await followPools(options, log)
    serving = await serve({
      role,
      ...{ address, host, port, tls, site, server, pool, publicUrl, pagesUrl, trustedProxies, log, webRoot },
      ...{ directoryConfig, passkeyDomain, factorKeys, adapterBase: adapterBaseOf(options) },
      central: centralOf(options, address),
      files: role === 'persistent-chat' ? undefined : await openFileOptions(options),
      ...(natsUrl ? { natsUrl } : { bus: openParentBus(openParentChannel(log)) }),
      ...(setUp ? { domain, admin: setUp.admin } : { setUp: false }),
      door: entry.door,
      countAll,
      pools: pools.known,
      notes: () => [...notes, ...pools.notes()],
    })
  } catch (error) {
    log.debug({ err: error }, 'start failed')
    return tell({ tell: 'failed', sentence: explain(error, options) }, () => process.exit(1))
  }
  tell({ tell: 'serves', setupUrl: serving.setupUrl })
  await aborted(stop.signal)
  tell({ tell: 'leaving' })
  await entry.drain()
  await serving.stop()
  process.exit(0)
}

function openParentChannel(log: Log) {
  return openChannel({
    write: (signal, written) => tell(signal, written),
    onSignal: hear => void busHearers.push(hear),
    onLoss: () => log.warn({}, 'the parent process does not read; what it misses is found in the store'),
  })
}

/** The HTTP server takes its connections from the parent's entrance in place of a port of its own. */
function openEntry(port: number): { door: Door; drain(): Promise<void> } {
  let server: Server | undefined
  let busy = 0
  let connections = 0
  let rested = () => {}
  const open = async (http: FastifyInstance) => {
    await http.ready()
    server = http.server as Server
    server.on('request', (_request, response) => {
      busy += 1
      if (stop.signal.aborted) response.setHeader('connection', 'close')
      response.once('close', () => {
        busy -= 1
        if (busy === 0) rested()
      })
    })
    // Begins to watch over the connections: those that send no request in time are closed.
    server.emit('listening')
    take = socket => {
      // As the server does with connections of its own port.
      if (connections >= http.server.maxConnections) return void socket.destroy()
      connections += 1
      socket.once('close', () => {
        connections -= 1
      })
      server?.emit('connection', socket)
    }
  }
  return {
    door: { port, open },
    /** What was asked over HTTP is answered, unless that takes too long. */
    async drain() {
      server?.closeIdleConnections()
      if (busy === 0) return
      const late = new Promise<void>(resolve => setTimeout(resolve, drainMs).unref())
      await Promise.race([late, new Promise<void>(resolve => (rested = resolve))])
    },
  }
}

async function count(): Promise<Counted> {
  return (await serving?.counted()) ?? []
}

/** Of this worker and, through the parent, of all others that answer. */
async function countAll(): Promise<Counted[]> {
  lastAsk += 1
  const ask = lastAsk
  const answer = new Promise<Counted[]>(resolve => asked.set(ask, resolve))
  tell({ tell: 'countAll', ask })
  return answer.finally(() => asked.delete(ask))
}

function numbered(log: Log, worker: number): Log {
  return {
    debug: (context, text) => log.debug({ worker, ...context }, text),
    info: (context, text) => log.info({ worker, ...context }, text),
    warn: (context, text) => log.warn({ worker, ...context }, text),
    error: (context, text) => log.error({ worker, ...context }, text),
  }
}
