import { nameKey } from '../domain/name.ts'
import { Refusal } from '../protocol/error.ts'
import { uuidPattern } from '../protocol/ids.ts'
import type { Principal, PrincipalKind } from '../protocol/principal.ts'
import type { Connection, Queryable } from './db.ts'

/** A principal with what only administrators are told. `parent` is the id of its organisational unit. */
export type Person = Principal & {
  email: string | null
  parent: string | null
  implicit: boolean
  bot: boolean
  administrator: boolean
  disabled: boolean
  /** Where it comes from; empty: made here. */
  source: string
  disabledBy: 'administrator' | 'source' | null
  administratorBy: 'administrator' | 'source' | null
}

/** Columns of a wire principal; the table is to be called p. */
export const principalColumns = 'p.id, p.kind, p.name, p.display_name AS "displayName"'
const personColumns = `${principalColumns}, p.email, p.parent, p.implicit, p.bot, p.administrator, p.disabled, p.source,
  p.disabled_by AS "disabledBy", p.administrator_by AS "administratorBy"`

const uuid = new RegExp(uuidPattern)

export type NewPrincipal = {
  kind: PrincipalKind
  name: string
  displayName: string
  email?: string | null | undefined
  parent?: string | undefined
  implicit?: boolean
  bot?: boolean
  administrator?: boolean
  passwordHash?: string | undefined
}

/** The new principal, or undefined where its name is taken. Its affiliation is for reflatten. */
export async function insertPrincipal(tx: Connection, made: NewPrincipal): Promise<Principal | undefined> {
  const { rows } = await tx.query<Principal>(
    `INSERT INTO principal AS p (kind, name, name_key, display_name, email, parent, implicit, bot, administrator, password_hash)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (name_key) DO NOTHING RETURNING ${principalColumns}`,
    [
      made.kind,
      made.name,
      nameKey(made.name),
      made.displayName,
      made.email ?? null,
      made.parent ?? null,
      made.implicit ?? false,
      made.bot ?? false,
      made.administrator ?? false,
      made.passwordHash ?? null,
    ],
  )
  return rows[0]
}

/** Makes a domain that came with its first user one that somebody created. Undefined where there is none such. */
export async function adoptDomain(tx: Connection, name: string, displayName: string): Promise<Principal | undefined> {
  const { rows } = await tx.query<Principal>(
    `UPDATE principal p SET implicit = false, name = $2, display_name = $3
      WHERE p.name_key = $1 AND p.kind = 'domain' AND p.implicit RETURNING ${principalColumns}`,
    [nameKey(name), name, displayName],
  )
  return rows[0]
}

export type PrincipalChange = {
  displayName?: string | undefined
  email?: string | null | undefined
  parent?: string | null | undefined
  administrator?: boolean | undefined
  disabled?: boolean | undefined
  passwordHash?: string | undefined
}

/** Changes what is not undefined; null empties email or parent. */
export async function changePrincipal(tx: Connection, id: string, change: PrincipalChange): Promise<void> {
  await tx.query(
    `UPDATE principal SET display_name = coalesce($2, display_name),
            email = CASE WHEN $3 THEN $4 ELSE email END,
            parent = CASE WHEN $5 THEN $6::uuid ELSE parent END,
            administrator = coalesce($7, administrator), disabled = coalesce($8, disabled),
            administrator_by = CASE $7 WHEN true THEN 'administrator' WHEN false THEN NULL ELSE administrator_by END,
            disabled_by = CASE $8 WHEN true THEN 'administrator' WHEN false THEN NULL ELSE disabled_by END,
            password_hash = coalesce($9, password_hash)
      WHERE id = $1`,
    [
      id,
      change.displayName,
      change.email !== undefined,
      change.email ?? null,
      change.parent !== undefined,
      change.parent ?? null,
      change.administrator,
      change.disabled,
      change.passwordHash,
    ],
  )
}

async function findByRefs<R extends Principal>(q: Queryable, columns: string, refs: string[]) {
  const ids = refs.filter(ref => uuid.test(ref))
  const { rows } = await q.query<R & { nameKey: string }>(
    `SELECT ${columns}, p.name_key AS "nameKey" FROM principal p WHERE p.id = ANY ($1::uuid[]) OR p.name_key = ANY ($2)`,
    [ids, refs.map(nameKey)],
  )
  const found = new Map<string, R>()
  for (const { nameKey: key, ...row } of rows) {
    // No name reads like an id (domain/principal): one map holds both.
    found.set(key, row as unknown as R)
    found.set(row.id, row as unknown as R)
  }
  return (ref: string): R => {
    const hit = found.get(ref.toLowerCase()) ?? found.get(nameKey(ref))
    if (!hit)
      throw new Refusal('not_found', `There is no user, group, organisational unit or domain "${ref}". Check the name.`)
    return hit
  }
}

/**
 * The principals that these ids and names stand for, in their order, each once; disabled ones too. Refusal not_found
 * names the first that there is not: who exists is no secret.
 */
export async function resolvePrincipals(q: Queryable, refs: string[]): Promise<Principal[]> {
  if (refs.length === 0) return []
  const byRef = await findByRefs<Principal>(q, principalColumns, refs)
  const once = new Map<string, Principal>()
  for (const principal of refs.map(byRef)) once.set(principal.id, once.get(principal.id) ?? principal)
  return [...once.values()]
}

/** One principal by id or name, with what administrators may know. Refusal not_found. */
export async function resolvePerson(q: Queryable, ref: string): Promise<Person> {
  return (await findByRefs<Person>(q, personColumns, [ref]))(ref)
}

/** By id. */
export async function getPrincipal(q: Queryable, id: string): Promise<Person | undefined> {
  const { rows } = await q.query<Person>(`SELECT ${personColumns} FROM principal p WHERE p.id = $1`, [id])
  return rows[0]
}

/** Those of the ids that there are, by id. */
export async function principalsByIds(q: Queryable, ids: string[]): Promise<Map<string, Principal>> {
  const { rows } = await q.query<Principal>(
    `SELECT ${principalColumns} FROM principal p WHERE p.id = ANY ($1::uuid[])`,
    [ids],
  )
  return new Map(rows.map(row => [row.id, row]))
}

/** What a password is compared with; the hash is null where nobody may sign in by password. */
export type Credential = {
  principal: Principal & { administrator: boolean }
  passwordHash: string | null
  mayUse: boolean
  /** Who knows the password, where it is not kept here; and the account's id there. */
  source: string
  externalId: string | null
}

/** The user of this name. `mayUse` is false for bots and for disabled users. */
export async function findCredential(q: Queryable, name: string): Promise<Credential | undefined> {
  const { rows } = await q.query<Credential['principal'] & Omit<Credential, 'principal'>>(
    `SELECT ${principalColumns}, p.administrator, p.password_hash AS "passwordHash", NOT (p.bot OR p.disabled) AS "mayUse",
            p.source, p.external_id AS "externalId"
       FROM principal p WHERE p.name_key = $1 AND p.kind = 'user'`,
    [nameKey(name)],
  )
  const row = rows[0]
  if (!row) return undefined
  const { passwordHash, mayUse, source, externalId, ...principal } = row
  return { principal, passwordHash, mayUse, source, externalId }
}

export async function hasAdministrator(q: Queryable): Promise<boolean> {
  const { rows } = await q.query<{ has: boolean }>('SELECT EXISTS (SELECT FROM principal WHERE administrator) AS has')
  return rows[0]!.has
}
