import { nameKey } from '../domain/name.ts'
import type { Principal, PrincipalKind } from '../protocol/principal.ts'
import { changeGroup, reflattenUnits } from './affiliation.ts'
import type { Connection, Queryable } from './db.ts'
import { insertPrincipal, principalColumns } from './principal.ts'

/** Principals that come from elsewhere, one at a time. Whoever writes holds lockDirectory. */

/** A user as his source made him here; `groups` are the source's own ids of its groups that hold him directly. */
export type ExternalUser = Principal & {
  email: string | null
  administrator: boolean
  administratorBy: 'administrator' | 'source' | null
  disabled: boolean
  groups: string[]
}

const externalColumns = `${principalColumns}, p.email, p.administrator, p.administrator_by AS "administratorBy", p.disabled,
  ARRAY (SELECT g.external_id FROM group_member m JOIN principal g ON g.id = m.grp
          WHERE m.member = p.id AND g.source = $1 AND g.external_id IS NOT NULL) AS groups`

/** The user with this id of his source. */
export async function findExternalUser(
  q: Queryable,
  source: string,
  externalId: string,
): Promise<ExternalUser | undefined> {
  const { rows } = await q.query<ExternalUser>(
    `SELECT ${externalColumns} FROM principal p WHERE p.source = $1 AND p.external_id = $2 AND p.kind = 'user'`,
    [source, externalId],
  )
  return rows[0]
}

/** The user of this name, or with this id, whom `of` brought here, with his groups of `source`. */
export async function findUserOfSource(
  q: Queryable,
  source: string,
  of: string,
  look: { name: string } | { id: string },
): Promise<ExternalUser | undefined> {
  const { rows } = await q.query<ExternalUser>(
    `SELECT ${externalColumns} FROM principal p
      WHERE p.source = $2 AND (p.name_key = $3 OR p.id = $4) AND p.kind = 'user' AND NOT p.bot AND p.gone_at IS NULL`,
    [source, of, 'name' in look ? nameKey(look.name) : null, 'id' in look ? look.id : null],
  )
  return rows[0]
}

export type NameHolder = { id: string; kind: PrincipalKind; source: string; disabled: boolean; gone: boolean }

/** Who has this name, and where he comes from. */
export async function holderOfName(q: Queryable, name: string): Promise<NameHolder | undefined> {
  const { rows } = await q.query<NameHolder>(
    'SELECT id, kind, source, disabled, gone_at IS NOT NULL AS gone FROM principal WHERE name_key = $1',
    [nameKey(name)],
  )
  return rows[0]
}

/** Whether a source of this name brought anybody, whether or not it is configured still. */
export async function isSource(q: Queryable, name: string): Promise<boolean> {
  const { rows } = await q.query<{ is: boolean }>(
    'SELECT EXISTS (SELECT FROM principal WHERE source = $1 AND external_id IS NOT NULL) AS is',
    [name],
  )
  return rows[0]!.is
}

/** Notes whose a principal is: from here on the source changes it. */
export async function setSource(tx: Connection, id: string, source: string, externalId: string): Promise<void> {
  await tx.query('UPDATE principal SET source = $2, external_id = $3 WHERE id = $1', [id, source, externalId])
}

/** A new name for a user; the caller has seen that it is free. The domain is flattened anew. */
export async function renameUser(tx: Connection, id: string, name: string): Promise<void> {
  await tx.query('UPDATE principal SET name = $2, name_key = $3 WHERE id = $1', [id, name, nameKey(name)])
  await reflattenUnits(tx, [id])
}

export type ExternalGroup = { externalId: string; name: string; displayName: string }

/**
 * Makes a user a member of exactly these groups of a source, as far as groups of that source go; a group that is not there is made.
 * Groups of others are not touched: where somebody else has the name that a group would get, there is no such group, and it is
 * among `taken`. `changed` is for raiseDirectory.
 */
export async function setExternalGroups(
  tx: Connection,
  source: string,
  member: string,
  groups: ExternalGroup[],
): Promise<{ changed: string[]; taken: string[] }> {
  const known = await groupsOfSource(
    tx,
    source,
    groups.map(group => group.externalId),
  )
  const taken: string[] = []
  for (const group of groups.filter(one => !known.has(one.externalId))) {
    const made = await insertPrincipal(tx, { kind: 'group', name: group.name, displayName: group.displayName })
    if (made === undefined) {
      taken.push(group.name)
      continue
    }
    await setSource(tx, made.id, source, group.externalId)
    await reflattenUnits(tx, [made.id])
    known.set(group.externalId, made.id)
  }
  const wanted = new Set(known.values())
  const { rows } = await tx.query<{ id: string }>(
    `SELECT g.id FROM group_member m JOIN principal g ON g.id = m.grp
      WHERE m.member = $1 AND g.source = $2 AND g.external_id IS NOT NULL`,
    [member, source],
  )
  const held = new Set(rows.map(row => row.id))
  const changed: string[] = []
  for (const id of wanted) if (!held.has(id)) changed.push(...(await changeGroup(tx, id, [member], [])))
  for (const id of held) if (!wanted.has(id)) changed.push(...(await changeGroup(tx, id, [], [member])))
  return { changed: [...new Set(changed)], taken }
}

async function groupsOfSource(q: Queryable, source: string, externalIds: string[]): Promise<Map<string, string>> {
  const { rows } = await q.query<{ id: string; externalId: string }>(
    `SELECT id, external_id AS "externalId" FROM principal
      WHERE source = $1 AND external_id = ANY ($2) AND kind = 'group'`,
    [source, externalIds],
  )
  return new Map(rows.map(row => [row.externalId, row.id]))
}
