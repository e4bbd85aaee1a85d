import { hostname, userInfo } from 'node:os'
import type { Command } from 'commander'
import { certificateWords } from '../base/certificate-fault.ts'
import { Refusal } from '../protocol/error.ts'
import { type StoreAddress, splitHosts } from '../store/address.ts'
import { type Db, storeRefusal } from '../store/db.ts'
import { findEmbedded } from '../store/embedded.ts'
import { centralBeside, ensureCentralDatabase, openCentral } from '../topology/central-place.ts'
import { isCentral, migrateCentral, requireCentral } from '../topology/central-schema.ts'
import { fillSecrets } from '../topology/connection.ts'
import { secretVariables } from '../topology/secret.ts'
import { certificateMend } from './explain.ts'
import { readReference } from './secret-reference.ts'
import { Misuse } from './shell/fault.ts'
import type { Io } from './shell/io.ts'

/** Where the Central Management Store is: a database of its own, or the one beside the embedded one of a running server. */
export type CentralOptions = { cms?: string; dataDir?: string; json?: boolean }

export function withCms(command: Command): Command {
  return command
    .hook('preAction', requireAsked)
    .option(
      '--cms <url>',
      'the Central Management Store, such as postgres://pchat_publisher@db1/pchat_central (PCHAT_CMS; password: PCHAT_CMS_SECRET)',
    )
    .option(
      '--data-dir <folder>',
      'of a running server with its own database, where no store is named (PCHAT_DATA_DIR)',
    )
}

/** What would be passed over in silence is wrong use: `show FILE` and `diff A B` ask no store. */
function requireAsked(command: Command): void {
  const isOfFiles =
    (command.name() === 'show' && command.args.length > 0) ||
    (command.name() === 'diff' && command.opts().published !== true && command.args.length > 1)
  const named = ['cms', 'dataDir', 'version'].filter(name => command.getOptionValueSource(name) === 'cli')
  if (!isOfFiles || named.length === 0) return
  const flags = command.options.filter(option => named.includes(option.attributeName())).map(option => option.long)
  command.error(`error: ${flags.join(' and ')} is about what is published, and files are named. Leave one of them out.`)
}

/** Who does something, for its record; the database adds as whom he signed in there. */
export function authorHere(): string {
  return `${userInfo().username}@${hostname()}`
}

/** For reading: `work` gets undefined where there is no store yet, and nothing is made. */
export function readCentral<T>(options: CentralOptions, io: Io, work: (db: Db | undefined) => Promise<T>): Promise<T> {
  return onCentral(options, io, (db, address) => readOn(db, address, work))
}

/** The same over connections that are there already. */
export function readOn<T>(db: Db, address: StoreAddress, work: (db: Db | undefined) => Promise<T>): Promise<T> {
  return explaining(async () => work((await isThere(db, address)) ? db : undefined))
}

/** For writing. Only beside the embedded store it is made; elsewhere whoever makes it owns it, and could change all of it. */
export function changeCentral<T>(options: CentralOptions, io: Io, work: (db: Db) => Promise<T>): Promise<T> {
  return onCentral(options, io, (db, address) => changeOn(db, address, work))
}

/** The same over connections that are there already. */
export function changeOn<T>(db: Db, address: StoreAddress, work: (db: Db) => Promise<T>): Promise<T> {
  return explaining(async () => {
    if ('connectionString' in address) {
      await isThere(db, address)
      await requireCentral(db)
    } else {
      await ensureCentralDatabase(address)
      await migrateCentral(db)
    }
    return work(db)
  })
}

async function onCentral<T>(
  options: CentralOptions,
  { env }: Io,
  work: (db: Db, address: StoreAddress) => Promise<T>,
): Promise<T> {
  const address = await addressOf(options, env)
  const db = openCentral(address)
  try {
    return await work(db, address)
  } finally {
    await db.end()
  }
}

async function explaining<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw explained(error)
  }
}

async function addressOf({ cms, dataDir }: CentralOptions, env: NodeJS.ProcessEnv): Promise<StoreAddress> {
  if (cms !== undefined && dataDir !== undefined)
    throw new Misuse('--cms and --data-dir name two stores. Leave one of them out.')
  // A folder that is named means the store beside it, whatever the environment says.
  const url = cms ?? (dataDir === undefined ? env.PCHAT_CMS : undefined)
  if (url !== undefined) {
    if (!splitHosts(url)) throw new Misuse('--cms is no address such as postgres://pchat_publisher@db1/pchat_central.')
    return { connectionString: withPassword(url, env) }
  }
  const folder = dataDir ?? env.PCHAT_DATA_DIR ?? './data'
  const store = await findEmbedded(folder)
  if (store) return centralBeside(store)
  throw new Misuse(
    `No server with its own database runs in ${folder}. Name the Central Management Store with --cms, or the folder with --data-dir.`,
  )
}

function withPassword(cms: string, env: NodeJS.ProcessEnv): string {
  const reference = env[secretVariables.cms]
  if (reference === undefined) return cms
  try {
    return fillSecrets({ cms }, [{ setting: 'cms', reference }], one => readReference(one, env)).cms!
  } catch (error) {
    throw new Misuse((error as Error).message)
  }
}

/** Beside the embedded store the first publication makes it; elsewhere a name that is nowhere was mistyped. */
async function isThere(db: Db, address: StoreAddress): Promise<boolean> {
  try {
    if (await isCentral(db)) return true
    if (!('connectionString' in address)) return false
    throw new Refusal(
      'not_found',
      'There is no Central Management Store in this database. Make it with pchat topology prepare, or name another one with --cms.',
    )
  } catch (error) {
    if ((error as { code?: string }).code === '3D000' && !('connectionString' in address)) return false
    throw error
  }
}

function explained(error: unknown): unknown {
  const { code, message } = error as { code?: string; message: string }
  if (code === '42501')
    return new Refusal(
      'forbidden',
      `This role may not do that (${message}). Sign in as the publisher: with its name in the address of --cms (PCHAT_CMS), its password where PCHAT_CMS_SECRET says, or in PGPASSFILE.`,
    )
  if (code?.startsWith('28'))
    return new Refusal(
      'forbidden',
      `The Central Management Store refuses the sign-in: ${message}. Mend the role in --cms (PCHAT_CMS), or its password where PCHAT_CMS_SECRET or PGPASSFILE says.`,
    )
  if (code === '3D000')
    return new Refusal('not_found', `${message}. Make it with pchat topology prepare, or name another one with --cms.`)
  const shown = certificateWords(code)
  if (shown) return new Refusal('unavailable', `The Central Management Store ${shown}. ${certificateMend}`)
  const refusal = storeRefusal(error)
  if (refusal === undefined || refusal === error) return error
  return new Refusal('unavailable', `The Central Management Store did not answer: ${message || code}. Try again.`)
}
