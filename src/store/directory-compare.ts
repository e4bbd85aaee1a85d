import { type Claim, type Holder, qualifiedName, settleNames } from '../domain/directory-name.ts'
import { nameKey } from '../domain/name.ts'
import type { Connection } from './db.ts'
import type { Held } from './directory-source.ts'

/**
 * What a reading would change, as tables of the transaction, before anything is written: the dry run ends here.
 *
 * todo: every object that was read, is gone, lies below a unit that has another dn now, or waits for a name. place: the unit of
 * each container. move: who comes into another unit. shut: users who lose their access.
 */
export type Reading = {
  held: Held
  /** What was not read is gone. */
  whole: boolean
  /** What is not among the staged ids is gone. */
  byIds: boolean
}

const tables = `
  CREATE TEMP TABLE todo (
    external_id text PRIMARY KEY, kind text NOT NULL, dn text NOT NULL, container text NOT NULL, name text NOT NULL,
    name_key text NOT NULL, display_name text NOT NULL, email text, disabled boolean NOT NULL, fault text, conflict text,
    staged boolean NOT NULL, gone boolean NOT NULL, was_gone boolean NOT NULL, was_dn text, was_key text, had_conflict boolean NOT NULL,
    principal uuid, fresh boolean NOT NULL DEFAULT false, final_name text, final_key text
  ) ON COMMIT DROP;
  CREATE TEMP TABLE move (principal uuid PRIMARY KEY, unit uuid) ON COMMIT DROP;
  CREATE TEMP TABLE yielded (principal uuid PRIMARY KEY) ON COMMIT DROP;
  CREATE TEMP TABLE edge (grp uuid NOT NULL, member uuid NOT NULL, added boolean NOT NULL) ON COMMIT DROP;
  CREATE TEMP TABLE lack (grp text NOT NULL, dn text NOT NULL, external_id text, PRIMARY KEY (grp, dn)) ON COMMIT DROP;
  CREATE TEMP TABLE concerned (principal uuid PRIMARY KEY) ON COMMIT DROP;
  CREATE TEMP TABLE effect (change text NOT NULL, kind text NOT NULL, principal uuid, name text NOT NULL, detail text NOT NULL) ON COMMIT DROP`

const columns = `external_id, kind, dn, container, name, name_key, display_name, email, disabled, fault, staged, gone, was_gone, was_dn,
  was_key, had_conflict, principal`

/** Fills the tables. The caller has taken the locks, where it is going to write. */
export async function compareObjects(tx: Connection, reading: Reading): Promise<void> {
  await tx.query(tables)
  await findGone(tx, reading)
  await findStaged(tx, reading.held)
  // A reading of all brought them itself.
  if (!reading.whole) await findBelowRenamed(tx, reading.held)
  await findWaiting(tx, reading.held)
  await tx.query('CREATE INDEX ON todo (dn); CREATE INDEX ON todo (principal); ANALYZE todo')
  await findDomains(tx)
  await settle(tx, reading.held)
  await tx.query('ANALYZE todo')
  await findMoves(tx, reading.held)
}

async function findGone(tx: Connection, { held, whole, byIds }: Reading): Promise<void> {
  // EXCEPT hashes both sides, whatever the planner thinks of a stage that was just filled.
  const missingIn = (table: string) =>
    `UNION (SELECT external_id FROM directory_object WHERE source = $1 AND gone_at IS NULL
            EXCEPT SELECT external_id FROM ${table} WHERE source = $1 AND fence = $2)`
  await tx.query(
    `INSERT INTO todo (${columns})
     SELECT o.external_id, o.kind, o.dn, o.container, o.name, o.name_key, o.display_name, o.email, o.disabled, o.fault, false, true,
            false, o.dn, o.name_key, false, o.principal
       FROM (SELECT external_id FROM directory_stage WHERE source = $1 AND fence = $2 AND gone
             ${whole ? missingIn('directory_stage') : ''} ${byIds ? missingIn('directory_stage_id') : ''}) AS g
       JOIN directory_object o ON o.source = $1 AND o.external_id = g.external_id AND o.gone_at IS NULL`,
    [held.source, held.fence],
  )
}

async function findStaged(tx: Connection, held: Held): Promise<void> {
  // What was a user and is a group now is left as it was: nothing that holds rights changes its kind.
  await tx.query(
    `INSERT INTO todo (${columns})
     SELECT s.external_id, coalesce(o.kind, s.kind), s.dn, s.container, s.name, s.name_key, s.display_name, s.email, s.disabled,
            CASE WHEN o.kind <> s.kind THEN 'It was of kind ' || o.kind || ' and is now of kind ' || s.kind || '.' ELSE s.fault END,
            true, false, o.gone_at IS NOT NULL, o.dn, o.name_key, o.conflict IS NOT NULL, o.principal
       FROM directory_stage s LEFT JOIN directory_object o ON o.source = s.source AND o.external_id = s.external_id
      WHERE s.source = $1 AND s.fence = $2 AND NOT s.gone ON CONFLICT DO NOTHING`,
    [held.source, held.fence],
  )
}

/** A unit that is called otherwise changes the dn of all that lies below it, and a directory does not tell so. */
async function findBelowRenamed(tx: Connection, held: Held): Promise<void> {
  const { rowCount } = await tx.query(
    `SELECT FROM todo WHERE kind IN ('organizationalUnit', 'domain') AND NOT gone AND was_dn <> dn LIMIT 1`,
  )
  if (rowCount === 0) return
  await tx.query(
    `INSERT INTO todo (${columns})
     SELECT DISTINCT ON (o.external_id) o.external_id, o.kind, left(o.dn, length(o.dn) - length(u.was_dn)) || u.dn,
            CASE WHEN o.container = u.was_dn THEN u.dn ELSE left(o.container, length(o.container) - length(u.was_dn)) || u.dn END,
            o.name, o.name_key, o.display_name, o.email, o.disabled, o.fault, false, false, false, o.dn, o.name_key,
            o.conflict IS NOT NULL, o.principal
       FROM todo u JOIN directory_object o
            ON o.source = $1 AND o.gone_at IS NULL AND right(o.dn, length(u.was_dn) + 1) = ',' || u.was_dn
      WHERE u.kind IN ('organizationalUnit', 'domain') AND NOT u.gone AND u.was_dn <> u.dn
      -- The nearest one: it may have been renamed as well.
      ORDER BY o.external_id, length(u.was_dn) DESC
     ON CONFLICT DO NOTHING`,
    [held.source],
  )
}

/** Whoever did not get his name looks again whether it is free. */
async function findWaiting(tx: Connection, held: Held): Promise<void> {
  await tx.query(
    `INSERT INTO todo (${columns})
     SELECT external_id, kind, dn, container, name, name_key, display_name, email, disabled, fault, false, false, false, dn, name_key,
            true, principal
       FROM directory_object WHERE source = $1 AND conflict IS NOT NULL AND gone_at IS NULL ON CONFLICT DO NOTHING`,
    [held.source],
  )
}

/** A domain that is there already is the one: whose users it has is said by their names, whoever made it. */
async function findDomains(tx: Connection): Promise<void> {
  await tx.query(
    `UPDATE todo t SET principal = p.id FROM principal p
      WHERE t.kind = 'domain' AND NOT t.gone AND p.kind = 'domain' AND p.name_key = t.name_key`,
  )
}

type ClaimRow = { id: string; kind: string; name: string; container: string; current: string | null }

/** Settles who is called how, and gives newcomers that are called somehow their ids. */
async function settle(tx: Connection, held: Held): Promise<void> {
  // Only its spelling changed.
  await tx.query(
    `UPDATE todo t SET final_name = t.name, final_key = t.name_key FROM principal p
      WHERE p.id = t.principal AND NOT t.gone AND t.fault IS NULL AND t.kind <> 'domain' AND p.name_key = t.name_key AND p.name <> t.name`,
  )
  const { rows } = await tx.query<ClaimRow>(
    `SELECT t.external_id AS id, t.kind, t.name, t.container, p.name_key AS current
       FROM todo t LEFT JOIN principal p ON p.id = t.principal
      WHERE NOT t.gone AND t.fault IS NULL AND (p.id IS NULL OR (t.kind <> 'domain' AND p.name_key <> t.name_key
            -- Whoever was named by his place keeps that until he has another name or place.
            AND (t.was_key IS DISTINCT FROM t.name_key OR t.was_dn IS DISTINCT FROM t.dn OR t.had_conflict OR t.was_gone)))`,
  )
  if (rows.length > 0) await settleClaims(tx, held, rows)
  await tx.query(
    `UPDATE todo SET principal = gen_random_uuid(), fresh = true
      WHERE principal IS NULL AND NOT gone AND fault IS NULL AND final_name IS NOT NULL`,
  )
}

async function settleClaims(tx: Connection, held: Held, rows: ClaimRow[]): Promise<void> {
  const claims = rows.map(
    ({ id, kind, name, container, current }): Claim => ({
      id,
      name,
      current: current ?? undefined,
      otherwise: kind === 'group' || kind === 'organizationalUnit' ? qualifiedName(name, container) : undefined,
    }),
  )
  const wanted = new Set(claims.flatMap(claim => [claim.name, claim.otherwise ?? claim.name].map(nameKey)))
  const holders = await tx.query<{ key: string; id: string; yields: boolean; claim: string | null; who: string }>(
    `SELECT p.name_key AS key, p.id, t.external_id AS claim, p.source = $1 AND t.external_id IS NULL AND p.gone_at IS NOT NULL
            OR coalesce(t.gone, false) AND p.source = $1 AS yields,
            CASE p.source WHEN '' THEN 'one that was made here' WHEN $1 THEN 'another one of this source' ELSE 'one of ' || p.source END AS who
       FROM unnest($2::text[]) AS w (key) JOIN principal p ON p.name_key = w.key LEFT JOIN todo t ON t.principal = p.id`,
    [held.source, [...wanted]],
  )
  const settled = settleNames(
    claims,
    holders.rows.map(({ key, yields, claim }): Holder => ({ key, yields, claim: claim ?? undefined })),
  )
  const names = [...settled.names]
  await tx.query(
    `UPDATE todo t SET final_name = i.name, final_key = i.key FROM unnest($1::text[], $2::text[], $3::text[]) AS i (id, name, key)
      WHERE t.external_id = i.id`,
    [names.map(([id]) => id), names.map(([, name]) => name), names.map(([, name]) => nameKey(name))],
  )
  const whoHas = new Map(holders.rows.map(row => [row.key, row.who]))
  const refused = [...settled.refused]
  await tx.query(
    `UPDATE todo t SET conflict = i.conflict FROM unnest($1::text[], $2::text[]) AS i (id, conflict) WHERE t.external_id = i.id`,
    [
      refused.map(([id]) => id),
      refused.map(
        ([, name]) => `The name ${name} is that of ${whoHas.get(nameKey(name)) ?? 'another one of this source'}.`,
      ),
    ],
  )
  const yielding = holders.rows.filter(row => settled.yielded.has(row.key)).map(row => row.id)
  await tx.query('INSERT INTO yielded SELECT unnest($1::uuid[])', [yielding])
}

const containerSql = (dn: string) => `coalesce(substring(${dn} FROM '^(?:[^,\\\\]|\\\\.)*,(.*)$'), '')`

/**
 * The unit of each is the nearest above it that is one here. Where units came, went or have other dns, that is asked of everybody
 * of the source: who was in a unit that is no more is in the one above.
 */
async function findMoves(tx: Connection, held: Held): Promise<void> {
  const { rowCount } = await tx.query(
    `SELECT FROM todo WHERE kind = 'organizationalUnit' AND (gone OR fresh OR was_gone OR was_dn <> dn) LIMIT 1`,
  )
  const others =
    rowCount === 0
      ? ''
      : `UNION ALL SELECT o.principal, o.container FROM directory_object o
          WHERE o.source = $1 AND o.gone_at IS NULL AND o.principal IS NOT NULL AND o.kind <> 'domain'
            AND NOT EXISTS (SELECT FROM todo t WHERE t.external_id = o.external_id)`
  await tx.query(
    `WITH RECURSIVE
       lies AS MATERIALIZED (
         SELECT principal, container FROM todo WHERE NOT gone AND principal IS NOT NULL AND kind <> 'domain' ${others}),
       up (container, at) AS (
         SELECT container, container FROM lies WHERE container <> ''
         UNION SELECT container, ${containerSql('at')} FROM up WHERE at <> ''),
       unit AS MATERIALIZED (
         SELECT dn, principal FROM todo WHERE kind = 'organizationalUnit' AND NOT gone AND principal IS NOT NULL
         UNION ALL SELECT o.dn, o.principal FROM directory_object o
          WHERE o.source = $1 AND o.kind = 'organizationalUnit' AND o.gone_at IS NULL AND o.principal IS NOT NULL
            AND NOT EXISTS (SELECT FROM todo t WHERE t.external_id = o.external_id)),
       place AS MATERIALIZED (
         SELECT DISTINCT ON (up.container) up.container, unit.principal AS unit FROM up JOIN unit ON unit.dn = up.at
          ORDER BY up.container, length(up.at) DESC)
     INSERT INTO move (principal, unit)
     SELECT DISTINCT ON (lies.principal) lies.principal, place.unit
       FROM lies LEFT JOIN place ON place.container = lies.container LEFT JOIN principal p ON p.id = lies.principal
      WHERE p.parent IS DISTINCT FROM place.unit AND place.unit IS DISTINCT FROM lies.principal`,
    [held.source],
  )
  await tx.query(
    `INSERT INTO move (principal, unit) SELECT p.id, NULL FROM todo t JOIN principal p ON p.id = t.principal
      WHERE t.gone AND p.source = $1 AND p.parent IS NOT NULL ON CONFLICT DO NOTHING`,
    [held.source],
  )
}
