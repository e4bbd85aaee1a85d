import { escapeIdentifier } from 'pg'
import type { Db } from '../store/db.ts'
import { asAdministrator, becomeMember, ensureRole, inDatabase, requireNames, setPassword } from '../store/role.ts'
import { giveOver, requireFit, requireOurs } from './central-prepare-check.ts'
import { migrateCentral } from './central-schema.ts'

export type CentralRoles = {
  /** Of somebody who may make databases and roles. */
  adminUrl: string
  database: string
  /** Owns everything there, and cannot sign in. */
  owner: string
  /** Publishes, and can neither change nor remove what was published. */
  publisher: { name: string; password?: string | undefined }
  /** What servers follow as: can read, and nothing else. */
  reader: { name: string; password?: string | undefined }
}

/** Makes database and roles, or brings them up to date; answers the migrations that it applied. May be run again. */
export async function prepareCentral({
  adminUrl,
  database,
  owner,
  publisher,
  reader,
}: CentralRoles): Promise<string[]> {
  requireNames(database, owner, publisher.name, reader.name)
  if (new Set([owner, publisher.name, reader.name]).size < 3)
    throw new Error('Owner, publisher and reader are one role. Give each its own name: only then each has its rights.')
  const inside = <T>(work: (central: Db) => Promise<T>) => asAdministrator(inDatabase(adminUrl, database), work)
  return asAdministrator(adminUrl, async admin => {
    await requireFit(admin, { owner, publisher: publisher.name, reader: reader.name })
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [database])
    const isThere = rowCount !== 0
    // Only as one of the owner's an administrator comes into the database a second time.
    const stops = [await becomeMember(admin, owner)]
    try {
      if (isThere) await inside(central => requireOurs(central, database, owner))
      await ensureRole(admin, owner, 'NOLOGIN')
      for (const { name, password } of [publisher, reader]) {
        await ensureRole(admin, name, 'LOGIN')
        if (password !== undefined) await setPassword(admin, name, password)
      }
      stops.push(await becomeMember(admin, owner))
      if (isThere) await giveOver(admin, database, owner)
      else await admin.query(`CREATE DATABASE ${escapeIdentifier(database)} OWNER ${escapeIdentifier(owner)}`)
      return await inside(central =>
        fill(central, {
          ...{
            database: escapeIdentifier(database),
            owner,
            publisher: escapeIdentifier(publisher.name),
            reader: escapeIdentifier(reader.name),
          },
        }),
      )
    } finally {
      for (const stop of stops) await stop()
    }
  })
}

type Names = { database: string; owner: string; publisher: string; reader: string }

async function fill(central: Db, { database, owner, publisher, reader }: Names): Promise<string[]> {
  const { rows } = await central.query<{ name: string }>(
    "SELECT pg_get_userbyid(nspowner) AS name FROM pg_namespace WHERE nspname = 'public'",
  )
  // As databases from before PostgreSQL 15 have it: whoever owns the schema can remove what is in it.
  if (![owner, 'pg_database_owner'].includes(rows[0]?.name ?? owner))
    await central.query(`ALTER SCHEMA public OWNER TO ${escapeIdentifier(owner)}`)
  await central.query(`SET ROLE ${escapeIdentifier(owner)}`)
  const both = `${publisher}, ${reader}`
  // TEMPORARY with it: a table of that kind could stand in for a real one in a trigger.
  await central.query(
    `REVOKE ALL ON DATABASE ${database} FROM PUBLIC; GRANT CONNECT ON DATABASE ${database} TO ${both}`,
  )
  const applied = await migrateCentral(central)
  await central.query(`
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${both};
    GRANT USAGE ON SCHEMA public TO ${both};
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${both};
    GRANT INSERT (based_on, restores, document, author, note) ON publication TO ${publisher};
    GRANT INSERT (version, author, note) ON adoption TO ${publisher}`)
  return applied
}
