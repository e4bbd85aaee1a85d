import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, type Db, transaction } from './db.ts'
import { type Migration, readMigrations } from './migration.ts'
import { deadAfterMs, processesBelow } from './server.ts'

export type MigrateOptions = {
  /** For tests: others than those of this program. */
  migrations?: Migration[]
  tries?: number
  pauseMs?: number
}

/**
 * How long a migration waits for one lock of a table: whoever comes later queues behind it. Below the second after which
 * PostgreSQL looks for deadlocks, so that the migration gives way and not a post.
 */
const lockMs = 500
/** Each fourth try: an autovacuum is sent away only by who has waited for that second. */
const longLockMs = 2_000
const pauseMs = 1_000
const maxTries = 60

/**
 * Brings the store to the newest schema that this program knows, or finds that it can serve on a newer one. Forward only, each
 * file in a transaction of its own, one process at a time, while servers of this version and the last one go on.
 */
export async function migrate(db: Db, options: MigrateOptions = {}): Promise<{ applied: string[] }> {
  const migrations = options.migrations ?? (await readMigrations())
  await checkDatabase(db)
  const applied: string[] = []
  await patiently(db, options, makeTable)
  for (;;) {
    const name = await patiently(db, options, tx => applyNext(tx, migrations))
    if (name === undefined) return { applied }
    applied.push(name)
  }
}

async function checkDatabase(db: Db): Promise<void> {
  const { rows } = await db.query<{ v: number; commit: string }>(
    "SELECT current_setting('server_version_num')::int AS v, current_setting('synchronous_commit') AS commit",
  )
  const serverVersion = rows[0]?.v ?? 0
  if (serverVersion < 150_000)
    throw new Error(
      `The database server is PostgreSQL ${Math.floor(serverVersion / 10_000)}; Persistent Chat needs 15 or later. Upgrade it or name another with --database-url.`,
    )
  // It would acknowledge posts that are not on disk yet.
  if (rows[0]?.commit === 'off')
    throw new Error(
      'The database confirms commits before they are on disk (synchronous_commit = off). Run ALTER DATABASE … SET synchronous_commit = on, then start again.',
    )
}

/** A transaction that gives way where a table is busy, and comes again. */
async function patiently<T>(db: Db, options: MigrateOptions, work: (tx: Connection) => Promise<T>): Promise<T> {
  const tries = options.tries ?? maxTries
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction(db, async tx => {
        await tx.query('SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0')
        // Two servers that start together: the second waits here, then finds nothing to do.
        await tx.query('SELECT pg_advisory_xact_lock(9, 0)')
        await tx.query(`SET LOCAL lock_timeout = ${attempt % 4 === 0 ? longLockMs : lockMs}`)
        return work(tx)
      })
    } catch (error) {
      // 55P03: the lock did not come in time. 40P01: we held what somebody else waited for.
      if (!['55P03', '40P01'].includes((error as { code?: string }).code ?? '')) throw error
      if (attempt >= tries)
        throw new Error(
          `The database could not get its new schema: in ${tries} tries a table was always in use. Wait for what runs there for long, such as a backup (pg_stat_activity names it), then start again.`,
          { cause: error },
        )
      await sleep(options.pauseMs ?? pauseMs)
    }
  }
}

/** Locks nothing where the table is whole already. */
async function makeTable(tx: Connection): Promise<void> {
  const { rowCount } = await tx.query(
    "SELECT FROM pg_attribute WHERE attrelid = to_regclass('migration') AND attname = 'serves_from' AND NOT attisdropped",
  )
  if (rowCount) return
  await tx.query(`
    CREATE TABLE IF NOT EXISTS migration (version int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
    ALTER TABLE migration ADD COLUMN IF NOT EXISTS serves_from int`)
}

/** Answers the name of what it applied, or nothing where the store is ready for this program. */
async function applyNext(tx: Connection, migrations: Migration[]): Promise<string | undefined> {
  const { rows: done } = await tx.query<Applied>(
    'SELECT version, coalesce(serves_from, version) AS "servesFrom" FROM migration ORDER BY version',
  )
  requireServed(done, migrations.at(-1)?.version ?? 0)
  const next = migrations.find(migration => !done.some(({ version }) => version === migration.version))
  if (!next) return undefined
  await requireUpgraded(tx, next)
  await tx.query(next.sql)
  await tx.query('INSERT INTO migration (version, name, serves_from) VALUES ($1, $2, $3)', [
    next.version,
    next.name,
    next.servesFrom,
  ])
  return next.name
}

type Applied = { version: number; servesFrom: number }

/** Refuses a store from which a newer program took what this one uses. */
function requireServed(done: Applied[], newest: number): void {
  const beyond = done.filter(({ version }) => version > newest)
  const needed = Math.max(0, ...beyond.map(({ servesFrom }) => servesFrom))
  if (needed > newest)
    throw new Error(
      `The database has schema ${beyond.at(-1)!.version}, this program knows up to ${newest}. Start the newer Persistent Chat that made it, or another that knows schema ${needed} or later.`,
    )
}

/** Refuses to take away what a process that lives still uses. */
async function requireUpgraded(tx: Connection, { version, servesFrom }: Migration): Promise<void> {
  // Programs of schema 1 know no pool and write no row: they are alone on their store.
  if (servesFrom <= 1) return
  const older = await processesBelow(tx, servesFrom)
  if (older.length === 0) return
  const names = older.map(one => `${one.server} (program ${one.program}, schema ${one.schema})`)
  throw new Error(
    `Schema ${version} takes away what programs below schema ${servesFrom} use, and some run: ${[...new Set(names)].join(', ')}. Upgrade these servers first, to a Persistent Chat that knows schema ${servesFrom}, or stop them; one that was killed counts for ${deadAfterMs / 1000} seconds. Then start again.`,
  )
}
