import { operator } from '../domain/operator.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Queryable } from './db.ts'

/** Writes down an administrator's action; in the transaction of the action. Never a password or a token. */
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

/** Newest first; `before` is the id of the last entry of the page before. */
export async function listAudit(
  q: Queryable,
  page: { limit: number; before?: number | undefined },
): Promise<AuditEntry[]> {
  const { rows } = await q.query<AuditEntry>(
    `SELECT a.id, a.at, a.action, a.subject, a.detail, ${operatorSql} WHEN p.id IS NOT NULL THEN
            json_build_object('id', p.id, 'kind', p.kind, 'name', p.name, 'displayName', p.display_name) END AS actor
       FROM audit a LEFT JOIN principal p ON p.id = a.actor
      WHERE a.id < $2::bigint ORDER BY a.id DESC LIMIT $1`,
    [page.limit, page.before ?? Number.MAX_SAFE_INTEGER],
  )
  return rows
}
