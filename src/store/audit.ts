import { nameKey } from '../domain/name.ts'
import { operator } from '../domain/operator.ts'
import type { Principal } from '../protocol/principal.ts'
import { type Db, planForValues, type Queryable, transaction } from './db.ts'

/** Writes down an administrator's action; in the transaction of the action. Never a password or a token. Nothing takes it away again. */
export async function audit(
  tx: Queryable,
  actor: string | null,
  action: string,
  subject: string,
  detail: object = {},
): Promise<void> {
  await tx.query('INSERT INTO audit (actor, action, subject, detail) VALUES ($1, $2, $3, $4)', [
    actor,
    action,
    subject,
    JSON.stringify(detail),
  ])
}

/** Whether something of that subject is written down whose detail has these members. */
export async function isAudited(q: Queryable, subject: string, detail: object): Promise<boolean> {
  const { rowCount } = await q.query(
    'SELECT FROM audit WHERE subject COLLATE "C" = $1 AND detail @> $2::jsonb LIMIT 1',
    [subject, JSON.stringify(detail)],
  )
  return (rowCount ?? 0) > 0
}

/** He stands in no table. */
const operatorSql = `CASE WHEN a.actor = '${operator.id}' THEN '${JSON.stringify(operator)}'::json`

export type AuditEntry = {
  id: number
  at: Date
  actor: Principal | null
  action: string
  subject: string
  detail: unknown
}

/** What is not undefined must be so. */
export type AuditFilter = {
  /** Of one action, or of all that begin so where it ends in a full stop. */
  action?: string | undefined
  /** By id. */
  actor?: string | undefined
  /** Any of these. */
  subjects?: string[] | undefined
  text?: string | undefined
  from?: string | undefined
  until?: string | undefined
  /** Without what compliance officers deny: whose words are held is not for those who might be watched. */
  withoutDenials?: boolean | undefined
}

type Page = { limit: number; before?: number | undefined }

/**
 * Newest first; `before` is the id of the last entry of the page before. Each search is planned for what it asks for: an index of
 * migration 0008 leads to what is rare, and what is frequent is met soon from the newest on.
 */
export function listAudit(db: Db, filter: AuditFilter, page: Page): Promise<AuditEntry[]> {
  return transaction(db, async tx => {
    await planForValues(tx)
    const { text } = filter
    if (text === undefined) return readEntries(tx, ...newestSql(conditionsOf(filter, page.before), page.limit))
    const query = await queryOf(tx, text)
    if (query === '') return []
    const ids = await idsWithWords(tx, filter, query, page)
    return readEntries(tx, 'SELECT * FROM audit WHERE id = ANY ($1::bigint[])', [ids])
  })
}

type Sql = [text: string, values: unknown[]]

function newestSql([conditions, values]: Sql, limit: number): Sql {
  return [
    `SELECT * FROM audit a WHERE ${conditions} ORDER BY a.id DESC LIMIT $${values.length + 1}`,
    [...values, limit],
  ]
}

/** All but the words. */
function conditionsOf(filter: AuditFilter, before: number | undefined): Sql {
  const { action, actor, subjects, from, until } = filter
  const values: unknown[] = []
  const conditions: string[] = [filter.withoutDenials ? `NOT starts_with(a.action COLLATE "C", 'denial.')` : 'true']
  const where = (value: unknown, condition: (place: string) => string) => {
    if (value === undefined) return
    values.push(value)
    conditions.push(condition(`$${values.length}`))
  }
  where(before, place => `a.id < ${place}::bigint`)
  if (action?.endsWith('.')) where(action, place => `starts_with(a.action COLLATE "C", ${place})`)
  else where(action, place => `a.action COLLATE "C" = ${place}`)
  where(actor, place => `a.actor = ${place}::uuid`)
  where(subjects, place => `a.subject COLLATE "C" = ANY (${place}::text[])`)
  where(from, place => `a.at >= ${place}::timestamptz`)
  where(until, place => `a.at < ${place}::timestamptz`)
  return [conditions.join(' AND '), values]
}

/** Stands exactly so in the index of migration 0008. */
const wordsSql = `jsonb_to_tsvector('simple', a.detail, '["string", "numeric"]')`
/** Reading so many is as dear as a look into the index of words for a rare one. */
const windowRows = 5_000

/**
 * How frequent a word is the planner guesses badly. So the newest of what fulfils the other conditions are read through first: a
 * frequent word fills the page there. What does not is rare, and the index leads to it.
 */
async function idsWithWords(tx: Queryable, filter: AuditFilter, query: string, page: Page): Promise<number[]> {
  const [text, values] = newestSql(conditionsOf(filter, page.before), windowRows)
  const { rows } = await tx.query<{ low: number; seen: number; ids: number[] }>(
    `SELECT min(a.id) AS low, count(*) AS seen,
            coalesce((array_agg(a.id ORDER BY a.id DESC) FILTER (WHERE ${wordsSql} @@ $${values.length + 1}::tsquery)), '{}') AS ids
       FROM (${text}) a`,
    [...values, query],
  )
  const { low, seen, ids } = rows[0]!
  const missing = page.limit - ids.length
  if (missing <= 0 || seen < windowRows) return ids.slice(0, page.limit)
  const [conditions, rest] = conditionsOf(filter, low)
  const { rows: older } = await tx.query<{ id: number }>(
    // Planned for all that it finds, not for the first of them.
    `WITH found AS MATERIALIZED (SELECT a.id FROM audit a WHERE ${conditions} AND ${wordsSql} @@ $${rest.length + 1}::tsquery)
     SELECT id FROM found ORDER BY id DESC LIMIT $${rest.length + 2}`,
    [...rest, query, missing],
  )
  return [...ids, ...older.map(row => row.id)]
}

async function readEntries(tx: Queryable, text: string, values: unknown[]): Promise<AuditEntry[]> {
  const { rows } = await tx.query<AuditEntry>(
    `SELECT a.id, a.at, a.action, a.subject, a.detail, ${operatorSql} WHEN p.id IS NOT NULL THEN
            json_build_object('id', p.id, 'kind', p.kind, 'name', p.name, 'displayName', p.display_name) END AS actor
       FROM (${text}) a LEFT JOIN principal p ON p.id = a.actor ORDER BY a.id DESC`,
    values,
  )
  return rows
}

/** All words of the text, the last one also as the beginning of a longer one; empty where it has none. */
async function queryOf(q: Queryable, text: string): Promise<string> {
  const { rows } = await q.query<{ query: string }>("SELECT plainto_tsquery('simple', $1)::text AS query", [text])
  const { query } = rows[0]!
  return query === '' ? '' : `${query}:*`
}

/** What a typed subject may stand for: itself, and the principal, room or category of that name. */
export async function subjectsOf(q: Queryable, typed: string): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `SELECT id::text FROM principal WHERE name_key = $1 UNION ALL SELECT owner::text FROM taken_name WHERE name_key = $1`,
    [nameKey(typed)],
  )
  return [typed, typed.toLowerCase(), ...rows.map(row => row.id)]
}
