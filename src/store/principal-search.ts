import type { Principal, PrincipalKind } from '../protocol/principal.ts'
import type { Queryable } from './db.ts'
import { principalColumns } from './principal.ts'

const searched = `(p.display_name || ' ' || p.name || ' ' || coalesce(p.email, ''))`

/**
 * Is p in the scope of category $4: some ancestor allowed, none denied. One scalar look-up for each that was found, until
 * there are enough: as EXISTS it becomes a join with all of the category's people, ten times dearer (seen with 150,000).
 */
const isInScope = `coalesce((
  SELECT bool_or(NOT s.denied) AND NOT bool_or(s.denied) FROM affiliation a
    JOIN category_scope s ON s.principal = a.ancestor WHERE a.member = p.id AND s.category = $4::uuid), false)`

/** Regular expressions: each word of the text begins a word of the principal. */
function wordPatterns(text: string): string[] {
  const words = new Set(text.normalize('NFC').trim().split(/\s+/u))
  return [...words].map(word => {
    const literal = word.replace(/[.*+?^$(){}|[\]\\]/g, '\\$&')
    return /^[\p{L}\p{N}_]/u.test(word) ? `\\m${literal}` : literal
  })
}

type Search = { kind?: PrincipalKind | undefined; limit: number; eligibleFor?: string | undefined }

/**
 * Principals of whose display name, name or e-mail some word begins with each word of `text`, whatever the case; without
 * disabled ones, by display name. `eligibleFor` is a category id: only those within its scope.
 */
export async function findPrincipals(q: Queryable, text: string, search: Search): Promise<Principal[]> {
  const { kind = null, limit, eligibleFor } = search
  const values = [wordPatterns(text), kind, limit, ...(eligibleFor === undefined ? [] : [eligibleFor])]
  const { rows } = await q.query<Principal>(
    `SELECT ${principalColumns} FROM (
       SELECT * FROM principal p
        WHERE NOT p.disabled AND ${searched} ~* ALL ($1::text[]) AND ($2::text IS NULL OR p.kind = $2)
        ORDER BY lower(p.display_name), p.name_key OFFSET 0) AS p
      WHERE ${eligibleFor === undefined ? 'true' : isInScope} LIMIT $3`,
    values,
  )
  return rows
}
