import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import { repeatEvery } from '../base/lifecycle.ts'
import type { Log } from '../base/log.ts'
import { openMetrics } from '../base/metrics.ts'
import type { Chat } from '../chat/chat.ts'
import { openPostQueue } from '../chat/post-queue.ts'
import { purgeSignIns } from '../chat/session.ts'
import { loadSettings, setDomain } from '../chat/settings.ts'
import { beginSetup, createFirstAdministrator, needsSetup } from '../chat/setup.ts'
import { openLocalDirectory } from '../directory/local.ts'
import { openLocalBus } from '../pool/local.ts'
import { openHub } from '../server/hub.ts'
import { openWebSockets } from '../server/ws.ts'
import { openDb, type StoreAddress } from '../store/db.ts'
import { readEpoch } from '../store/epoch.ts'
import { findCredential } from '../store/principal.ts'
import { defaultSettings } from '../store/settings.ts'
import { dropOldChanges, flushWordIndex, purgeSlice, turnPartitions } from '../store/upkeep.ts'
import { openHttp } from '../web-services/http.ts'

export type ServeOptions = {
  address: StoreAddress
  host: string
  port: number
  tls?: { cert: string; key: string } | undefined
  domain?: string | undefined
  site?: string | undefined
  log: Log
  admin?: { user: string; password: string } | undefined
  webRoot: string
  /** For tests: how often the hub sweeps, how long a lost connection lingers. */
  sweepMs?: number
  lingerMs?: number
  /** How often it looks whether the store was restored. */
  epochMs?: number
}
export type Serving = { url: string; setupUrl?: string | undefined; stop(): Promise<void> }

const upkeepMs = 30_000
const wordIndexMs = 1_000

/** One server with all roles, on a store that is already migrated. `stop` drains: what was asked is answered, what was taken is written. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { log } = options
  await using started = new AsyncDisposableStack()
  const metrics = openMetrics()
  let draining = false
  // The driver hangs its whole client on the error; and a database that stops with this server is no news.
  const onError = (error: Error & { code?: string }) => {
    if (!draining) log.warn({ code: error.code, reason: error.message }, 'an idle connection to the store ended')
  }
  const db = openDb(options.address, { max: 16, onError })
  started.defer(() => db.end())
  const bus = openLocalBus()
  started.defer(() => bus.close())

  let url = ''
  const chat: Chat = {
    member: randomUUID(),
    db,
    bus,
    directory: openLocalDirectory({ findAccount: name => findCredential(db, name) }),
    roster: { list: () => [], count: () => 0, isLarge: () => false },
    posts: openPostQueue({ db, bus, site: options.site, log, metrics }),
    settings: defaultSettings,
    settingsVersion: 0,
    epoch: await readEpoch(db),
    site: options.site,
    servers: () => [`${url.replace(/^http/, 'ws')}/ws`],
    log,
    metrics,
  }
  await loadSettings(chat)
  if (options.admin) await createFirstAdministrator(chat, { ...options.admin, domain: options.domain })
  if (options.domain) await setDomain(chat, options.domain)
  await turnPartitions(db, Date.now())

  const hub = await openHub(chat, options)
  started.defer(() => hub.stop())
  chat.roster = hub.roster
  const upkeep = repeatEvery(
    upkeepMs,
    () => keepUp(chat),
    error => log.warn({ err: error }, 'upkeep waits for the store'),
  )
  started.defer(() => upkeep.stop())
  const words = repeatEvery(
    wordIndexMs,
    () => flushWordIndex(db),
    error => log.warn({ err: error }, 'the word index waits for the store'),
  )
  started.defer(() => words.stop())

  const isReady = async () =>
    !draining &&
    (await db.query('SELECT 1').then(
      () => true,
      () => false,
    ))
  const http = await openHttp(chat, { tls: options.tls, webRoot: options.webRoot, isReady })
  started.defer(() => http.close())
  const webSockets = openWebSockets(http.server as Server, chat, hub)
  await http.listen({ host: options.host, port: options.port })
  url = addressOf(http.server as Server, options)

  const setupUrl = (await needsSetup(chat)) ? `${url}/setup#token=${await beginSetup(chat)}` : undefined
  const running = started.move()
  return {
    url,
    setupUrl,
    async stop() {
      draining = true
      await webSockets.stop()
      await chat.posts.flush()
      await running.disposeAsync()
    },
  }
}

async function keepUp(chat: Chat) {
  await turnPartitions(chat.db, Date.now())
  await dropOldChanges(chat.db)
  await purgeSignIns(chat)
  // A slice at a time, so that no long transaction stands in the way of posts.
  while (await purgeSlice(chat.db)) await new Promise(resolve => setImmediate(resolve))
}

function addressOf(server: Server, options: ServeOptions): string {
  const bound = server.address()
  const port = typeof bound === 'object' && bound ? bound.port : options.port
  const host = /^(127\.0\.0\.1|::1|localhost)$/.test(options.host) ? 'localhost' : options.host
  return `${options.tls ? 'https' : 'http'}://${host}:${port}`
}
