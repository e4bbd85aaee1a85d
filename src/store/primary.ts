import pg from 'pg'
import { Refusal } from '../protocol/error.ts'
import type { StoreHost } from './address.ts'
import { destroy, leaseMs, type WatchedHost, watchHost } from './host.ts'

/** How long a request waits for a store that can vouch for what it answers. */
export const patienceMs = 4_000
/** What is under way at a host that confirms nothing for so long is given up; its outcome is unknown. */
const giveUpMs = 5_000
/** A new connection that does not answer at once is of no use. */
const lifeMs = 3_000
/** Clocks of two machines run apart; a lease of another server is over when this one's waiting is. */
const slackMs = 250

export type PrimaryOptions = {
  max: number
  patienceMs: number
  settings: pg.PoolConfig
  onError: (error: Error) => void
  /** Another host has become the primary. */
  onSwitch: (host: string) => void
}

type Term = {
  watched: WatchedHost
  pool: pg.Pool
  /** All of its connections, from before they are made. */
  clients: Set<pg.Client>
  /** Since when its writes are not confirmed. */
  unheldAt: number | undefined
  /** Another host is the primary. */
  over: boolean
}

/** A store of several hosts: statements go to the one that takes writes, and answers count only while its writes are confirmed. */
export type Primary = {
  query: pg.Pool['query']
  connect(): Promise<pg.PoolClient>
  /** Resolves once it is certain that what was read over this connection before was the pool's truth; rejects as `unavailable`. */
  confirm(connection: pg.PoolClient): Promise<void>
  end(): Promise<void>
}

export function openPrimary(hosts: StoreHost[], options: PrimaryOptions): Primary {
  let waiting: (() => void)[] = []
  let term: Term | undefined
  let highest = 0
  let ended = false
  const watched = hosts.map(host => watchHost(host, look))
  const checking = setInterval(look, 250)
  checking.unref()

  /** Stays with the host that it has as long as that one holds; a higher timeline says that it was outlived. */
  function look() {
    if (ended) return wakeAll()
    const able = watched.filter(isAble)
    const newest = Math.max(0, ...able.map(one => one.timeline()))
    const current = term && able.includes(term.watched) && term.watched.timeline() === newest ? term.watched : undefined
    const chosen = current ?? able.find(one => one.timeline() === newest)
    if (chosen && chosen !== term?.watched) begin(chosen)
    if (chosen) highest = Math.max(highest, chosen.timeline())
    if (term && !term.watched.holds()) giveUp(term)
    else if (term) term.unheldAt = undefined
    wakeAll()
  }

  function wakeAll() {
    const woken = waiting
    waiting = []
    for (const wake of woken) wake()
  }

  /**
   * Where a stand-by was promoted, another server may still read from the old primary until its lease is over. Nothing is written
   * at the new one before. Who sees that all the others are stand-bys need not wait.
   */
  function isAble(one: WatchedHost): boolean {
    if (!one.holds()) return false
    const isKnown = one === term?.watched && one.timeline() <= highest
    const isAlone = watched.every(other => other === one || other.isStandBy())
    return isKnown || isAlone || performance.now() - one.heldSince() > leaseMs + slackMs
  }

  function begin(chosen: WatchedHost) {
    if (term) leave(term)
    const clients = new Set<pg.Client>()
    /** Known from its making on: one that is still connecting when the host is left would post into the past, and wait for ever. */
    class KnownClient extends pg.Client {
      constructor(config?: pg.ClientConfig) {
        super(config)
        clients.add(this)
        this.on('error', () => chosen.doubt())
        this.on('end', () => clients.delete(this))
      }
    }
    const pool = new pg.Pool({
      ...options.settings,
      connectionString: chosen.host.connectionString,
      max: options.max,
      Client: KnownClient,
      async onConnect(client) {
        await checkLife(chosen, client)
        await options.settings.onConnect?.(client)
      },
    } as pg.PoolConfig)
    pool.on('error', error => options.onError(error))
    term = { watched: chosen, pool, clients, unheldAt: undefined, over: false }
    options.onSwitch(chosen.host.name)
  }

  function leave(old: Term) {
    old.over = true
    for (const client of old.clients) destroy(client)
    void old.pool.end().catch(() => {})
  }

  /** What is asked later is refused before it takes a connection, so that none is left hanging there. */
  function giveUp(of: Term) {
    of.unheldAt ??= performance.now()
    if (performance.now() - of.unheldAt < giveUpMs) return
    for (const client of of.clients) destroy(client)
  }

  function soon(): Promise<void> {
    return new Promise(resolve => {
      waiting.push(resolve)
    })
  }

  async function current(): Promise<Term> {
    const deadline = performance.now() + options.patienceMs
    for (;;) {
      if (ended) throw new Error('Cannot use a pool after calling end on the pool')
      if (term && isAble(term.watched)) return term
      if (performance.now() > deadline) throw away(watched)
      await soon()
    }
  }

  async function confirmTerm(of: Term): Promise<void> {
    const deadline = performance.now() + options.patienceMs
    while (!of.watched.holds()) {
      if (of !== term || performance.now() > deadline) throw away(watched)
      await soon()
    }
    if (of !== term) throw away(watched)
  }

  async function query(...args: unknown[]) {
    const of = await current()
    try {
      return await (of.pool.query as (...args: unknown[]) => Promise<unknown>)(...args)
    } finally {
      // A name that is taken is an answer as well.
      await confirmTerm(of)
    }
  }

  return {
    query: query as unknown as pg.Pool['query'],
    async connect() {
      const of = await current()
      const client = await of.pool.connect()
      if (!of.over) return client
      destroy(client)
      client.release(true)
      throw away(watched)
    },
    async confirm(connection) {
      const of = term
      if (!of?.clients.has(connection as unknown as pg.Client)) throw away(watched)
      await confirmTerm(of)
    },
    async end() {
      ended = true
      clearInterval(checking)
      look()
      const last = term
      term = undefined
      await Promise.all([...watched.map(one => one.stop()), last?.pool.end()])
    },
  }
}

/** A connection into another life of the server than the watched one: it has not confirmed anything yet. */
async function checkLife(watched: WatchedHost, client: pg.ClientBase): Promise<void> {
  const life = watched.life()
  const { rowCount } = await client.query({
    text: 'SELECT FROM pg_stat_activity WHERE pid = $1 AND backend_start::text = $2',
    values: [life?.pid ?? 0, life?.startedAt ?? ''],
    query_timeout: lifeMs,
  } as pg.QueryConfig)
  if (rowCount === 1) return
  watched.doubt(true)
  throw away([watched])
}

function away(watched: WatchedHost[]): Refusal {
  const faults = watched.map(
    one => one.fault() ?? `${one.host.name}: ${one.isStandBy() ? 'a stand-by' : 'confirms no write'}`,
  )
  return new Refusal('unavailable', 'The store cannot vouch for its answers now: it is failing over. Try again.', {
    retryAfterMs: 1_000,
    cause: new Error(faults.join('; ')),
  })
}
