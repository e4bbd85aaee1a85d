import { nameKey } from '../domain/name.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Connection, Queryable } from './db.ts'

/** The access policy: who may use Persistent Chat at all. Off until granted; the most specific grant wins. */

/** Scope of a site in the policy table; sites compare as names do. */
export function siteScope(site: string): string {
  return `site:${nameKey(site)}`
}

/** What enabledSql takes for the site of a server, which may have none. */
export function siteParameter(site: string | undefined): string | null {
  return site === undefined ? null : siteScope(site)
}

/**
 * SQL that says whether a user is enabled: his own grant, else that of his groups (one "off" among them wins), else of the
 * nearest organisational unit, else of his domain, else of the site, else the global one, else no. `user` is an SQL
 * expression of type uuid, `site` one that is as siteParameter says.
 */
export function enabledSql(user: string, site: string): string {
  return `coalesce(
    (SELECT pol.enabled FROM affiliation aff
       JOIN policy pol ON pol.principal = aff.ancestor JOIN principal holder ON holder.id = aff.ancestor
      WHERE aff.member = ${user}
      ORDER BY CASE WHEN holder.id = aff.member THEN 0 WHEN holder.kind = 'group' THEN 1
                    WHEN holder.kind = 'organizationalUnit' THEN 2 ELSE 3 END,
               -- A unit that lies deeper has more units above it, and these are all that it is affiliated with.
               CASE holder.kind WHEN 'organizationalUnit' THEN
                 (SELECT count(*) FROM affiliation above WHERE above.member = holder.id) END DESC NULLS LAST,
               pol.enabled
      LIMIT 1),
    (SELECT pol.enabled FROM policy pol WHERE pol.scope = (${site})::text),
    (SELECT pol.enabled FROM policy pol WHERE pol.scope = 'global'),
    false)`
}

/** Sets a grant, or takes it back (null). `principal` is its id where the scope is one, and then its id is the scope. */
export async function setPolicy(
  tx: Connection,
  scope: string,
  principal: string | undefined,
  enabled: boolean | null,
): Promise<void> {
  if (enabled === null) await tx.query('DELETE FROM policy WHERE scope = $1', [scope])
  else
    await tx.query(
      `INSERT INTO policy (scope, principal, enabled) VALUES ($1, $2, $3)
       ON CONFLICT (scope) DO UPDATE SET enabled = excluded.enabled, named = NULL`,
      [scope, principal ?? null, enabled],
    )
}

/** All grants: global, sites, then principals by name. */
export async function listPolicies(
  q: Queryable,
): Promise<{ scope: string; principal?: Principal; enabled: boolean; policy?: string }[]> {
  const { rows } = await q.query<{
    scope: string
    principal: Principal | null
    enabled: boolean
    policy: string | null
  }>(
    `SELECT pol.scope, pol.enabled, n.name AS policy, CASE WHEN p.id IS NOT NULL THEN
            json_build_object('id', p.id, 'kind', p.kind, 'name', p.name, 'displayName', p.display_name) END AS principal
       FROM policy pol LEFT JOIN principal p ON p.id = pol.principal LEFT JOIN named_policy n ON n.id = pol.named
      ORDER BY p.name_key NULLS FIRST, pol.scope`,
  )
  return rows.map(({ scope, principal, enabled, policy }) => ({
    ...{ scope, enabled },
    ...(principal ? { principal } : {}),
    ...(policy === null ? {} : { policy }),
  }))
}
