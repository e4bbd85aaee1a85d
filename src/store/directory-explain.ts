import type { Principal } from '../protocol/principal.ts'
import type { Queryable } from './db.ts'
import { principalColumns } from './principal.ts'

/** What is known of where a principal comes from. */
export type Origin = {
  source: string
  externalId: string | null
  dn: string | null
  disabled: boolean
  disabledBy: 'administrator' | 'source' | null
  /** Its source says so too. */
  disabledThere: boolean
  goneAt: Date | null
  administrator: boolean
  administratorBy: 'administrator' | 'source' | null
  /** Why it is not called as its source calls it. */
  conflict: string | null
}

export async function readOrigin(q: Queryable, id: string): Promise<Origin> {
  const { rows } = await q.query<Origin>(
    `SELECT p.source, p.external_id AS "externalId", o.dn, p.disabled, p.disabled_by AS "disabledBy",
            coalesce(o.disabled, r.shut, false) OR o.gone_at IS NOT NULL AS "disabledThere", p.gone_at AS "goneAt", p.administrator,
            p.administrator_by AS "administratorBy", coalesce(o.fault, o.conflict) AS conflict
       FROM principal p LEFT JOIN directory_object o ON o.source = p.source AND o.external_id = p.external_id
       LEFT JOIN scim_resource r ON r.principal = p.id WHERE p.id = $1`,
    [id],
  )
  return rows[0]!
}

/** Whether its source has it disabled, or has it no more. */
export async function isShutThere(q: Queryable, id: string): Promise<boolean> {
  const { rows } = await q.query<{ shut: boolean }>(
    `SELECT p.gone_at IS NOT NULL OR p.disabled_by IS NOT DISTINCT FROM 'source' OR coalesce(o.disabled OR o.gone_at IS NOT NULL, false)
            OR coalesce(r.shut, false) AS shut
       FROM principal p LEFT JOIN directory_object o ON o.source = p.source AND o.external_id = p.external_id
       LEFT JOIN scim_resource r ON r.principal = p.id WHERE p.id = $1`,
    [id],
  )
  return rows[0]?.shut ?? false
}

/** The id that a principal's source knows it by, where that is a directory that was read. */
export async function externalIdOf(q: Queryable, id: string): Promise<string | undefined> {
  const { rows } = await q.query<{ id: string }>(
    'SELECT o.external_id AS id FROM principal p JOIN directory_object o ON o.source = p.source AND o.external_id = p.external_id WHERE p.id = $1',
    [id],
  )
  return rows[0]?.id
}

export type Held = { member: string; holder: Principal; unit: Principal | null }

/** Groups that hold these directly, each with the unit that it lies in. */
export async function holdersOf(q: Queryable, members: string[]): Promise<Held[]> {
  const { rows } = await q.query<{ member: string; holder: Principal; unit: Principal | null }>(
    `SELECT g.member, json_build_object('id', p.id, 'kind', p.kind, 'name', p.name, 'displayName', p.display_name) AS holder,
            CASE WHEN u.id IS NOT NULL THEN
              json_build_object('id', u.id, 'kind', u.kind, 'name', u.name, 'displayName', u.display_name) END AS unit
       FROM group_member g JOIN principal p ON p.id = g.grp LEFT JOIN principal u ON u.id = p.parent
      WHERE g.member = ANY ($1::uuid[]) ORDER BY p.name_key`,
    [members],
  )
  return rows
}

/** The units that it lies in, the nearest first. */
export async function unitsOf(q: Queryable, id: string): Promise<Principal[]> {
  const { rows } = await q.query<Principal & { depth: number }>(
    `WITH RECURSIVE up (id, depth) AS (
       SELECT parent, 1 FROM principal WHERE id = $1 AND parent IS NOT NULL
       UNION ALL SELECT p.parent, up.depth + 1 FROM up JOIN principal p ON p.id = up.id WHERE p.parent IS NOT NULL AND up.depth < 1000)
     SELECT ${principalColumns}, up.depth FROM up JOIN principal p ON p.id = up.id ORDER BY up.depth`,
    [id],
  )
  return rows.map(({ depth: _, ...principal }) => principal as Principal)
}

/** What a principal is flattened to, apart from itself. */
export async function ancestorsOf(q: Queryable, id: string): Promise<Principal[]> {
  const { rows } = await q.query<Principal>(
    `SELECT ${principalColumns} FROM affiliation a JOIN principal p ON p.id = a.ancestor
      WHERE a.member = $1 AND a.ancestor <> $1 ORDER BY p.name_key`,
    [id],
  )
  return rows
}

export type EntryList = 'allowed' | 'denied' | 'member' | 'manager' | 'presenter'

/** Entries of a room's lists and of its category's scope that stand for the user. */
export async function entriesFor(
  q: Queryable,
  user: string,
  room: string,
  category: string,
): Promise<{ list: EntryList; principal: string }[]> {
  const { rows } = await q.query<{ list: EntryList; principal: string }>(
    `SELECT CASE WHEN s.denied THEN 'denied' ELSE 'allowed' END AS list, s.principal
       FROM affiliation a JOIN category_scope s ON s.principal = a.ancestor WHERE a.member = $1 AND s.category = $3
     UNION ALL SELECT (ARRAY['member', 'manager', 'presenter'])[e.role + 1], e.principal
       FROM affiliation a JOIN room_entry e ON e.principal = a.ancestor WHERE a.member = $1 AND e.room = $2`,
    [user, room, category],
  )
  return rows
}

/** Ids of all principals, for going through them piece by piece. */
export async function listPrincipalIds(q: Queryable, after: string | undefined, limit: number): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    'SELECT id FROM principal WHERE $1::uuid IS NULL OR id > $1::uuid ORDER BY id LIMIT $2',
    [after ?? null, limit],
  )
  return rows.map(row => row.id)
}
