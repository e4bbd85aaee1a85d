import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { escapeIdentifier } from 'pg'
import { type Connection, type Db, openDb, transaction } from './db.ts'

/** As a topology may have them. */
const roleName = /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/

/** Throws where one of the names is none that a topology could have. */
export function requireNames(...names: string[]): void {
  for (const name of names) if (!roleName.test(name)) throw new Error(`${name} is no name of a database or role.`)
}

/** Makes the role where it is missing, with its password in the same statement. True where it was made. */
export async function ensureRole(
  admin: Db,
  name: string,
  login: 'LOGIN' | 'NOLOGIN',
  password?: string,
): Promise<boolean> {
  const { rowCount } = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [name])
  if (rowCount !== 0) return false
  const secret = password === undefined ? '' : ` PASSWORD ${await quoted(admin, verifierOf(password))}`
  await admin.query(`CREATE ROLE ${escapeIdentifier(name)} ${login} NOSUPERUSER NOCREATEDB NOCREATEROLE${secret}`)
  return true
}

export async function setPassword(admin: Db, role: string, password: string): Promise<void> {
  await admin.query(`ALTER ROLE ${escapeIdentifier(role)} PASSWORD ${await quoted(admin, verifierOf(password))}`)
}

/** DDL takes no parameters, and only the server knows how it quotes. */
async function quoted(admin: Db, text: string): Promise<string> {
  const { rows } = await admin.query<{ text: string }>("SELECT format('%L', $1::text) AS text", [text])
  return rows[0]!.text
}

const rounds = 4096

/**
 * What PostgreSQL keeps of a password (SCRAM-SHA-256, RFC 5803): so that the password itself is in no statement, and in no log of
 * statements. Beyond ASCII the server itself has to prepare it.
 */
export function verifierOf(password: string, salt = randomBytes(16)): string {
  if (!/^[\x20-\x7e]+$/.test(password)) return password
  const salted = pbkdf2Sync(password, salt, rounds, 32, 'sha256')
  const keyOf = (word: string) => createHmac('sha256', salted).update(word).digest()
  const stored = createHash('sha256').update(keyOf('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${rounds}:${salt.toString('base64')}$${stored}:${keyOf('Server Key').toString('base64')}`
}

const isNeeded = `SELECT NOT rolsuper AND EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AND NOT EXISTS (
    SELECT FROM pg_auth_members m JOIN pg_roles o ON o.oid = m.roleid
    WHERE o.rolname = $1 AND m.member = r.oid
      AND (current_setting('server_version_num')::int < 160000 OR m.grantor = r.oid)) AS "isNeeded"
  FROM pg_roles r WHERE r.rolname = current_user`

/** Answers how to give back what it took: whoever is no superuser acts for a role that he is a member of, and should not stay one. */
export async function becomeMember(admin: Db, owner: string): Promise<() => Promise<void>> {
  const { rows } = await admin.query<{ isNeeded: boolean }>(isNeeded, [owner])
  if (!rows[0]!.isNeeded) return async () => {}
  await admin.query(`GRANT ${escapeIdentifier(owner)} TO CURRENT_USER`)
  return async () => void (await admin.query(`REVOKE ${escapeIdentifier(owner)} FROM CURRENT_USER`))
}

/** In one transaction as that role, so that an administrator who is killed meanwhile is no member of it either. */
export function asRole<T>(admin: Db, role: string, work: (tx: Connection) => Promise<T>): Promise<T> {
  return asMember(admin, role, async tx => {
    await tx.query(`SET LOCAL ROLE ${escapeIdentifier(role)}`)
    const result = await work(tx)
    await tx.query('SET LOCAL ROLE NONE')
    return result
  })
}

function asMember<T>(admin: Db, role: string, work: (tx: Connection) => Promise<T>): Promise<T> {
  return transaction(admin, async tx => {
    const { rows } = await tx.query<{ isNeeded: boolean }>(isNeeded, [role])
    const needed = rows[0]!.isNeeded
    if (needed) await tx.query(`GRANT ${escapeIdentifier(role)} TO CURRENT_USER`)
    const result = await work(tx)
    if (needed) await tx.query(`REVOKE ${escapeIdentifier(role)} FROM CURRENT_USER`)
    return result
  })
}

/**
 * Makes the database of an owner where it is missing. A run that was killed leaves one without anything in it, which belongs to the
 * administrator still: it is given over. Throws where it is somebody else's.
 */
export async function ensureOwnDatabase(adminUrl: string, admin: Db, database: string, owner: string): Promise<void> {
  const { rows } = await admin.query<{ owner: string | null; me: string }>(
    `SELECT (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1) AS owner, current_user AS me`,
    [database],
  )
  const { owner: found, me } = rows[0]!
  if (found === owner) return
  if (found !== null && (found !== me || !(await isEmpty(adminUrl, database))))
    throw new Error(
      `The database ${database} belongs to ${found}. Run ALTER DATABASE ${escapeIdentifier(database)} OWNER TO ${escapeIdentifier(owner)}, or name another database.`,
    )
  if (found === null)
    await admin.query(`CREATE DATABASE ${escapeIdentifier(database)} ENCODING 'UTF8' TEMPLATE template0`)
  await asMember(admin, owner, tx =>
    tx.query(`ALTER DATABASE ${escapeIdentifier(database)} OWNER TO ${escapeIdentifier(owner)}`),
  )
}

function isEmpty(adminUrl: string, database: string): Promise<boolean> {
  return asAdministrator(inDatabase(adminUrl, database), async db => {
    const { rowCount } = await db.query(
      "SELECT FROM pg_class WHERE relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^(pg_|information_schema$)') LIMIT 1",
    )
    return rowCount === 0
  })
}

/** Work of an administrator over one connection, so that a role that is set stays. */
export async function asAdministrator<T>(connectionString: string, work: (db: Db) => Promise<T>): Promise<T> {
  const db = openDb({ connectionString }, { max: 1, statementMs: 3_600_000 })
  try {
    return await work(db)
  } finally {
    await db.end()
  }
}

/** The same server and the same administrator, in another database. */
export function inDatabase(url: string, database: string): string {
  const other = new URL(url)
  other.pathname = `/${database}`
  return other.href
}
