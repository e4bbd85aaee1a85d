import type { Connection } from './db.ts'
import type { Held } from './directory-source.ts'

/** Writes what the comparison found of objects: principals, and what is remembered of each object. Members come after. */
export async function writeObjects(tx: Connection, held: Held): Promise<void> {
  await yieldNames(tx)
  await takeOldNames(tx)
  await insertFresh(tx, held)
  await updateKnown(tx, held)
  await updateGone(tx, held)
  await moveAll(tx)
  await keepObjects(tx, held)
}

/** Who is gone keeps its row, since messages name their authors, and gets a name that nobody else wants. */
async function yieldNames(tx: Connection): Promise<void> {
  await tx.query(
    `UPDATE principal p
        SET name = CASE p.kind WHEN 'user' THEN regexp_replace(p.name, '@([^@]*)$', '~' || y.mark || '@\\1') ELSE p.name || '~' || y.mark END,
            name_key = CASE p.kind WHEN 'user' THEN regexp_replace(p.name_key, '@([^@]*)$', '~' || y.mark || '@\\1') ELSE p.name_key || '~' || y.mark END
       FROM (SELECT principal, left(replace(gen_random_uuid()::text, '-', ''), 12) AS mark FROM yielded) AS y WHERE p.id = y.principal`,
  )
}

/** Two that change names would each find the other's taken: first both give theirs up. */
async function takeOldNames(tx: Connection): Promise<void> {
  await tx.query(
    `UPDATE principal p SET name_key = '~' || p.id FROM todo t
      WHERE p.id = t.principal AND NOT t.fresh AND t.final_key IS NOT NULL AND p.name_key <> t.final_key`,
  )
}

async function insertFresh(tx: Connection, held: Held): Promise<void> {
  await tx.query(
    `INSERT INTO principal (id, kind, name, name_key, display_name, email, parent, disabled, disabled_by, source, external_id)
     SELECT t.principal, t.kind, t.final_name, t.final_key, t.display_name, t.email, m.unit, t.kind = 'user' AND t.disabled,
            CASE WHEN t.kind = 'user' AND t.disabled THEN 'source' END,
            -- A domain belongs to whoever has users in it.
            CASE t.kind WHEN 'domain' THEN '' ELSE $1 END, CASE t.kind WHEN 'domain' THEN NULL ELSE t.external_id END
       FROM todo t LEFT JOIN move m ON m.principal = t.principal WHERE t.fresh ORDER BY t.principal`,
    [held.source],
  )
}

async function updateKnown(tx: Connection, held: Held): Promise<void> {
  await tx.query(
    `UPDATE principal p
        SET name = i.name, name_key = i.name_key, display_name = i.display_name, email = i.email, gone_at = NULL,
            disabled = i.by_hand OR i.disabled, disabled_by = CASE WHEN i.by_hand THEN p.disabled_by WHEN i.disabled THEN 'source' END
       FROM (SELECT t.principal, coalesce(t.final_name, o.name) AS name, coalesce(t.final_key, o.name_key) AS name_key,
                    t.display_name, t.email, t.kind = 'user' AND t.disabled AS disabled,
                    o.disabled AND o.disabled_by IS DISTINCT FROM 'source' AS by_hand
               FROM todo t JOIN principal o ON o.id = t.principal
              WHERE NOT t.fresh AND NOT t.gone AND t.kind <> 'domain' AND o.source = $1) AS i
      WHERE p.id = i.principal
        AND (p.name, p.name_key, p.display_name, p.email, p.disabled, p.gone_at)
            IS DISTINCT FROM (i.name, i.name_key, i.display_name, i.email, i.by_hand OR i.disabled, NULL::timestamptz)`,
    [held.source],
  )
}

async function updateGone(tx: Connection, held: Held): Promise<void> {
  await tx.query(
    `UPDATE principal p SET gone_at = clock_timestamp(), disabled = true,
            disabled_by = CASE WHEN p.disabled THEN coalesce(p.disabled_by, 'administrator') ELSE 'source' END
       FROM todo t WHERE p.id = t.principal AND t.gone AND t.kind <> 'domain' AND p.source = $1`,
    [held.source],
  )
}

async function moveAll(tx: Connection): Promise<void> {
  await tx.query(
    'UPDATE principal p SET parent = m.unit FROM move m WHERE p.id = m.principal AND p.parent IS DISTINCT FROM m.unit',
  )
}

async function keepObjects(tx: Connection, held: Held): Promise<void> {
  await tx.query(
    `INSERT INTO directory_object AS o (source, external_id, kind, dn, container, name, name_key, display_name, email, disabled,
                                        principal, fault, conflict)
     SELECT $1, external_id, kind, dn, container, name, name_key, display_name, email, disabled, principal, fault, conflict
       FROM todo WHERE NOT gone
     ON CONFLICT (source, external_id) DO UPDATE
        SET dn = excluded.dn, container = excluded.container, name = excluded.name, name_key = excluded.name_key,
            display_name = excluded.display_name, email = excluded.email, disabled = excluded.disabled,
            principal = excluded.principal, fault = excluded.fault, conflict = excluded.conflict, gone_at = NULL
      WHERE (o.dn, o.container, o.name, o.display_name, o.email, o.disabled, o.principal, o.fault, o.conflict, o.gone_at)
            IS DISTINCT FROM (excluded.dn, excluded.container, excluded.name, excluded.display_name, excluded.email,
                              excluded.disabled, excluded.principal, excluded.fault, excluded.conflict, NULL::timestamptz)`,
    [held.source],
  )
  await tx.query(
    `UPDATE directory_object o SET gone_at = clock_timestamp(), conflict = NULL FROM todo t
      WHERE o.source = $1 AND o.external_id = t.external_id AND t.gone`,
    [held.source],
  )
}

/** Adds the domains that users of the source have and that are not there. Answers their ids. */
export async function addDomains(tx: Connection): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `INSERT INTO principal (kind, name, name_key, display_name, implicit)
     SELECT DISTINCT ON (d.key) 'domain', d.name, d.key, d.name, true
       FROM (SELECT substring(final_key FROM '@([^@]*)$') AS key, substring(final_name FROM '@([^@]*)$') AS name
               FROM todo WHERE kind = 'user' AND final_key IS NOT NULL AND NOT gone) AS d
      WHERE d.key IS NOT NULL AND NOT EXISTS (SELECT FROM principal p WHERE p.name_key = d.key)
     ORDER BY d.key, d.name ON CONFLICT (name_key) DO NOTHING RETURNING id`,
  )
  return rows.map(row => row.id)
}

/** Who has to be flattened anew, and whose rights the log has to name: all of them were here before. */
export async function findConcerned(
  tx: Connection,
  domains: string[],
): Promise<{ fresh: string[]; flatten: string[]; named: string[] }> {
  const { rows: fresh } = await tx.query<{ id: string }>(
    'SELECT principal AS id FROM todo WHERE fresh UNION SELECT unnest($1::uuid[])',
    [domains],
  )
  const { rows: flatten } = await tx.query<{ id: string }>(
    `WITH RECURSIVE
       by_unit (id) AS (
         SELECT principal FROM move UNION SELECT p.id FROM by_unit b JOIN principal p ON p.parent = b.id),
       by_group (id) AS (
         -- What is new in the directory has members that are named themselves.
         SELECT c.principal FROM concerned c JOIN principal p ON p.id = c.principal AND p.kind = 'group'
          WHERE NOT EXISTS (SELECT FROM todo t WHERE t.principal = c.principal AND t.fresh)
         UNION SELECT g.member FROM by_group b JOIN group_member g ON g.grp = b.id)
     SELECT id FROM (
       SELECT id FROM by_unit UNION SELECT id FROM by_group UNION SELECT principal FROM concerned
       UNION SELECT principal FROM todo WHERE kind = 'user' AND final_key IS NOT NULL
       UNION SELECT u.id FROM principal d JOIN principal u ON u.kind = 'user' AND substring(u.name_key FROM '@([^@]*)$') = d.name_key
        WHERE d.id = ANY ($1::uuid[]) OR d.id IN (SELECT principal FROM todo WHERE fresh AND kind = 'domain')) AS i
      WHERE NOT EXISTS (SELECT FROM todo t WHERE t.principal = i.id AND t.fresh) AND id <> ALL ($1::uuid[])`,
    [domains],
  )
  const { rows: named } = await tx.query<{ id: string }>(
    `SELECT i.id FROM (
       SELECT principal AS id FROM move UNION SELECT principal FROM concerned
       UNION SELECT principal FROM effect WHERE change IN ('returned', 'disabled', 'enabled', 'gone')
       UNION SELECT t.principal FROM todo t WHERE t.kind = 'user' AND t.final_key IS NOT NULL AND t.was_key IS NOT NULL
         AND substring(t.final_key FROM '@([^@]*)$') <> substring(t.was_key FROM '@([^@]*)$')) AS i
      WHERE NOT EXISTS (SELECT FROM todo t WHERE t.principal = i.id AND t.fresh)`,
  )
  return { fresh: fresh.map(row => row.id), flatten: flatten.map(row => row.id), named: named.map(row => row.id) }
}

export async function writeAdministrators(tx: Connection, add: string[], remove: string[]): Promise<void> {
  await tx.query(
    "UPDATE principal SET administrator = true, administrator_by = 'source' WHERE id = ANY ($1::uuid[]) AND NOT administrator",
    [add],
  )
  await tx.query(
    "UPDATE principal SET administrator = false, administrator_by = NULL WHERE id = ANY ($1::uuid[]) AND administrator_by = 'source'",
    [remove],
  )
}

/** People who may sign in and administer. */
export async function countAdministrators(tx: Connection): Promise<number> {
  const { rows } = await tx.query<{ n: number }>(
    'SELECT count(*) AS n FROM principal WHERE administrator AND NOT disabled AND NOT bot',
  )
  return rows[0]!.n
}

export async function endSessionsOf(tx: Connection, users: string[]): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    'DELETE FROM session WHERE principal = ANY ($1::uuid[]) RETURNING id',
    [users],
  )
  return rows.map(row => row.id)
}
