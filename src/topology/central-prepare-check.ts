import { escapeIdentifier } from 'pg'
import type { Db } from '../store/db.ts'
import { isCentral, requireAlone } from './central-schema.ts'

type Names = { owner: string; publisher: string; reader: string }

/** Roles that are there already: throws where one of them could do what it must not, before anything is made. */
export async function requireFit(admin: Db, { owner, publisher, reader }: Names): Promise<void> {
  const { rows } = await admin.query<{ name: string; signsIn: boolean; isSuper: boolean; isOwner: boolean }>(
    `SELECT r.rolname AS name, r.rolcanlogin AS "signsIn", r.rolsuper AS "isSuper",
            EXISTS (SELECT FROM pg_roles o WHERE o.rolname = $2 AND pg_has_role(r.oid, o.oid, 'MEMBER')) AS "isOwner"
     FROM pg_roles r WHERE r.rolname = ANY($1)`,
    [[owner, publisher, reader], owner],
  )
  for (const { name, signsIn, isSuper, isOwner } of rows) {
    if (isSuper) throw new Error(`${name} is a superuser, who can change what was published. Name another role.`)
    if (name === owner && signsIn)
      throw new Error(`${name} can sign in, and owns what nobody shall change. Run ALTER ROLE ${name} NOLOGIN.`)
    if (name !== owner && isOwner)
      throw new Error(`${name} is a member of ${owner}, who owns what was published. Run REVOKE ${owner} FROM ${name}.`)
  }
}

/** A database that is there already: throws where it is of something else, before anything is changed in it. */
export async function requireOurs(central: Db, database: string, owner: string): Promise<void> {
  if (!(await isCentral(central))) return requireAlone(central)
  const { rows } = await central.query<{ name: string }>(
    "SELECT pg_get_userbyid(relowner) AS name FROM pg_class WHERE oid = to_regclass('central_migration')",
  )
  const found = rows[0]!.name
  if (found !== owner)
    throw new Error(
      `The Central Management Store in ${database} belongs to ${found}, who can change what was published. Name him with --owner, or run REASSIGN OWNED BY ${found} TO ${owner} there.`,
    )
}

/** Whoever owns a database can remove all that is in it: one that somebody else made is given over to `owner`. */
export async function giveOver(admin: Db, database: string, owner: string): Promise<void> {
  const { rows } = await admin.query<{ name: string }>(
    'SELECT pg_get_userbyid(datdba) AS name FROM pg_database WHERE datname = $1',
    [database],
  )
  const found = rows[0]!.name
  if (found === owner) return
  await admin.query(`ALTER DATABASE ${escapeIdentifier(database)} OWNER TO ${escapeIdentifier(owner)}`).catch(error => {
    if (error.code !== '42501') throw error
    throw new Error(
      `The database ${database} belongs to ${found}, who can remove what is published. As ${found} or a superuser run ALTER DATABASE ${database} OWNER TO ${owner}, then this again.`,
      { cause: error },
    )
  })
}
