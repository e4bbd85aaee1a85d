import { type Db, type Queryable, transaction } from './db.ts'
import { newestSchema } from './migration.ts'

/** What a look at one host of the store finds; nothing is written. */
export type StoreFacts = {
  version: string
  versionNumber: number
  isStandBy: boolean
  settings: Record<string, string>
  connections: number
  /** Stand-bys that are connected, and whether one confirms commits. */
  standBys: { name: string; state: string; sync: string }[]
  at: Date
  bytes: number
}
export type SchemaFacts = { has: number; knows: number; servesFrom: number }
export type WorkFacts = {
  purges: number
  unfinishedFiles: number
  staleFiles: number
  garbageDue: number
  usageBehindDays: number
}

const settingNames = [
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'max_connections',
  'synchronous_standby_names',
  'jit',
]

/** In one snapshot that can write nothing. */
export function lookAtStore<T>(db: Db, look: (q: Queryable) => Promise<T>): Promise<T> {
  return transaction(db, look, 'ISOLATION LEVEL REPEATABLE READ READ ONLY')
}

export async function readStoreFacts(q: Queryable): Promise<StoreFacts> {
  const { rows } = await q.query<StoreFacts>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS "versionNumber",
            pg_is_in_recovery() AS "isStandBy", clock_timestamp() AS at, pg_database_size(current_database()) AS bytes,
            (SELECT json_object_agg(name, current_setting(name)) FROM unnest($1::text[]) name) AS settings,
            (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int AS connections,
            coalesce((SELECT json_agg(json_build_object('name', application_name, 'state', coalesce(state, ''), 'sync', coalesce(sync_state, '')))
                        FROM pg_stat_replication), '[]') AS "standBys"`,
    [settingNames],
  )
  return rows[0]!
}

/** Undefined where the database holds no pool yet. */
export async function readSchemaFacts(q: Queryable): Promise<SchemaFacts | undefined> {
  const { rows: there } = await q.query<{ there: boolean }>("SELECT to_regclass('migration') IS NOT NULL AS there")
  if (!there[0]!.there) return undefined
  const knows = await newestSchema()
  const { rows } = await q.query<{ has: number; servesFrom: number }>(
    `SELECT coalesce(max(version), 0) AS has,
            coalesce(max(coalesce(serves_from, version)) FILTER (WHERE version > $1), 0) AS "servesFrom" FROM migration`,
    [knows],
  )
  return { knows, ...rows[0]! }
}

/** What loops of the servers still have to do; each of them runs at least every minute. Only on a store that has all schemas. */
export async function readWorkFacts(q: Queryable): Promise<WorkFacts> {
  const { rows } = await q.query<WorkFacts>(
    `SELECT (SELECT count(*) FROM purge WHERE look_at IS NULL) AS purges,
            (SELECT count(*) FROM file WHERE state IN ('uploading', 'scanning')) AS "unfinishedFiles",
            (SELECT count(*) FROM file WHERE state = 'scanning' AND created_at < now() - interval '1 hour') AS "staleFiles",
            (SELECT count(*) FROM file_garbage WHERE due_at < now() - interval '1 hour') AS "garbageDue",
            (SELECT (now() AT TIME ZONE 'UTC')::date - next_day FROM usage_state) AS "usageBehindDays"`,
  )
  return rows[0]!
}
