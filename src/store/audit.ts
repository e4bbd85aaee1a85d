import { nameKey } from '../domain/name.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Queryable } from './db.ts'

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
}

/**
 * Newest first; `before` is the id of the last entry of the page before. Each search is planned for what it asks for: an index of
 * migration 0008 leads to what is rare, and what is frequent is met soon from the newest on.
 */
export async function listAudit(
  q: Queryable,
  filter: AuditFilter,
  page: { limit: number; before?: number | undefined },
): Promise<AuditEntry[]> {
  const values: unknown[] = [page.limit]
  const conditions: string[] = []
  const where = (value: unknown, condition: (place: string) => string) => {
    if (value === undefined) return
    values.push(value)
    conditions.push(condition(`$${values.length}`))
  }
  const { action, subjects, text } = filter
  where(page.before, place => `a.id < ${place}::bigint`)
  if (action?.endsWith('.')) where(action, place => `starts_with(a.action COLLATE "C", ${place})`)
  else where(action, place => `a.action COLLATE "C" = ${place}`)
  where(filter.actor, place => `a.actor = ${place}::uuid`)
  where(subjects, place => `a.subject COLLATE "C" = ANY (${place}::text[])`)
  where(filter.from, place => `a.at >= ${place}::timestamptz`)
  where(filter.until, place => `a.at < ${place}::timestamptz`)
  if (text !== undefined) {
    const words = await queryOf(q, text)
    if (words === '') return []
    where(words, place => `jsonb_to_tsvector('simple', a.detail, '["string", "numeric"]') @@ ${place}::tsquery`)
  }
  const { rows } = await q.query<AuditEntry>(
    `SELECT a.id, a.at, a.action, a.subject, a.detail, CASE WHEN p.id IS NOT NULL THEN
            json_build_object('id', p.id, 'kind', p.kind, 'name', p.name, 'displayName', p.display_name) END AS actor
       FROM (SELECT * FROM audit a ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`} ORDER BY a.id DESC LIMIT $1) a
       LEFT JOIN principal p ON p.id = a.actor ORDER BY a.id DESC`,
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
