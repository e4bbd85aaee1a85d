import { Refusal } from '../protocol/error.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Connection, Queryable } from './db.ts'
import { principalColumns } from './principal.ts'

/**
 * The flattening: (member, ancestor) of each principal with itself, its chain of organisational units, the groups that
 * hold it at any depth and, for a user, its domain. The unit of a group says nothing about the group's members.
 */

/**
 * One writer of principals, groups and affiliation at a time; to be taken FIRST. Two that change nested groups at once
 * would each flatten without the other's edge, or close a cycle together.
 */
export async function lockDirectory(tx: Connection): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(4, 0)')
}

/**
 * Computes the affiliation of exactly these principals anew and writes what differs. What is gone is found with EXCEPT: the
 * recursion is estimated at thousands of millions of rows, and an anti join prepared for so many took 17 seconds for 16,000
 * members (seen), a recursion for each member longer still.
 */
async function reflattenMembers(tx: Connection, members: string[]): Promise<void> {
  await tx.query(
    `WITH RECURSIVE ${wantedSql},
       past AS MATERIALIZED (
         SELECT member, ancestor FROM affiliation WHERE member = ANY ($1::uuid[]) EXCEPT SELECT member, ancestor FROM wanted),
       gone AS (
         DELETE FROM affiliation a USING past WHERE a.member = past.member AND a.ancestor = past.ancestor)
     INSERT INTO affiliation (member, ancestor) SELECT member, ancestor FROM wanted ON CONFLICT DO NOTHING`,
    [members],
  )
}

/** What the principals $1 are to be flattened to, as the table `wanted`. */
const wantedSql = `
       one AS MATERIALIZED (SELECT id, kind, parent, name_key FROM principal WHERE id = ANY ($1::uuid[])),
       unit (member, ancestor) AS (
         SELECT id, parent FROM one WHERE parent IS NOT NULL
         UNION SELECT u.member, p.parent FROM unit u JOIN principal p ON p.id = u.ancestor WHERE p.parent IS NOT NULL),
       -- By the index for each: the planner thinks that a group is in as many groups as a user, and would read all memberships.
       direct (member, grp) AS MATERIALIZED (
         SELECT one.id, g.grp FROM one CROSS JOIN LATERAL (SELECT grp FROM group_member WHERE member = one.id OFFSET 0) AS g),
       -- Upwards from each group once, not from each of its members.
       up (grp, ancestor) AS (
         SELECT d.grp, g.grp FROM (SELECT DISTINCT grp FROM direct) AS d
          CROSS JOIN LATERAL (SELECT grp FROM group_member WHERE member = d.grp OFFSET 0) AS g
         UNION SELECT up.grp, g.grp FROM up
          CROSS JOIN LATERAL (SELECT grp FROM group_member WHERE member = up.ancestor OFFSET 0) AS g),
       wanted AS MATERIALIZED (
         SELECT id AS member, id AS ancestor FROM one
         UNION SELECT member, ancestor FROM unit
         UNION SELECT member, grp FROM direct
         UNION SELECT direct.member, up.ancestor FROM direct JOIN up ON up.grp = direct.grp
         UNION SELECT one.id, d.id FROM one JOIN principal d
            ON d.kind = 'domain' AND one.kind = 'user' AND d.name_key = substring(one.name_key FROM '@([^@]*)$'))`

/** A flattening of so many at a time holds a few hundred thousand rows in memory, whatever the size of the directory. */
const flattenedAtOnce = 2_000

/** Flattens exactly these anew. In order of id: neighbours of the index are written together. */
export function reflatten(tx: Connection, members: string[], signal?: AbortSignal): Promise<void> {
  return inSlices(members, signal, some => reflattenMembers(tx, some))
}

/** The same for principals that were not there before: nothing of theirs is looked for. */
export function flattenNew(tx: Connection, members: string[], signal?: AbortSignal): Promise<void> {
  return inSlices(members, signal, some =>
    tx.query(
      `WITH RECURSIVE ${wantedSql}
       INSERT INTO affiliation (member, ancestor) SELECT member, ancestor FROM wanted ORDER BY member, ancestor`,
      [some],
    ),
  )
}

async function inSlices(
  members: string[],
  signal: AbortSignal | undefined,
  work: (some: string[]) => Promise<unknown>,
): Promise<void> {
  const sorted = [...members].sort()
  for (let from = 0; from < sorted.length; from += flattenedAtOnce) {
    signal?.throwIfAborted()
    await work(sorted.slice(from, from + flattenedAtOnce))
  }
}

/** How the flattening of these differs from what a fresh recursion says: `missing` is not in the store, else it is there in vain. */
export async function compareFlattening(
  q: Queryable,
  members: string[],
): Promise<{ member: string; ancestor: string; missing: boolean }[]> {
  const { rows } = await q.query<{ member: string; ancestor: string; missing: boolean }>(
    `WITH RECURSIVE ${wantedSql},
       kept AS MATERIALIZED (SELECT member, ancestor FROM affiliation WHERE member = ANY ($1::uuid[]))
     SELECT member, ancestor, true AS missing FROM (SELECT * FROM wanted EXCEPT SELECT * FROM kept) AS lacking
     UNION ALL SELECT member, ancestor, false FROM (SELECT * FROM kept EXCEPT SELECT * FROM wanted) AS vain`,
    [members],
  )
  return rows
}

/** After principals were added or put into another unit: they and all that is in them, where they are units. */
export async function reflattenUnits(tx: Connection, changed: string[]): Promise<void> {
  const { rows } = await tx.query<{ id: string }>(
    `WITH RECURSIVE below (id) AS (
       SELECT unnest($1::uuid[]) UNION SELECT p.id FROM below b JOIN principal p ON p.parent = b.id)
     SELECT id FROM below`,
    [changed],
  )
  await reflattenMembers(
    tx,
    rows.map(row => row.id),
  )
}

/** After a domain was added: its users. */
export async function reflattenDomain(tx: Connection, domain: string): Promise<number> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT u.id FROM principal d JOIN principal u ON u.kind = 'user' AND substring(u.name_key FROM '@([^@]*)$') = d.name_key
      WHERE d.id = $1`,
    [domain],
  )
  await reflattenMembers(tx, [domain, ...rows.map(row => row.id)])
  return rows.length
}

/** These principals and, of groups among them, the members at any depth. */
async function withMembers(tx: Connection, principals: string[]): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `WITH RECURSIVE below (id) AS (
       SELECT unnest($1::uuid[]) UNION SELECT g.member FROM below b JOIN group_member g ON g.grp = b.id)
     SELECT id FROM below`,
    [principals],
  )
  return rows.map(row => row.id)
}

/**
 * Adds members to a group, takes others out, and flattens. Answers the ids that came or went, a group standing for its
 * members: for raiseDirectory. Refusal invalid_argument for a cycle. The caller holds lockDirectory.
 */
export async function changeGroup(tx: Connection, group: string, add: string[], remove: string[]): Promise<string[]> {
  const removed = await tx.query<{ member: string }>(
    'DELETE FROM group_member WHERE grp = $1 AND member = ANY ($2::uuid[]) RETURNING member',
    [group, remove],
  )
  const added = await tx.query<{ member: string }>(
    `INSERT INTO group_member (grp, member) SELECT $1, unnest($2::uuid[]) ON CONFLICT DO NOTHING RETURNING member`,
    [group, add],
  )
  const changed = [...new Set([...removed.rows, ...added.rows].map(row => row.member))]
  if (changed.length === 0) return []
  await refuseCycle(
    tx,
    group,
    added.rows.map(row => row.member),
  )
  // What a member holds is not changed by who holds the member: these are all, before and after.
  await reflattenMembers(tx, await withMembers(tx, changed))
  return changed
}

async function refuseCycle(tx: Connection, group: string, added: string[]): Promise<void> {
  if (added.length === 0) return
  if (!(await withMembers(tx, added)).includes(group)) return
  throw new Refusal('invalid_argument', 'A group cannot hold itself, nor a group that holds it. Leave that member out.')
}

/** Whether putting `id` into `unit` would close a cycle of organisational units. */
export async function isUnitWithin(q: Queryable, unit: string, id: string): Promise<boolean> {
  const { rows } = await q.query<{ is: boolean }>(
    `WITH RECURSIVE up (id) AS (SELECT $1::uuid UNION SELECT p.parent FROM up JOIN principal p ON p.id = up.id WHERE p.parent IS NOT NULL)
     SELECT EXISTS (SELECT FROM up WHERE id = $2) AS is`,
    [unit, id],
  )
  return rows[0]!.is
}

/** Groups that hold the principal directly. */
export async function groupsOf(q: Queryable, id: string): Promise<Principal[]> {
  const { rows } = await q.query<Principal>(
    `SELECT ${principalColumns} FROM group_member g JOIN principal p ON p.id = g.grp WHERE g.member = $1 ORDER BY p.name_key`,
    [id],
  )
  return rows
}

/** Direct members of a group, or what lies directly in an organisational unit, by name; `after` is the last name's key. */
export async function listMembers(
  q: Queryable,
  holder: Principal,
  page: { limit: number; after?: string | undefined },
): Promise<{ principals: Principal[]; next?: string }> {
  const { rows } = await q.query<Principal & { nameKey: string }>(
    `SELECT ${principalColumns}, p.name_key AS "nameKey" FROM principal p
      WHERE ${holder.kind === 'group' ? 'p.id IN (SELECT member FROM group_member WHERE grp = $1)' : 'p.parent = $1'}
        AND p.name_key > $2 ORDER BY p.name_key LIMIT $3`,
    [holder.id, page.after ?? '', page.limit + 1],
  )
  const shown = rows.slice(0, page.limit)
  const principals = shown.map(({ nameKey: _, ...principal }) => principal as Principal)
  return rows.length > page.limit ? { principals, next: shown.at(-1)!.nameKey } : { principals }
}
