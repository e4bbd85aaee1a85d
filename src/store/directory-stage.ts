import type { PrincipalKind } from '../protocol/principal.ts'
import { textArray } from './array.ts'
import type { Connection, Queryable } from './db.ts'
import type { Held } from './directory-source.ts'

/** An object as it was read, its names looked through. */
export type Staged = {
  externalId: string
  kind: PrincipalKind
  dn: string
  /** `dn` without its first part. */
  container: string
  name: string
  nameKey: string
  displayName: string
  email: string | null
  disabled: boolean
  /** What of its name no principal can have: then it is left out, or keeps the name that it has. */
  fault: string | null
  /** Of a group: the dns of its direct members. */
  members: string[] | null
}

/** Of a member's dn, its text is most of what a batch weighs: more of them make a statement of their own. */
const membersAtOnce = 50_000

/** What runs that ended have left of this source; the run's own too, once it is written. */
export async function clearStage(q: Queryable, source: string, through: number): Promise<void> {
  await q.query('DELETE FROM directory_stage WHERE source = $1 AND fence <= $2', [source, through])
  await q.query('DELETE FROM directory_stage_id WHERE source = $1 AND fence <= $2', [source, through])
}

/** Puts what was read beside the store. What comes twice counts as it came last. */
export async function stageObjects(q: Queryable, held: Held, objects: Staged[], gone: string[]): Promise<void> {
  // One statement must not name a row twice.
  const once = new Map<string, Staged | undefined>()
  for (const id of gone) once.set(id, undefined)
  for (const object of objects) once.set(object.externalId, object)
  let some: [string, Staged | undefined][] = []
  let weight = 0
  for (const entry of once) {
    some.push(entry)
    weight += 1 + (entry[1]?.members?.length ?? 0)
    if (weight < membersAtOnce) continue
    await stageSome(q, held, some)
    some = []
    weight = 0
  }
  if (some.length > 0) await stageSome(q, held, some)
}

async function stageSome(q: Queryable, held: Held, some: [string, Staged | undefined][]): Promise<void> {
  const column = <T>(of: (object: Staged) => T) => some.map(([, object]) => (object ? of(object) : null))
  await q.query(
    `INSERT INTO directory_stage (source, fence, external_id, gone, kind, dn, container, name, name_key, display_name, email,
                                  disabled, fault, members)
     SELECT $1, $2, i.external_id, i.kind IS NULL, i.kind, i.dn, i.container, i.name, i.name_key, i.display_name, i.email,
            i.disabled, i.fault, i.members::text[]
       FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::boolean[],
                   $12::text[], $13::text[])
            AS i (external_id, kind, dn, container, name, name_key, display_name, email, disabled, fault, members)
     ON CONFLICT (source, fence, external_id) DO UPDATE
        SET gone = excluded.gone, kind = excluded.kind, dn = excluded.dn, container = excluded.container, name = excluded.name,
            name_key = excluded.name_key, display_name = excluded.display_name, email = excluded.email,
            disabled = excluded.disabled, fault = excluded.fault, members = excluded.members`,
    [
      held.source,
      held.fence,
      some.map(([id]) => id),
      column(object => object.kind),
      column(object => object.dn),
      column(object => object.container),
      column(object => object.name),
      column(object => object.nameKey),
      column(object => object.displayName),
      column(object => object.email),
      column(object => object.disabled),
      column(object => object.fault),
      // An array of arrays must be a rectangle; as texts they may differ.
      column(object => object.members && textArray(object.members)),
    ],
  )
}

export async function stageIds(q: Queryable, held: Held, ids: string[]): Promise<void> {
  await q.query(
    `INSERT INTO directory_stage_id (source, fence, external_id) SELECT $1, $2, unnest($3::text[]) ON CONFLICT DO NOTHING`,
    [held.source, held.fence, ids],
  )
}

/** How much is staged for this run: less than was put there, where the store crashed or another host took over meanwhile. */
export async function countStaged(q: Queryable, held: Held): Promise<{ objects: number; ids: number }> {
  const { rows } = await q.query<{ objects: number; ids: number }>(
    `SELECT (SELECT count(*) FROM directory_stage WHERE source = $1 AND fence = $2) AS objects,
            (SELECT count(*) FROM directory_stage_id WHERE source = $1 AND fence = $2) AS ids`,
    [held.source, held.fence],
  )
  return rows[0]!
}

/** Whether some object that is here is missing among the staged ids. */
export async function isAnyMissing(q: Queryable, held: Held): Promise<boolean> {
  const { rows } = await q.query<{ missing: boolean }>(
    // EXCEPT hashes both sides. Of an anti join the planner thinks that nothing is staged, and compares each with each.
    `SELECT EXISTS (SELECT external_id FROM directory_object WHERE source = $1 AND gone_at IS NULL
       EXCEPT SELECT external_id FROM directory_stage_id WHERE source = $1 AND fence = $2) AS missing`,
    [held.source, held.fence],
  )
  return rows[0]!.missing
}

/**
 * For big comparisons: plans for the values at hand, no compilation, memory for hashing; and patience with another source's first
 * run, which may write for minutes.
 */
export async function prepareForMany(tx: Connection): Promise<void> {
  await tx.query(
    "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL lock_timeout = '50s'; SET LOCAL idle_in_transaction_session_timeout = '15s'",
  )
}
