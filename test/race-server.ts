import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import { silentLog } from '../src/base/log.ts'
import { openMetrics } from '../src/base/metrics.ts'
import type { Chat } from '../src/chat/chat.ts'
import { openPostQueue } from '../src/chat/post-queue.ts'
import { loadSettings } from '../src/chat/settings.ts'
import { openLocalDirectory } from '../src/directory/local.ts'
import type { Bus } from '../src/pool/bus.ts'
import { openLocalBus } from '../src/pool/local.ts'
import { type Hub, type HubOptions, openHub } from '../src/server/hub.ts'
import { openWebSockets } from '../src/server/ws.ts'
import { type Connection, type Db, openDb } from '../src/store/db.ts'
import { readEpoch } from '../src/store/epoch.ts'
import { findCredential } from '../src/store/principal.ts'
import { defaultSettings } from '../src/store/settings.ts'
import { openHttp } from '../src/web-services/http.ts'
import { type Person, personAt, type Site } from './harness.ts'

type Where = 'pool' | 'transaction'
type Trap = {
  phase: 'before' | 'after'
  where: Where | undefined
  part: string
  spring(): Promise<void>
}

export type Held = { reached: Promise<void>; release(): void }
/** Stops one statement of a server, once, so that a test can do something else in that very moment. */
export type Gate = {
  /** The next statement whose name or text holds `part`; `where`: on a connection of its own, or within a transaction. */
  hold(phase: 'before' | 'after', part: string, where?: Where): Held
  /** It fails instead, as if the store had ended the connection. */
  fail(part: string, where?: Where): void
  /** Every statement fails, until it is said again that the store is not away. */
  setAway(away: boolean): void
  /** Statements of that name so far. */
  asked(name: string): number
}

export function openGate(db: Db): { gate: Gate; db: Db } {
  let traps: Trap[] = []
  let away = false
  const asked = new Map<string, number>()
  const set = (trap: Trap) => void traps.push(trap)

  async function pass(phase: 'before' | 'after', where: Where, statement: unknown) {
    const { name = '', text = '' } =
      typeof statement === 'string'
        ? { text: statement }
        : (statement as { name?: string })
          ? (statement as { name?: string; text?: string })
          : {}
    if (away) throw Object.assign(new Error('away for a test'), { code: '57P01' })
    if (phase === 'before') asked.set(name, (asked.get(name) ?? 0) + 1)
    const trap = traps.find(
      one =>
        one.phase === phase &&
        (one.where ?? where) === where &&
        (one.part === name || (text as string).includes(one.part)),
    )
    if (!trap) return
    traps = traps.filter(one => one !== trap)
    await trap.spring()
  }
  const gated =
    (where: Where, query: (...args: never[]) => Promise<unknown>) =>
    async (...args: unknown[]) => {
      await pass('before', where, args[0])
      const answer = await query(...(args as never[]))
      await pass('after', where, args[0])
      return answer
    }
  function wrap<T extends Db | Connection>(target: T, where: Where): T {
    return new Proxy(target, {
      get(of, key) {
        const value = Reflect.get(of, key)
        if (typeof value !== 'function') return value
        if (key === 'query') return gated(where, value.bind(of))
        if (key === 'connect') return async () => wrap(await (of as Db).connect(), 'transaction')
        return value.bind(of)
      },
    })
  }
  const gate: Gate = {
    hold(phase, part, where) {
      const reached = Promise.withResolvers<void>()
      const released = Promise.withResolvers<void>()
      set({
        phase,
        part,
        where,
        spring() {
          reached.resolve()
          return released.promise
        },
      })
      return { reached: reached.promise, release: released.resolve }
    },
    setAway(now) {
      away = now
    },
    asked: name => asked.get(name) ?? 0,
    fail(part, where) {
      set({
        phase: 'before',
        part,
        where,
        spring: () => Promise.reject(Object.assign(new Error('terminated for a test'), { code: '57P01' })),
      })
    },
  }
  return { gate, db: wrap(db, 'pool') }
}

export type RaceServer = {
  url: string
  chat: Chat
  hub: Hub
  gate: Gate
  at(person: Person): Person
  stop(): Promise<void>
}

/**
 * Another server on the store of a site: it hears nothing by the bus unless it is given one, sweeps only if told to, and its
 * statements can be held.
 */
export async function openRaceServer(
  site: Site,
  sweepMs = 60_000,
  more: { bus?: Bus; hub?: HubOptions } = {},
): Promise<RaceServer> {
  const own = openDb(site.database.address, { max: 16 })
  const { gate, db } = openGate(own)
  const bus = more.bus ?? openLocalBus()
  const metrics = openMetrics()
  let url = ''
  const chat: Chat = {
    member: randomUUID(),
    db,
    bus,
    directory: openLocalDirectory({ findAccount: name => findCredential(db, name) }),
    roster: { list: () => [], count: () => 0, isLarge: () => false },
    posts: openPostQueue({ db, bus, site: undefined, log: silentLog, metrics }),
    settings: defaultSettings,
    settingsVersion: 0,
    recording: 'off',
    epoch: await readEpoch(db),
    site: undefined,
    servers: () => [url],
    takesSessions: () => true,
    secondFactor: {
      need: 'optional',
      keys: [],
      pagesUrl: () => 'http://localhost:8080',
      otherPages: () => [],
      passkeyDomain: undefined,
    },
    log: silentLog,
    metrics,
  }
  await loadSettings(chat)
  const hub = await openHub(chat, { sweepMs, lingerMs: 300, ...more.hub })
  chat.roster = hub.roster
  const http = await openHttp(chat, {
    tls: undefined,
    webRoot: '/nonexistent',
    health: async () => ({ ready: true, notes: [] }),
  })
  const webSockets = openWebSockets(http.server as Server, chat, hub)
  await http.listen({ host: '127.0.0.1', port: 0 })
  const bound = (http.server as Server).address()
  url = `http://localhost:${typeof bound === 'object' && bound ? bound.port : 0}`
  return {
    url,
    chat,
    hub,
    gate,
    at: person => personAt(url, person.token, person.me),
    async stop() {
      await webSockets.stop()
      await chat.posts.flush()
      await http.close()
      await hub.stop()
      await bus.close()
      await own.end()
    },
  }
}

export type Store = {
  /** Resolves when so many statements wait for locks in the store. */
  waiting(count: number): Promise<void>
  /** From now on posts whose text begins with "pause" stop before their commit, their locks held, until `go`. */
  pause(): Promise<{ go(): Promise<void> }>
}

/** What can be done to the store of a site to force an interleaving; posts of the text "poison" fail in it. */
export async function openStore(site: Site): Promise<Store> {
  const { db } = site
  await db.query(`
    CREATE OR REPLACE FUNCTION test_stop() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.text LIKE 'pause%' THEN PERFORM pg_advisory_xact_lock_shared(99, 1); END IF;
      IF NEW.text = 'poison' THEN RAISE EXCEPTION 'poisoned'; END IF;
      RETURN NEW;
    END $$;
    CREATE OR REPLACE TRIGGER test_stop BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION test_stop();`)
  return {
    async waiting(count) {
      const deadline = Date.now() + 4_000
      for (;;) {
        const { rows } = await db.query<{ n: number }>(
          "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        if (rows[0]!.n >= count) return
        if (Date.now() > deadline) throw new Error(`${rows[0]!.n} statements wait, not ${count}`)
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    },
    async pause() {
      const connection = await db.connect()
      await connection.query('SELECT pg_advisory_lock(99, 1)')
      return {
        async go() {
          await connection.query('SELECT pg_advisory_unlock(99, 1)')
          connection.release()
        },
      }
    },
  }
}
