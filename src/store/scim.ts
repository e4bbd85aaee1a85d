import { nameKey } from '../domain/name.ts'
import { giveAdministration, takeAdministration } from './administrator.ts'
import type { Connection, Queryable } from './db.ts'

/** What a provider pushed by SCIM. Everything is looked for within its own source: nothing of others is there for it. */

export type ScimRow = {
  id: string
  name: string
  displayName: string
  disabled: boolean
  externalId: string
  gone: boolean
  /** The provider has him inactive, whoever disabled him here. */
  shut: boolean
  body: Record<string, unknown>
  createdAt: Date
  changedAt: Date
}

const columns = `p.id, p.name, p.display_name AS "displayName", p.disabled, p.external_id AS "externalId",
  p.gone_at IS NOT NULL AS gone, r.shut, r.body, r.created_at AS "createdAt", r.changed_at AS "changedAt"`

type Kind = 'user' | 'group'
export type ScimLook = {
  id?: string | undefined
  name?: string | undefined
  externalId?: string | undefined
  displayName?: string | undefined
  active?: boolean | undefined
}

const looked = `p.source = $1 AND p.kind = $2 AND p.gone_at IS NULL
  AND ($3::uuid IS NULL OR p.id = $3) AND ($4::text IS NULL OR p.name_key = $4)
  AND ($5::text IS NULL OR p.external_id = $5) AND ($6::text IS NULL OR lower(p.display_name) = lower($6))
  AND ($7::boolean IS NULL OR p.disabled <> $7)`

/** Those that are there, in the order in which they came. */
export async function listScim(
  q: Queryable,
  source: string,
  kind: Kind,
  look: ScimLook,
  page: { offset: number; limit: number },
): Promise<{ rows: ScimRow[]; total: number }> {
  const values = [
    source,
    kind,
    look.id ?? null,
    look.name === undefined ? null : nameKey(look.name),
    look.externalId ?? null,
    look.displayName ?? null,
    look.active ?? null,
  ]
  const counted = await q.query<{ n: number }>(
    `SELECT count(*) AS n FROM principal p JOIN scim_resource r ON r.principal = p.id WHERE ${looked}`,
    values,
  )
  const { rows } = await q.query<ScimRow>(
    `SELECT ${columns} FROM principal p JOIN scim_resource r ON r.principal = p.id WHERE ${looked}
      ORDER BY r.created_at, p.id OFFSET $8 LIMIT $9`,
    [...values, page.offset, page.limit],
  )
  return { rows, total: counted.rows[0]!.n }
}

/** By the provider's own id, whether it is still there or gone. */
export async function findScimByExternalId(
  q: Queryable,
  source: string,
  kind: Kind,
  externalId: string,
): Promise<ScimRow | undefined> {
  const { rows } = await q.query<ScimRow>(
    `SELECT ${columns} FROM principal p JOIN scim_resource r ON r.principal = p.id
      WHERE p.source = $1 AND p.kind = $2 AND p.external_id = $3`,
    [source, kind, externalId],
  )
  return rows[0]
}

export async function putScim(
  tx: Connection,
  id: string,
  made: { source: string; externalId: string; body: object },
): Promise<void> {
  await tx.query('UPDATE principal SET source = $2, external_id = $3, gone_at = NULL WHERE id = $1', [
    id,
    made.source,
    made.externalId,
  ])
  await tx.query(
    `INSERT INTO scim_resource (principal, body) VALUES ($1, $2)
     ON CONFLICT (principal) DO UPDATE SET body = excluded.body, changed_at = clock_timestamp()`,
    [id, JSON.stringify(made.body)],
  )
}

/**
 * Keeps the source's word, and disables as the source, or enables whom the source disabled. False where he is here as he was: so an
 * administrator's word stays.
 */
export async function setDisabledBySource(tx: Connection, id: string, disabled: boolean): Promise<boolean> {
  await tx.query('UPDATE scim_resource SET shut = $2 WHERE principal = $1', [id, disabled])
  const text = disabled
    ? "UPDATE principal SET disabled = true, disabled_by = 'source' WHERE id = $1 AND NOT disabled"
    : "UPDATE principal SET disabled = false, disabled_by = NULL WHERE id = $1 AND disabled AND disabled_by = 'source'"
  return (await tx.query(text, [id])).rowCount === 1
}

export async function setGone(tx: Connection, id: string): Promise<void> {
  await tx.query('UPDATE principal SET gone_at = clock_timestamp() WHERE id = $1', [id])
}

export async function renameGroup(tx: Connection, id: string, name: string, displayName: string): Promise<void> {
  await tx.query('UPDATE principal SET name = $2, name_key = $3, display_name = $4 WHERE id = $1', [
    id,
    name,
    nameKey(name),
    displayName,
  ])
}

export type ScimMember = { id: string; kind: Kind; displayName: string }

/** Direct members of a group that are of its source and not gone. */
export async function scimMembers(q: Queryable, source: string, group: string): Promise<ScimMember[]> {
  const { rows } = await q.query<ScimMember>(
    `SELECT p.id, p.kind, p.display_name AS "displayName" FROM group_member m JOIN principal p ON p.id = m.member
      WHERE m.grp = $1 AND p.source = $2 AND p.gone_at IS NULL ORDER BY p.id`,
    [group, source],
  )
  return rows
}

/** Groups of the source that hold somebody directly. */
export async function scimGroupsOf(q: Queryable, source: string, member: string): Promise<ScimMember[]> {
  const { rows } = await q.query<ScimMember>(
    `SELECT p.id, p.kind, p.display_name AS "displayName" FROM group_member m JOIN principal p ON p.id = m.grp
      WHERE m.member = $1 AND p.source = $2 AND p.gone_at IS NULL ORDER BY p.id`,
    [member, source],
  )
  return rows
}

/** Those of the ids that are users or groups of the source, and there. */
export async function ofSource(q: Queryable, source: string, ids: string[]): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `SELECT id FROM principal
      WHERE id = ANY ($2::uuid[]) AND source = $1 AND kind IN ('user', 'group') AND gone_at IS NULL`,
    [source, ids],
  )
  return rows.map(row => row.id)
}

/** Makes exactly the members of a group, at any depth, the administrators by the word of this source. `changed`: whose rights. */
export async function setAdministrators(
  tx: Connection,
  source: string,
  groupName: string,
): Promise<{ changed: string[]; kept: string | undefined }> {
  const { rows } = await tx.query<{ id: string; wanted: boolean }>(
    `WITH wanted AS MATERIALIZED (
       SELECT a.member AS id FROM principal g JOIN affiliation a ON a.ancestor = g.id
        WHERE g.name_key = $2 AND g.source = $1 AND g.kind = 'group' AND g.gone_at IS NULL)
     SELECT p.id, NOT p.administrator AS wanted FROM principal p
      WHERE p.source = $1 AND p.kind = 'user' AND p.administrator <> (p.id IN (SELECT id FROM wanted))`,
    [source, nameKey(groupName)],
  )
  const ids = (wanted: boolean) => rows.filter(row => row.wanted === wanted).map(row => row.id)
  // First those who come: so that a last one may go.
  const given = await giveAdministration(tx, ids(true))
  const { changed, kept } = await takeAdministration(tx, ids(false))
  return { changed: [...given, ...changed], kept }
}
