import { resolve } from 'node:path'
import { besideStore } from '../compliance/database.ts'
import { isArchive, isWhole } from '../compliance/migrate.ts'
import { isPrepared, readRoleRights } from '../compliance/prepare.ts'
import type { Db, Queryable } from '../store/db.ts'
import { lookAtStore } from '../store/doctor.ts'
import { findEmbedded } from '../store/embedded.ts'
import { type Check, fault, look, ok, type Seen, warning } from './doctor-check.ts'
import { checkBeside, checkDatabase } from './doctor-database.ts'
import type { StartOptions } from './options.ts'

const area = 'archive'

/** The archive of compliance, where this machine has the service that writes it. */
export async function checkArchive({ complianceDatabaseUrl, databaseUrl, dataDir }: StartOptions): Promise<Check[]> {
  if (complianceDatabaseUrl !== undefined)
    return checkDatabase(area, complianceDatabaseUrl, async db => (db ? checkContent(db, true) : []))
  const embedded = databaseUrl === undefined ? await findEmbedded(resolve(dataDir)) : undefined
  if (!embedded) return []
  return checkBeside(area, besideStore(embedded), 'made once recording is on', db => checkContent(db, false))
}

const prepare = 'Run pchat compliance prepare, which makes it, brings it up to date, and gives the service its rights.'

async function checkContent(db: Db, isApart: boolean): Promise<Check[]> {
  const wanted = 'the schema of this program'
  const schema = await look(area, 'schema', wanted, prepare, () => lookAtStore(db, seeSchema))
  if (schema.state !== 'ok') return [schema]
  const may = 'to append to it, and nothing else'
  return [
    schema,
    // The embedded one is the server's own.
    ...(isApart ? [await look(area, 'rights', may, prepare, () => seeRights(db, may))] : []),
  ]
}

async function seeSchema(q: Queryable): Promise<Seen> {
  const wanted = 'the schema of this program'
  if (!(await isArchive(q))) return warning('no archive in this database yet', wanted, prepare)
  return (await isWhole(q)) ? ok(wanted) : fault('an older schema than this program needs', wanted, prepare)
}

async function seeRights(db: Db, wanted: string): Promise<Seen> {
  const { role, changes } = await readRoleRights(db)
  if (!(await isPrepared(db))) return fault(`${role} may not append`, wanted, prepare)
  if (!changes) return ok(`${role} may append, and changes and deletes nothing`, wanted)
  return warning(
    `${role} may change or delete what is recorded`,
    wanted,
    'Name the role that pchat compliance prepare makes for the service in the address, with its password.',
  )
}
