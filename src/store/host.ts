import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { StoreHost } from './address.ts'

/** How long a confirmed write lets this process read: the safe promotion of a stand-by waits longer than this. */
export const leaseMs = 2_000
const beatMs = 500
const connectMs = 2_000
/** A write that is not confirmed for so long: the connection may be dead without anybody having said so. */
const doubtMs = 5_000

/**
 * One host of the store, watched over a connection of its own. While it takes writes one is made each half second: its commit
 * comes back only when the synchronous stand-by has it, and then everything before it is there too. So a primary that was cut
 * off, or restarted before its stand-by had all, confirms nothing.
 */
export type WatchedHost = {
  readonly host: StoreHost
  /** In recovery: a stand-by, which cannot be the primary at the same time. */
  isStandBy(): boolean
  /** Begins at 1 and rises with each promotion; 0 where not known yet. */
  timeline(): number
  /** Whether a write that began less than `leaseMs` ago was confirmed, and no connection was lost since. */
  holds(): boolean
  /** When the first write of this run of confirmed ones began (performance.now). */
  heldSince(): number
  /** The backend of the watching connection: who sees it is in the same life of the server. */
  life(): { pid: number; startedAt: string } | undefined
  /** A connection was lost: the server may have crashed, and shows then what its stand-by may not have. `dead`: this one is too. */
  doubt(dead?: boolean): void
  /** Why it is out of reach, for the operator. */
  fault(): string | undefined
  stop(): Promise<void>
}

type Beat = { client: pg.Client; pid: number; startedAt: string; warned: boolean }
type State = { recovery: boolean; readOnly: boolean; timeline: number; wanted: boolean; seenAt: number }

export function watchHost(host: StoreHost, changed: () => void): WatchedHost {
  const stopping = new AbortController()
  let beat: Beat | undefined
  let state: State | undefined
  let confirmedFrom = Number.NEGATIVE_INFINITY
  let heldSince = Number.NEGATIVE_INFINITY
  let doubtedAt = Number.NEGATIVE_INFINITY
  let fault: string | undefined
  let wake = () => {}
  const done = run()

  async function run() {
    while (!stopping.signal.aborted) {
      try {
        beat = await open()
        while (!stopping.signal.aborted) {
          await beatOnce(beat)
          await nap(beatMs)
        }
      } catch (error) {
        // Out of reach, or its connection ended: whoever asks is told by what does not hold any more.
        fault = `${host.name}: ${(error as Error).message || (error as { code?: string }).code}`
      }
      forget()
      await nap(beatMs * (0.5 + Math.random()))
    }
  }

  async function open(): Promise<Beat> {
    const client = await connect()
    try {
      const { rows } = await client.query<{ pid: number; started_at: string }>({
        text: 'SELECT pid, backend_start::text AS started_at FROM pg_stat_activity WHERE pid = pg_backend_pid()',
        query_timeout: connectMs,
      } as pg.QueryConfig)
      const made: Beat = { client, pid: rows[0]!.pid, startedAt: rows[0]!.started_at, warned: false }
      client.on('notice', ({ severity }) => {
        if (severity === 'WARNING') made.warned = true
      })
      return made
    } catch (error) {
      destroy(client)
      throw error
    }
  }

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: host.connectionString,
      application_name: 'pchat watch',
      connectionTimeoutMillis: connectMs,
      keepAlive: true,
    })
    client.on('error', () => {})
    await client.connect()
    return client
  }

  async function beatOnce(of: Beat) {
    state = await inTime(of, readState(of.client))
    fault = undefined
    if (state.recovery || state.readOnly || !state.wanted) {
      confirmedFrom = Number.NEGATIVE_INFINITY
      return changed()
    }
    const beganAt = performance.now()
    of.warned = false
    await inTime(of, of.client.query("SELECT pg_logical_emit_message(true, 'pchat', '')"))
    // A stand-by that did not confirm is only a warning to the server.
    if (of.warned) throw new Error('the write was not confirmed')
    if (!holds()) heldSince = beganAt
    confirmedFrom = beganAt
    changed()
  }

  /** Waits for as long as the server itself says that it waits for its stand-by; a dead connection is given up. */
  async function inTime<T>(of: Beat, work: Promise<T>): Promise<T> {
    work.catch(() => {})
    for (;;) {
      const late = new AbortController()
      const outcome = await Promise.race([
        work.then(value => ({ value })),
        sleep(doubtMs, undefined, { signal: late.signal }).catch(() => undefined),
      ]).finally(() => late.abort())
      if (outcome) return outcome.value
      if (!(await waitsForStandBy(of))) throw new Error('the connection is dead')
    }
  }

  /** A new connection for each try would leave a backend behind that waits as well. */
  async function waitsForStandBy(of: Beat): Promise<boolean> {
    const probe = await connect()
    try {
      const asked = probe.query<{ wait_event: string | null }>(
        'SELECT wait_event FROM pg_stat_activity WHERE pid = $1 AND backend_start::text = $2',
        [of.pid, of.startedAt],
      )
      asked.catch(() => {})
      const answer = await Promise.race([asked, sleep(connectMs).then(() => undefined)])
      return answer?.rows[0]?.wait_event === 'SyncRep'
    } finally {
      destroy(probe)
    }
  }

  async function readState(client: pg.Client): Promise<State> {
    const seenAt = performance.now()
    const { rows } = await client.query<{ recovery: boolean; read_only: boolean; timeline: string | null }>(
      `SELECT pg_is_in_recovery() AS recovery, current_setting('transaction_read_only') = 'on' AS read_only,
              CASE WHEN NOT pg_is_in_recovery() THEN pg_walfile_name(pg_current_wal_insert_lsn()) END AS timeline`,
    )
    const { recovery, read_only: readOnly, timeline } = rows[0]!
    const wanted = !host.backup || recovery || (await isFailedOver(client))
    return { recovery, readOnly, timeline: timeline ? Number.parseInt(timeline.slice(0, 8), 16) : 0, wanted, seenAt }
  }

  async function isFailedOver(client: pg.Client): Promise<boolean> {
    const { rows } = await client.query<{ state: string }>('SELECT state FROM pool')
    return rows[0]?.state === 'failed-over'
  }

  function holds(): boolean {
    return confirmedFrom > doubtedAt && performance.now() - confirmedFrom < leaseMs
  }

  function forget() {
    if (beat) destroy(beat.client)
    beat = undefined
    state = undefined
    confirmedFrom = Number.NEGATIVE_INFINITY
    changed()
  }

  async function nap(ms: number) {
    const over = new AbortController()
    wake = () => over.abort()
    await sleep(ms, undefined, { signal: AbortSignal.any([over.signal, stopping.signal]) }).catch(() => {})
  }

  return {
    host,
    isStandBy: () => state?.recovery === true && performance.now() - state.seenAt < leaseMs,
    timeline: () => state?.timeline ?? 0,
    holds,
    heldSince: () => heldSince,
    life: () => beat && { pid: beat.pid, startedAt: beat.startedAt },
    doubt(dead = false) {
      doubtedAt = performance.now()
      if (dead && beat) destroy(beat.client)
      wake()
    },
    fault: () => fault,
    async stop() {
      stopping.abort()
      if (beat) destroy(beat.client)
      await done
    },
  }
}

/** Not `end`, which asks the server: it may be the one that does not answer. Nothing is cancelled there. */
export function destroy(client: pg.Client | pg.PoolClient): void {
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } }
  connection.stream.destroy()
}
