import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { type Db, openDb } from './db.ts'

/** As statements of ours have them: without quotes. */
const roleName = /^[a-z_][a-z0-9_]{0,62}$/

/** Throws where one of the names could not stand in a statement as it is. */
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
  await admin.query(`CREATE ROLE ${name} ${login} NOSUPERUSER NOCREATEDB NOCREATEROLE${secret}`)
  return true
}

export async function setPassword(admin: Db, role: string, password: string): Promise<void> {
  await admin.query(`ALTER ROLE ${role} PASSWORD ${await quoted(admin, verifierOf(password))}`)
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

/** Answers how to give back what it took: whoever is no superuser acts for a role that he is a member of, and should not stay one. */
export async function becomeMember(admin: Db, owner: string): Promise<() => Promise<void>> {
  const { rows } = await admin.query<{ isNeeded: boolean }>(
    `SELECT NOT rolsuper AND EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AND NOT EXISTS (
       SELECT FROM pg_auth_members m JOIN pg_roles o ON o.oid = m.roleid
       WHERE o.rolname = $1 AND m.member = r.oid
         AND (current_setting('server_version_num')::int < 160000 OR m.grantor = r.oid)) AS "isNeeded"
     FROM pg_roles r WHERE r.rolname = current_user`,
    [owner],
  )
  if (!rows[0]!.isNeeded) return async () => {}
  await admin.query(`GRANT ${owner} TO CURRENT_USER`)
  return async () => void (await admin.query(`REVOKE ${owner} FROM CURRENT_USER`))
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
