import { isPrepared, prepareRoles } from '../compliance/prepare.ts'
import { type Db, openDb } from '../store/db.ts'
import { lookAtStore, readSchemaFacts, type SchemaFacts } from '../store/doctor.ts'
import { migrate } from '../store/migrate.ts'
import {
  closeToOthers,
  lookAsAdministrator,
  prepareStore,
  readRights,
  requireLeast,
  requireOwner,
} from '../store/prepare.ts'
import { databaseDoings, databasesOf, type Named, settingOf } from '../topology/steps.ts'
import { placeOf } from './bootstrap-admin.ts'
import { type Doing, type Site, type Standing, Waits } from './bootstrap-doing.ts'
import { filledSettings } from './bootstrap-stores.ts'

/** As `pchat compliance prepare` calls it. */
const archiveOwner = 'pchat_archive_owner'
const bounded = { max: 1, statementMs: 20_000, onError() {} }
const isArchive = ({ what }: Named) => what === 'PersistentChatComplianceStore'

/** Roles and databases of the machine's pools, in the order of the steps. */
export function databaseDoing(site: Site): Doing[] {
  return databasesOf(site.plan).map((named, i) => ({
    id: `database-${i + 1}`,
    look: () => lookAt(named, site),
    act: () => prepare(named, site),
  }))
}

/** The address with its password, as a process of the machine has it. */
function urlOf(named: Named, { plan, env }: Site): string {
  const one = plan.processes.find(({ pool }) => pool === named.pool)!
  const url = filledSettings(one, env)[settingOf[named.what]]
  if (url === undefined) throw new Error(`The password of ${named.user} cannot be read. See the step of passwords.`)
  return url
}

async function on<T>(connectionString: string, work: (db: Db) => Promise<T>): Promise<T> {
  const db = openDb({ connectionString }, bounded)
  try {
    return await work(db)
  } finally {
    await db.end()
  }
}

async function lookAt(named: Named, site: Site): Promise<Standing> {
  const { user, database, hosts } = named
  const not = (found: string) => ({ done: false, found })
  let url: string
  try {
    url = urlOf(named, site)
  } catch {
    return not('its password is to be made')
  }
  try {
    return await on(url, async db => {
      const rights = await readRights(db)
      requireLeast(rights)
      if (rights.isOpen) return not('others may come in')
      if (isArchive(named))
        return (await isPrepared(db))
          ? { done: true, found: `${database} on ${hosts.join(', ')}` }
          : not('it has not the schema of this program')
      requireOwner(rights, database)
      return { done: true, found: `${database} on ${hosts.join(', ')}` }
    })
  } catch (error) {
    const code = codeOf(error)
    if (code === '3D000') return not('the database is not there')
    // A privilege that an interrupted run did not come to.
    if (code === '42501') return not('its rights are not there')
    if (code === '28P01' || code === '28000') return not(`${user} is not let in`)
    throw error
  }
}

function codeOf(error: unknown): string | undefined {
  const { code, cause } = error as { code?: string; cause?: { code?: string } }
  return code ?? cause?.code
}

async function prepare(named: Named, site: Site): Promise<void> {
  const { user, database, hosts, password: reference } = named
  const url = urlOf(named, site)
  // Whoever owns a database closes it himself.
  const isOwners = await on(url, async db => (await readRights(db)).owner === user).catch(() => false)
  if (isOwners && !isArchive(named)) return on(url, closeToOthers)
  const adminUrl = adminOf(named, site)
  const { isThere, isStandBy } = await lookAsAdministrator(adminUrl, user)
  if (isStandBy)
    throw new Error(
      `The address of the administrator is of a stand-by. Name the one of ${hosts.join(', ')} that takes writes.`,
    )
  const refused = await on(url, readRights).then(
    () => false,
    error => codeOf(error) === '28P01',
  )
  if (isThere && refused)
    throw new Error(
      `${user} on ${hosts.join(', ')} has another password than ${reference}. Copy that file from the machine that made it, or set the password there (\\password ${user}).`,
    )
  const password = isThere || !new URL(url).password ? undefined : decodeURIComponent(new URL(url).password)
  if (isArchive(named)) await prepareRoles({ adminUrl, database, owner: archiveOwner, service: user, password })
  else await prepareStore({ adminUrl, database, user, password })
}

/** Without an administrator nobody sees whether the role is to be made, or has another password than the one here. */
function copied(reference: string | undefined): string {
  if (!reference?.startsWith('file:')) return ''
  return ` Where another server of the pool runs already, change nothing in the database: copy ${reference.slice(5)} from its machine instead.`
}

/** The administrator of one of its hosts; without one it is somebody else's to do. */
function adminOf(named: Named, { adminUrls }: Site): string {
  const { hosts, what, password } = named
  const found = adminUrls.find(one => hosts.includes(placeOf(one)))
  if (found !== undefined) return found
  throw new Waits(
    `${what} is an administrator's to make, on ${hosts.join(', ')}: do what is listed, or name one with PCHAT_ADMIN_URL or --admin-url. Then run this again.${copied(password)}`,
    databaseDoings(named),
  )
}

async function factsOf(named: Named, site: Site): Promise<SchemaFacts | undefined> {
  return on(urlOf(named, site), db => lookAtStore(db, readSchemaFacts))
}

/** Before a server starts; under the lock of the store, so that several machines may begin at once. */
export function migrationsDoing(site: Site): Doing {
  const stores = databasesOf(site.plan).filter(({ what }) => what === 'PersistentChatStore')
  return {
    id: 'migrations',
    async look() {
      for (const named of stores) {
        const facts = await factsOf(named, site).catch(() => undefined)
        if (!facts || facts.has < facts.knows)
          return { done: false, found: facts ? `schema ${facts.has} of ${facts.knows}` : 'no schema yet' }
      }
      return { done: true, found: 'the schema of this program, or a later one' }
    },
    async act() {
      for (const named of stores) {
        const db = openDb({ connectionString: urlOf(named, site) }, { max: 2, statementMs: 3_600_000 })
        try {
          await migrate(db)
        } finally {
          await db.end()
        }
      }
    },
  }
}
