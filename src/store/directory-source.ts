import type { Queryable } from './db.ts'
import { deadAfterMs } from './server.ts'

/** One run of a source: what it may write, it writes under this fence only. */
export type Held = {
  source: string
  fence: number
  cookie: string | undefined
  /** By the store's clock; undefined where all was never read. */
  lastFullAt: Date | undefined
  startedAt: Date
  /** Runs that failed in a row before this one. */
  failures: number
}

/** Its run was taken over, since it gave no sign of life: it must write no more. */
export class Fenced extends Error {
  constructor(source: string) {
    super(`Another server has taken over the sync of ${source}, since this one gave no sign of life.`)
  }
}

const dead = `(s.holder IS NULL OR s.beat_at < clock_timestamp() - interval '${deadAfterMs} milliseconds')`

/**
 * Begins a run, or answers undefined where one is under way; with `onlyDue` also where the next one is not due yet. Nobody waits
 * here: a row that is locked is one that is being written.
 */
export async function takeSource(
  q: Queryable,
  source: string,
  by: { holder: string; server: string; onlyDue: boolean },
): Promise<Held | undefined> {
  await q.query('INSERT INTO directory_source (name) VALUES ($1) ON CONFLICT DO NOTHING', [source])
  const { rows } = await q.query<{
    fence: number
    cookie: string | null
    lastFullAt: Date | null
    startedAt: Date
    failures: number
  }>(
    `WITH free AS (
       SELECT s.name FROM directory_source s
        WHERE s.name = $1 AND ${dead} AND (NOT $4 OR s.next_at <= clock_timestamp()) FOR UPDATE SKIP LOCKED)
     UPDATE directory_source s
        SET fence = s.fence + 1, holder = $2, server = $3, beat_at = clock_timestamp(), last_run_at = clock_timestamp()
       FROM free WHERE s.name = free.name
     RETURNING s.fence, s.cookie, s.last_full_at AS "lastFullAt", s.last_run_at AS "startedAt", s.failures`,
    [source, by.holder, by.server, by.onlyDue],
  )
  const row = rows[0]
  return row && { ...row, source, cookie: row.cookie ?? undefined, lastFullAt: row.lastFullAt ?? undefined }
}

/** A sign of life of the run; false where it is no longer the one. Not worth a flush of the disk. */
export async function beatSource(q: Queryable, { source, fence }: Held): Promise<boolean> {
  const { rowCount } = await q.query(
    `WITH hasty AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)),
          mine AS (SELECT s.name FROM hasty, directory_source s WHERE s.name = $1 AND s.fence = $2 FOR UPDATE OF s SKIP LOCKED)
     UPDATE directory_source s SET beat_at = clock_timestamp() FROM mine WHERE s.name = mine.name`,
    [source, fence],
  )
  if (rowCount === 1) return true
  // Its own transaction holds the row while it writes.
  const { rowCount: still } = await q.query('SELECT FROM directory_source WHERE name = $1 AND fence = $2', [
    source,
    fence,
  ])
  return still === 1
}

/** Nobody else begins a run until this transaction ends; throws Fenced where somebody has. */
export async function requireFence(tx: Queryable, { source, fence }: Held): Promise<void> {
  const { rowCount } = await tx.query('SELECT FROM directory_source WHERE name = $1 AND fence = $2 FOR UPDATE', [
    source,
    fence,
  ])
  if (rowCount !== 1) throw new Fenced(source)
}

/** Keeps where the next reading goes on; in the transaction that writes what was read. */
export async function keepCookie(tx: Queryable, held: Held, cookie: string, whole: boolean): Promise<void> {
  await tx.query(
    `UPDATE directory_source SET cookie = $3, last_success_at = clock_timestamp(),
            last_full_at = CASE WHEN $4 THEN clock_timestamp() ELSE last_full_at END, last_error = NULL, failures = 0
      WHERE name = $1 AND fence = $2`,
    [held.source, held.fence, cookie, whole],
  )
}

/** Ends a run. With `error` it failed. `pauseMs`: how long until the next one is due; null leaves that as it was. */
export async function releaseSource(
  q: Queryable,
  held: Held,
  end: { error?: string | undefined; pauseMs: number | null },
): Promise<void> {
  await q.query(
    `UPDATE directory_source SET holder = NULL, server = NULL, beat_at = NULL,
            next_at = CASE WHEN $4::float8 IS NULL THEN next_at ELSE clock_timestamp() + make_interval(secs => $4) END,
            last_error = coalesce($3, last_error), failures = failures + CASE WHEN $3 IS NULL THEN 0 ELSE 1 END
      WHERE name = $1 AND fence = $2`,
    [held.source, held.fence, end.error ?? null, end.pauseMs === null ? null : end.pauseMs / 1000],
  )
}

export type SourceState = {
  name: string
  /** The server that runs it now. */
  server: string | null
  lastRunAt: Date | null
  lastSuccessAt: Date | null
  lastFullAt: Date | null
  nextAt: Date
  failures: number
  lastError: string | null
  /** Seconds since the last success by the store's clock. */
  lagSeconds: number | null
}

const stateColumns = `s.name, CASE WHEN ${dead} THEN NULL ELSE s.server END AS server, s.last_run_at AS "lastRunAt",
  s.last_success_at AS "lastSuccessAt", s.last_full_at AS "lastFullAt", s.next_at AS "nextAt", s.failures,
  s.last_error AS "lastError", extract(epoch FROM clock_timestamp() - s.last_success_at)::float8 AS "lagSeconds"`

/** All sources that ever ran, by name. */
export async function listSources(q: Queryable): Promise<SourceState[]> {
  const { rows } = await q.query<SourceState>(`SELECT ${stateColumns} FROM directory_source s ORDER BY s.name`)
  return rows
}

export async function readSource(q: Queryable, name: string): Promise<SourceState | undefined> {
  const { rows } = await q.query<SourceState>(`SELECT ${stateColumns} FROM directory_source s WHERE s.name = $1`, [
    name,
  ])
  return rows[0]
}

/** How many of each kind a source has here, gone ones and those left out apart. */
export async function countObjects(
  q: Queryable,
  source: string,
): Promise<{ users: number; disabled: number; groups: number; units: number; gone: number; leftOut: number }> {
  const { rows } = await q.query<{
    users: number
    disabled: number
    groups: number
    units: number
    gone: number
    leftOut: number
  }>(
    `SELECT count(*) FILTER (WHERE o.kind = 'user' AND o.gone_at IS NULL AND o.principal IS NOT NULL) AS users,
            count(*) FILTER (WHERE o.kind = 'user' AND o.gone_at IS NULL AND p.disabled) AS disabled,
            count(*) FILTER (WHERE o.kind = 'group' AND o.gone_at IS NULL AND o.principal IS NOT NULL) AS groups,
            count(*) FILTER (WHERE o.kind = 'organizationalUnit' AND o.gone_at IS NULL AND o.principal IS NOT NULL) AS units,
            count(*) FILTER (WHERE o.gone_at IS NOT NULL) AS gone,
            count(*) FILTER (WHERE o.gone_at IS NULL AND (o.fault IS NOT NULL OR o.conflict IS NOT NULL)) AS "leftOut"
       FROM directory_object o LEFT JOIN principal p ON p.id = o.principal WHERE o.source = $1`,
    [source],
  )
  return rows[0]!
}

export type Run = {
  source: string
  whole: boolean
  startedAt: Date
  endedAt: Date
  objects: number
  counts: Record<string, number>
  error: string | null
}

export async function noteRun(
  q: Queryable,
  run: Pick<Run, 'source' | 'whole' | 'startedAt' | 'objects' | 'counts'> & { error?: string | undefined },
): Promise<void> {
  await q.query(
    `WITH old AS (DELETE FROM directory_run WHERE source = $1 AND ended_at < now() - interval '30 days')
     INSERT INTO directory_run (source, whole, started_at, objects, counts, error) VALUES ($1, $2, $3, $4, $5, $6)`,
    [run.source, run.whole, run.startedAt, run.objects, JSON.stringify(run.counts), run.error ?? null],
  )
}

/** Newest first. */
export async function listRuns(q: Queryable, source: string, limit: number): Promise<Run[]> {
  const { rows } = await q.query<Run>(
    `SELECT source, whole, started_at AS "startedAt", ended_at AS "endedAt", objects, counts, error
       FROM directory_run WHERE source = $1 ORDER BY id DESC LIMIT $2`,
    [source, limit],
  )
  return rows
}
