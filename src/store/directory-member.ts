import type { Connection, Queryable } from './db.ts'
import type { Held } from './directory-source.ts'

/**
 * Members of a source's groups: what a reading says against what is here, as rows of `edge`. Resolved by dn when a group is read,
 * kept by id: a member that is called otherwise stays one. What no principal answers to stands in `lack`.
 */

/** Who answers to a dn once the reading is written; $1 is the source. */
const present = `(
  SELECT t.dn, t.external_id, t.principal, t.kind, t.name_key, t.staged FROM todo t WHERE NOT t.gone AND t.principal IS NOT NULL
  UNION ALL SELECT o.dn, o.external_id, o.principal, o.kind, o.name_key, false FROM directory_object o
   WHERE o.source = $1 AND o.gone_at IS NULL AND o.principal IS NOT NULL
     AND NOT EXISTS (SELECT FROM todo t WHERE t.external_id = o.external_id))`

/** The same where nothing is being read. */
const written = `(
  SELECT principal, kind, name_key FROM directory_object WHERE source = $1 AND gone_at IS NULL AND principal IS NOT NULL)`

/** Groups that were read, in pieces with about so many members: one piece is one statement. */
const membersAtOnce = 200_000

export async function listReadGroups(tx: Connection, held: Held): Promise<string[][]> {
  const { rows } = await tx.query<{ id: string; size: number }>(
    `SELECT t.external_id AS id, coalesce(cardinality(s.members), 0) AS size FROM todo t
       JOIN directory_stage s ON s.source = $1 AND s.fence = $2 AND s.external_id = t.external_id
      WHERE t.kind = 'group' AND t.staged AND NOT t.gone ORDER BY t.external_id`,
    [held.source, held.fence],
  )
  const pieces: string[][] = []
  let room = 0
  for (const { id, size } of rows) {
    if (room <= 0) {
      pieces.push([])
      room = membersAtOnce
    }
    pieces.at(-1)!.push(id)
    room -= size + 100
  }
  return pieces
}

/** Compares the member lists of these groups. */
export async function compareMembers(tx: Connection, held: Held, groups: string[]): Promise<void> {
  await tx.query(
    `WITH mine AS MATERIALIZED (
            SELECT t.external_id, t.principal, t.fresh FROM unnest($3::text[]) AS i (id) JOIN todo t ON t.external_id = i.id),
          -- Each dn once: so they were staged.
          listed AS MATERIALIZED (
            SELECT m.external_id AS grp_id, m.principal AS grp, d.dn FROM mine m
              JOIN directory_stage s ON s.source = $1 AND s.fence = $2 AND s.external_id = m.external_id
             CROSS JOIN LATERAL unnest(s.members) AS d (dn)),
          found AS MATERIALIZED (
            SELECT l.grp_id, l.grp, l.dn, x.principal AS member FROM listed l
              LEFT JOIN ${present} AS x ON x.dn = l.dn AND x.kind IN ('user', 'group')),
          wanted AS MATERIALIZED (
            SELECT DISTINCT grp, member FROM found WHERE grp IS NOT NULL AND member IS NOT NULL),
          now AS MATERIALIZED (
            SELECT g.grp, g.member FROM mine m JOIN group_member g ON g.grp = m.principal WHERE NOT m.fresh),
          lacking AS (
            INSERT INTO lack (grp, dn) SELECT DISTINCT grp_id, dn FROM found WHERE grp IS NULL OR member IS NULL)
     INSERT INTO edge (grp, member, added)
     SELECT grp, member, true FROM (SELECT * FROM wanted EXCEPT SELECT * FROM now) AS a
     UNION ALL SELECT grp, member, false FROM (SELECT * FROM now EXCEPT SELECT * FROM wanted) AS r`,
    [held.source, held.fence, groups],
  )
}

/** What the groups that were read lack replaces what they lacked before; everything else of the source stays. */
export async function writeLacks(tx: Connection, held: Held, groups: string[]): Promise<void> {
  await tx.query(
    `DELETE FROM directory_pending p WHERE p.source = $1 AND p.grp = ANY ($2::text[])
        AND NOT EXISTS (SELECT FROM lack l WHERE l.grp = p.grp AND l.dn = p.dn)`,
    [held.source, groups],
  )
  await tx.query(
    `INSERT INTO directory_pending (source, grp, dn) SELECT $1, grp, dn FROM lack
     ON CONFLICT (source, grp, dn) DO UPDATE SET external_id = NULL WHERE directory_pending.external_id IS NOT NULL`,
    [held.source],
  )
  await tx.query('TRUNCATE lack')
}

/**
 * Members of groups that were not read: who goes is taken out, who comes is found in what they lacked. `lack` then names what is to
 * be kept of those who went.
 */
export async function compareOtherMembers(tx: Connection, held: Held): Promise<void> {
  await tx.query(
    `INSERT INTO edge (grp, member, added)
     SELECT grp, member, false FROM (
       SELECT g.grp, g.member FROM todo t JOIN group_member g ON g.member = t.principal JOIN principal p ON p.id = g.grp
        WHERE t.gone AND t.kind IN ('user', 'group') AND p.source = $1
       UNION SELECT g.grp, g.member FROM todo t JOIN principal p ON p.id = t.principal AND p.source = $1
         JOIN group_member g ON g.grp = t.principal WHERE t.gone AND t.kind = 'group') AS x
      -- Where nothing is written, those of the groups that were read stand there still.
      WHERE NOT EXISTS (SELECT FROM edge e WHERE e.grp = x.grp AND e.member = x.member)`,
    [held.source],
  )
  await tx.query(
    `INSERT INTO lack (grp, dn, external_id)
     SELECT o.external_id, t.dn, t.external_id FROM todo t JOIN group_member g ON g.member = t.principal
       JOIN directory_object o ON o.principal = g.grp AND o.source = $1
      WHERE t.gone AND t.kind IN ('user', 'group')
        AND NOT EXISTS (SELECT FROM todo h WHERE h.external_id = o.external_id AND (h.staged OR h.gone))
     ON CONFLICT DO NOTHING`,
    [held.source],
  )
  await tx.query(
    `INSERT INTO edge (grp, member, added)
     SELECT DISTINCT x.grp, x.member, true FROM (${solvedSql}) AS x
      WHERE NOT EXISTS (SELECT FROM group_member g WHERE g.grp = x.grp AND g.member = x.member)`,
    [held.source],
  )
}

/** What was lacking and is here now, of groups that were not read: their newcomers, and all of a group that is itself one. */
const solvedSql = `
  SELECT g.principal AS grp, m.principal AS member, d.grp AS grp_id, d.dn
    FROM (SELECT d.grp, d.dn, t.external_id FROM todo t
            JOIN directory_pending d ON d.source = $1 AND d.dn = t.dn AND d.external_id IS NULL
           WHERE NOT t.gone AND t.principal IS NOT NULL AND t.kind IN ('user', 'group')
          UNION SELECT d.grp, d.dn, t.external_id FROM todo t
            JOIN directory_pending d ON d.source = $1 AND d.external_id = t.external_id
           WHERE NOT t.gone AND t.principal IS NOT NULL AND t.kind IN ('user', 'group')
          UNION SELECT d.grp, d.dn, x.external_id FROM todo t JOIN directory_pending d ON d.source = $1 AND d.grp = t.external_id
            JOIN ${present} AS x ON x.dn = d.dn AND d.external_id IS NULL AND x.kind IN ('user', 'group')
           WHERE t.fresh AND t.kind = 'group') AS d
    JOIN ${present} AS g ON g.external_id = d.grp AND NOT g.staged
    JOIN ${present} AS m ON m.external_id = d.external_id`

export async function writeOtherLacks(tx: Connection, held: Held): Promise<void> {
  await tx.query(
    `DELETE FROM directory_pending p USING (${solvedSql}) AS x WHERE p.source = $1 AND p.grp = x.grp_id AND p.dn = x.dn`,
    [held.source],
  )
  await tx.query(
    `DELETE FROM directory_pending p USING todo t WHERE p.source = $1 AND p.grp = t.external_id AND t.gone AND t.kind = 'group'`,
    [held.source],
  )
  await tx.query(
    `INSERT INTO directory_pending (source, grp, dn, external_id) SELECT $1, grp, dn, external_id FROM lack ON CONFLICT DO NOTHING`,
    [held.source],
  )
  await tx.query('TRUNCATE lack')
}

/** Names that are kept for later follow the units that they lie in. */
export async function renamePending(tx: Connection, held: Held): Promise<void> {
  await tx.query(
    `WITH unit AS (SELECT was_dn, dn FROM todo WHERE kind IN ('organizationalUnit', 'domain') AND NOT gone AND was_dn <> dn AND NOT was_gone),
          old AS (
            DELETE FROM directory_pending p USING unit u
             WHERE p.source = $1 AND right(p.dn, length(u.was_dn) + 1) = ',' || u.was_dn RETURNING p.grp, p.dn, p.external_id)
     INSERT INTO directory_pending (source, grp, dn, external_id)
     SELECT DISTINCT ON (old.grp, old.dn) $1, old.grp, left(old.dn, length(old.dn) - length(u.was_dn)) || u.dn, old.external_id
       FROM old JOIN unit u ON right(old.dn, length(u.was_dn) + 1) = ',' || u.was_dn
      ORDER BY old.grp, old.dn, length(u.was_dn) DESC ON CONFLICT DO NOTHING`,
    [held.source],
  )
}

/** Writes the edges and forgets them; whom they concern is kept. */
export async function writeEdges(tx: Connection): Promise<void> {
  // Who is new is flattened anyway.
  await tx.query(
    `INSERT INTO concerned SELECT DISTINCT e.member FROM edge e
      WHERE NOT EXISTS (SELECT FROM todo t WHERE t.principal = e.member AND t.fresh) ON CONFLICT DO NOTHING`,
  )
  await tx.query('DELETE FROM group_member g USING edge e WHERE NOT e.added AND g.grp = e.grp AND g.member = e.member')
  await tx.query('INSERT INTO group_member (grp, member) SELECT grp, member FROM edge WHERE added ORDER BY grp, member')
  await tx.query('TRUNCATE edge')
}

export type Administrators = { add: string[]; remove: string[]; fault?: string | undefined }

/**
 * Users below the groups $2 who do not administer, and those who do by the source's word and are not below. `members` selects the
 * members of the group b.id, `here` who is there.
 */
function administratorsSql(here: string, members: string): string {
  return `WITH RECURSIVE below (id) AS (
            SELECT unnest($2::uuid[])
            UNION SELECT m.member FROM below b JOIN LATERAL (${members}) AS m ON true),
          wanted AS MATERIALIZED (SELECT x.principal AS id FROM below b JOIN ${here} AS x ON x.principal = b.id WHERE x.kind = 'user')
     SELECT w.id, true AS wanted FROM wanted w LEFT JOIN principal p ON p.id = w.id WHERE NOT coalesce(p.administrator, false)
     UNION ALL SELECT p.id, false FROM principal p
      WHERE p.source = $1 AND p.administrator AND p.administrator_by = 'source' AND p.id NOT IN (SELECT id FROM wanted)`
}

async function namedGroups(q: Queryable, here: string, source: string, key: string | undefined): Promise<string[]> {
  if (key === undefined) return []
  const { rows } = await q.query<{ principal: string }>(
    `SELECT principal FROM ${here} AS x WHERE kind = 'group' AND name_key = $2`,
    [source, key],
  )
  return rows.map(row => row.principal)
}

/**
 * Whether others should administer than do, by what is written already: since the last run the configuration may have come to name
 * another group, or none. Only reads.
 */
export async function shouldOthersAdminister(q: Queryable, source: string, key: string | undefined): Promise<boolean> {
  const groups = await namedGroups(q, written, source, key)
  if (groups.length > 1) return false
  const members = 'SELECT g.member FROM group_member g WHERE g.grp = b.id'
  const { rows } = await q.query<{ is: boolean }>(`SELECT EXISTS (${administratorsSql(written, members)}) AS is`, [
    source,
    groups,
  ])
  return rows[0]!.is
}

/**
 * Who becomes an administrator by the source's group of this name (its key), and who is one no more. A name that several groups
 * have names none: whoever may make groups somewhere in the directory must not make administrators. Also before the edges are
 * written, with those that will be.
 */
export async function compareAdministrators(
  tx: Connection,
  held: Held,
  key: string | undefined,
): Promise<Administrators> {
  const groups = await namedGroups(tx, present, held.source, key)
  if (groups.length > 1)
    return {
      add: [],
      remove: [],
      fault: `${groups.length} groups are called as the one of the administrators. Nobody becomes one or stops being one until one group has the name.`,
    }
  const { rows } = await tx.query<{ id: string; wanted: boolean }>(
    administratorsSql(
      present,
      `SELECT g.member FROM group_member g WHERE g.grp = b.id
          AND NOT EXISTS (SELECT FROM edge e WHERE e.grp = g.grp AND e.member = g.member AND NOT e.added)
       UNION ALL SELECT e.member FROM edge e WHERE e.grp = b.id AND e.added`,
    ),
    [held.source, groups],
  )
  return {
    add: rows.filter(row => row.wanted).map(row => row.id),
    remove: rows.filter(row => !row.wanted).map(row => row.id),
    ...(key !== undefined && groups.length === 0
      ? { fault: 'There is no group of the name that the configuration gives as that of the administrators.' }
      : {}),
  }
}
