import pg from 'pg'
import { Refusal } from '../protocol/error.ts'
import { hostsOf, type StoreAddress } from './address.ts'
import { openPrimary, patienceMs } from './primary.ts'

// int8 and numeric counts stay far below 2^53 here.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

export type Row = Record<string, unknown>
/** Anything that runs a statement: the pool, or the connection of a transaction. */
export type Queryable = {
  query<R extends Row = Row>(
    text: string | { name: string; text: string; values?: unknown[] },
    values?: unknown[],
  ): Promise<{ rows: R[]; rowCount: number | null }>
}
export type Connection = pg.PoolClient
export type Db = Queryable & {
  connect(): Promise<Connection>
  end(): Promise<void>
  /** Where the store has several hosts: rejects as `unavailable` if what was read over this connection may be outlived. */
  confirm?(connection: Connection): Promise<void>
}

export type DbOptions = {
  max?: number
  onError?: (error: Error) => void
  /** How long a request waits for a store that fails over. */
  patienceMs?: number
  /** How long a statement may take; migrations take their time. */
  statementMs?: number
  /** Another host of the store has become the primary, the first one too. */
  onSwitch?: (host: string) => void
}

const connectMs = 5_000
/** For every connection that reads or posts. */
const usual: pg.PoolConfig = {
  connectionTimeoutMillis: connectMs,
  // One that comes anew reads the catalogue and plans everything once more.
  idleTimeoutMillis: 300_000,
  application_name: 'pchat',
  onConnect: planOnce,
  // A stopped process must not hold its locks; a lock that does not come is `unavailable`.
  idle_in_transaction_session_timeout: 3_000,
  lock_timeout: 5_000,
  // The last net: an answer that never comes is given up, its outcome unknown. Nothing is cancelled there.
  query_timeout: 60_000,
  // Statements that are sent together travel together; each is still answered, or fails, for itself.
  pipeline: true,
  // A machine that went without a word is noticed.
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
}

/**
 * Left to itself the server plans some statements anew each time, since it guesses ten elements for a list that has one: that
 * was seen to cost ten times as much as running them.
 */
async function planOnce(client: pg.ClientBase): Promise<void> {
  const text = 'SET plan_cache_mode = force_generic_plan'
  await client.query({ text, query_timeout: connectMs } as pg.QueryConfig)
}

/** Within a transaction: from here on a statement is planned for its values, as where words decide which index is good. */
export async function planForValues(connection: Queryable): Promise<void> {
  await connection.query('SET LOCAL plan_cache_mode = force_custom_plan')
}

/** Within a transaction that waits for something beside this store, and holds no lock that others wait for. */
export async function restLonger(connection: Queryable, ms: number): Promise<void> {
  await connection.query(`SET LOCAL idle_in_transaction_session_timeout = ${ms}`)
}

/** The driver's words for a statement that ran out of `query_timeout`. */
const unanswered = 'Query read timeout'

export function openDb(address: StoreAddress, more: DbOptions = {}): Db {
  const hosts = hostsOf(address)
  const max = more.max ?? 10
  const settings = { ...usual, ...(more.statementMs === undefined ? {} : { query_timeout: more.statementMs }) }
  const onError = (error: Error) => more.onError?.(error)
  if (hosts) {
    const onSwitch = (host: string) => more.onSwitch?.(host)
    return openPrimary(hosts, { max, settings, onError, onSwitch, patienceMs: more.patienceMs ?? patienceMs })
  }
  const db = new pg.Pool({ ...settings, ...address, max })
  // A connection that the server ends must not end this process: neither an idle one, nor one that is lent out and between
  // two statements, which the pool does not listen to. The next statement over it fails, and that is told.
  db.on('error', onError)
  db.on('connect', connection => connection.on('error', () => {}))
  return db
}

/** Runs `work` in one transaction (READ COMMITTED unless said), rolled back where it throws. */
export function transaction<T>(
  db: Db,
  work: (connection: Connection) => Promise<T>,
  mode: '' | 'ISOLATION LEVEL REPEATABLE READ READ ONLY' = '',
): Promise<T> {
  return onConnection(db, async connection => {
    await connection.query(`BEGIN ${mode}`)
    const result = await work(connection)
    await commitConfirmed(connection)
    await db.confirm?.(connection)
    return result
  })
}

/** Within a transaction: `work` is done and taken back. Throws where it cannot be done. */
export async function rehearse(connection: Connection, work: () => Promise<unknown>): Promise<void> {
  await connection.query('SAVEPOINT rehearsal')
  await work()
  await connection.query('ROLLBACK TO SAVEPOINT rehearsal')
}

/** What `work` would do, its refusals too: it is done, and rolled back. */
export function tryOut<T>(db: Db, work: (connection: Connection) => Promise<T>): Promise<T> {
  return onConnection(db, async connection => {
    await connection.query('BEGIN')
    const result = await work(connection)
    await connection.query('ROLLBACK')
    return result
  })
}

const shortMs = 3_000

/** Reads of one snapshot for who looks whether the database is well: each ends soon, in the server too. */
export function shortly<T>(db: Db, read: (tx: Queryable) => Promise<T>): Promise<T> {
  const work = async (tx: Queryable) => {
    await tx.query(`SET LOCAL statement_timeout = ${shortMs}`)
    return read(tx)
  }
  return transaction(db, work, 'ISOLATION LEVEL REPEATABLE READ READ ONLY')
}

/** Rows of a statement that has more of them than the memory should hold, within the transaction `tx`. `name` is that of a cursor. */
export async function* readThrough<R extends Row>(
  tx: Connection,
  name: string,
  text: string,
  rowsAtOnce = 1_000,
): AsyncGenerator<R> {
  await tx.query(`DECLARE ${name} NO SCROLL CURSOR FOR ${text}`)
  for (;;) {
    const { rows } = await tx.query<R>(`FETCH ${rowsAtOnce} FROM ${name}`)
    yield* rows
    if (rows.length < rowsAtOnce) break
  }
  await tx.query(`CLOSE ${name}`)
}

/** The steps of a transaction whose commit must be certain. */
export type Steps<Opened, Written, Rollback> = {
  /** Sends one statement before it returns, behind BEGIN. It writes nothing: should BEGIN fail, it runs by itself. */
  open(connection: Connection): Promise<Opened>
  decide(connection: Connection, opened: Opened): Promise<{ rollback: Rollback } | Decided<Written>>
}
type Decided<Written> = {
  /** Sends at most one statement before it returns; COMMIT follows, which rolls back where that one failed. */
  write(connection: Connection): Promise<Written>
  /** What to do once it is on disk. */
  commit(written: Written): void
}

/**
 * A transaction in two round trips whose commit must be certain; answers why it was rolled back. Whatever goes wrong in COMMIT
 * leaves the outcome unknown: that is `unavailable`, and a retry finds out.
 */
export function confirmedTransaction<Opened, Written, Rollback>(
  db: Db,
  steps: Steps<Opened, Written, Rollback>,
): Promise<Rollback | undefined> {
  return onConnection(db, async connection => {
    const [, opened] = await together(connection.query('BEGIN'), steps.open(connection))
    const decided = await steps.decide(connection, opened)
    if ('rollback' in decided) {
      await connection.query('ROLLBACK')
      return decided.rollback
    }
    const [written] = await together(decided.write(connection), commitConfirmed(connection))
    // Refusals of the batch were only read.
    await db.confirm?.(connection)
    decided.commit(written)
    return undefined
  })
}

/** Two statements of one flight. Waits for both, and fails with the first one's reason: it is that of the second as well. */
async function together<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [one, other] = await Promise.allSettled([first, second])
  if (one.status === 'rejected') throw one.reason
  if (other.status === 'rejected') throw other.reason
  return [one.value, other.value]
}

/** A connection of the pool, rolled back where `work` throws, and thrown away where even that fails. */
async function onConnection<T>(db: Db, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await db.connect()
  let broken: Error | undefined
  try {
    return await work(connection)
  } catch (error) {
    // What waits for an answer that does not come would wait behind it.
    if (isUnanswered(error)) broken = error as Error
    try {
      if (!broken) await connection.query('ROLLBACK')
    } catch (rollbackError) {
      broken = rollbackError as Error
    }
    // A refusal is an answer too: it was read.
    if (storeRefusal(error)?.code !== 'unavailable') await db.confirm?.(connection)
    throw error
  } finally {
    connection.release(broken)
  }
}

function isUnanswered(error: unknown): boolean {
  const { message, cause } = error as { message?: string; cause?: unknown }
  return message === unanswered || (cause !== undefined && isUnanswered(cause))
}

async function commitConfirmed(connection: Connection): Promise<void> {
  let warned = false
  const onNotice = (notice: { severity?: string | undefined }) => {
    // A stand-by that did not confirm is only a warning to the server; to us it is an unknown outcome.
    if (notice.severity === 'WARNING') warned = true
  }
  connection.on('notice', onNotice)
  let cause: unknown
  let rolledBack = false
  try {
    // Where a statement before it failed, COMMIT is answered with ROLLBACK, and no error.
    rolledBack = (await connection.query('COMMIT')).command !== 'COMMIT'
  } catch (error) {
    cause = error
  } finally {
    connection.off('notice', onNotice)
  }
  if (cause !== undefined || warned || rolledBack)
    throw new Refusal(
      'unavailable',
      'The store did not confirm this; it may be done all the same. Try again, a post under its clientId.',
      {
        retryAfterMs: 500,
        cause,
      },
    )
}

/**
 * Classes of the store's errors that mean "try again": connection, resources, operator, locks and deadlocks, a transaction that
 * idled too long, a primary that is none any more.
 */
const passing = /^(08|53|57|55P03|40|25P03|25006)/

/** The store's own error turned into ours, or undefined where it is a fault of the statement. */
export function storeRefusal(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string') {
    if (code === '53100')
      return new Refusal('unavailable', 'The disk of the store is full. Free space there, then try again.', {
        retryAfterMs: 5_000,
        cause: error,
      })
    // What the store itself refuses (0014_deny_delete.sql), in its words.
    if (code === 'PCDNY') {
      const { message, detail } = error as { message: string; detail?: string }
      return new Refusal('forbidden', message, { details: { denial: detail }, cause: error })
    }
    if (passing.test(code))
      return new Refusal('unavailable', 'The store did not take this now. Try again.', {
        retryAfterMs: 500,
        cause: error,
      })
    if (/^E[MN]FILE$/.test(code))
      return new Refusal('unavailable', 'This server has no file descriptor left. Raise its limit, then try again.', {
        retryAfterMs: 1_000,
        cause: error,
      })
    if (/^(ECONN|EPIPE|ENOENT|ENOTFOUND|EHOST|ENET|ETIMEDOUT|EAI_)/.test(code))
      return new Refusal('unavailable', 'The store is out of reach. Try again.', { retryAfterMs: 1_000, cause: error })
    return undefined
  }
  const text = error instanceof Error ? error.message : ''
  if (
    /Connection terminated|timeout exceeded when trying to connect|Cannot use a pool after calling end|Client has encountered a connection error|not queryable|Query read timeout/.test(
      text,
    )
  )
    return new Refusal('unavailable', 'The store is out of reach. Try again.', { retryAfterMs: 1_000, cause: error })
  return undefined
}

export function isUniqueViolation(error: unknown): boolean {
  return (error as { code?: unknown }).code === '23505'
}
