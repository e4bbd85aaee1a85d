import type { Principal, PrincipalKind } from '../protocol/principal.ts'
import type { Queryable } from './db.ts'
import { principalColumns } from './principal.ts'

/** What is searched; an index on this very expression (gin_trgm_ops) would serve the regular expressions below. */
const searched = `(p.display_name || ' ' || p.name || ' ' || coalesce(p.email, ''))`

/** Is the principal in the scope of the category: some ancestor allowed, none denied. Both arguments are SQL. */
function inScopeSql(principal: string, category: string): string {
  const entries = `FROM affiliation a JOIN category_scope s ON s.principal = a.ancestor
                   WHERE a.member = ${principal} AND s.category = ${category}`
  return `(EXISTS (SELECT ${entries} AND NOT s.denied) AND NOT EXISTS (SELECT ${entries} AND s.denied))`
}

/** Each word of the text begins a word of the principal. */
function wordPatterns(text: string): string[] {
  const words = text.normalize('NFC').split(/\s+/u).filter(word => word !== '')
  return words.map(word => {
    const literal = word.replace(/[^\p{L}\p{N}\p{M}_]/gu, '\\$&')
    return /^[\p{L}\p{N}_]/u.test(word) ? `\\m${literal}` : literal
  })
}

type Search = { kind?: PrincipalKind | undefined; limit: number; eligibleFor?: string | undefined }

/**
 * Principals of whose display name, name or e-mail some word begins with each word of `text`, whatever the case; without
 * disabled ones, by display name. `eligibleFor` is a category id: only those within its scope.
 */
export async function findPrincipals(q: Queryable, text: string, search: Search): Promise<Principal[]> {
  const values: unknown[] = [wordPatterns(text), search.kind ?? null, search.limit]
  let eligible = ''
  if (search.eligibleFor !== undefined) {
    values.push(search.eligibleFor)
    eligible = `AND ${inScopeSql('p.id', '$4::uuid')}`
  }
  const { rows } = await q.query<Principal>(
    `SELECT ${principalColumns} FROM principal p
      WHERE NOT p.disabled AND ${searched} ~* ALL ($1::text[]) AND ($2::text IS NULL OR p.kind = $2) ${eligible}
      ORDER BY lower(p.display_name), p.name_key LIMIT $3`,
    values,
  )
  return rows
}
