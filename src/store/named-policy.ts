import { nameKey } from '../domain/name.ts'
import type { Policy } from '../protocol/policy.ts'
import type { Connection, Queryable } from './db.ts'

/** Policies with a name, which are given to principals. Each grant has a copy of the switch: reading rights looks nowhere else. */
export type NamedPolicy = { id: string; name: string; description: string; enabled: boolean }
const columns = 'id, name, description, enabled'

/** `shared`: stays as it is until the transaction ends; `whole`: to be changed. */
export async function findNamedPolicy(
  tx: Connection,
  name: string,
  lock: 'shared' | 'whole',
): Promise<NamedPolicy | undefined> {
  const { rows } = await tx.query<NamedPolicy>(
    `SELECT ${columns} FROM named_policy WHERE name_key = $1 ${lock === 'shared' ? 'FOR SHARE' : 'FOR UPDATE'}`,
    [nameKey(name)],
  )
  return rows[0]
}

/** Where the name is taken the store's unique violation is thrown (isUniqueViolation), here and below. */
export async function insertNamedPolicy(tx: Connection, draft: Omit<NamedPolicy, 'id'>): Promise<void> {
  await tx.query('INSERT INTO named_policy (name, name_key, description, enabled) VALUES ($1, $2, $3, $4)', [
    draft.name,
    nameKey(draft.name),
    draft.description,
    draft.enabled,
  ])
}

/** Answers who has it where the switch was turned: their rights have changed. Under its own lock. */
export async function updateNamedPolicy(tx: Connection, before: NamedPolicy, now: NamedPolicy): Promise<string[]> {
  await tx.query('UPDATE named_policy SET name = $2, name_key = $3, description = $4, enabled = $5 WHERE id = $1', [
    now.id,
    now.name,
    nameKey(now.name),
    now.description,
    now.enabled,
  ])
  if (now.enabled === before.enabled) return []
  const { rows } = await tx.query<{ principal: string }>(
    'UPDATE policy SET enabled = $2 WHERE named = $1 RETURNING principal',
    [now.id, now.enabled],
  )
  return rows.map(row => row.principal)
}

/** With its grants; answers who had it. Under its own lock. */
export async function deleteNamedPolicy(tx: Connection, id: string): Promise<string[]> {
  const { rows } = await tx.query<{ principal: string }>('DELETE FROM policy WHERE named = $1 RETURNING principal', [
    id,
  ])
  await tx.query('DELETE FROM named_policy WHERE id = $1', [id])
  return rows.map(row => row.principal)
}

/** Gives it to a principal, in place of what he had. */
export async function giveNamedPolicy(tx: Connection, principal: string, policy: NamedPolicy): Promise<void> {
  await tx.query(
    `INSERT INTO policy (scope, principal, enabled, named) VALUES ($1::text, $1::uuid, $2, $3)
     ON CONFLICT (scope) DO UPDATE SET enabled = excluded.enabled, named = excluded.named`,
    [principal, policy.enabled, policy.id],
  )
}

/** A policy of the pool or a site: its switch and what was said of it. Undefined where there is none. */
export async function findScopePolicy(
  tx: Connection,
  scope: string,
): Promise<{ enabled: boolean; description: string } | undefined> {
  const { rows } = await tx.query<{ enabled: boolean; description: string }>(
    'SELECT enabled, description FROM policy WHERE scope = $1 FOR UPDATE',
    [scope],
  )
  return rows[0]
}

export async function insertScopePolicy(
  tx: Connection,
  scope: string,
  { enabled, description }: { enabled: boolean; description: string },
): Promise<void> {
  await tx.query('INSERT INTO policy (scope, enabled, description) VALUES ($1, $2, $3)', [scope, enabled, description])
}

export async function putScopePolicy(
  tx: Connection,
  scope: string,
  { enabled, description }: { enabled: boolean; description: string },
): Promise<void> {
  await tx.query(
    `INSERT INTO policy (scope, enabled, description) VALUES ($1, $2, $3)
     ON CONFLICT (scope) DO UPDATE SET enabled = excluded.enabled, description = excluded.description`,
    [scope, enabled, description],
  )
}

/** The global one, which is always there, then sites, then names. */
export async function readPolicies(q: Queryable): Promise<Policy[]> {
  const { rows } = await q.query<Policy>(
    `SELECT name, description, enabled, granted FROM (
       SELECT 0 AS place, 'global' AS name, coalesce(p.description, '') AS description, coalesce(p.enabled, false) AS enabled,
              0 AS granted, '' AS key FROM (SELECT) one LEFT JOIN policy p ON p.scope = 'global'
       UNION ALL SELECT 1, scope, description, enabled, 0, scope FROM policy WHERE scope LIKE 'site:%'
       UNION ALL SELECT 2, n.name, n.description, n.enabled, (SELECT count(*)::int FROM policy WHERE named = n.id), n.name_key
         FROM named_policy n) one
      ORDER BY place, key`,
  )
  return rows
}
