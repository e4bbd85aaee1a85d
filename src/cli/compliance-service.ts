import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import type { Log } from '../base/log.ts'
import type { ReadFile } from '../compliance/adapter.ts'
import { besideStore, ensureDatabase } from '../compliance/database.ts'
import { openSigningKey } from '../compliance/head.ts'
import { type ComplianceService, openComplianceService } from '../compliance/service.ts'
import { noKeys, readKeys } from '../files/keys.ts'
import { readBody } from '../files/objects.ts'
import type { FileStore } from '../files/store.ts'
import type { StoreAddress } from '../store/address.ts'
import { readCompliance } from '../store/compliance.ts'
import { writeServiceReport } from '../store/compliance-report.ts'
import { type Db, type DbOptions, openDb } from '../store/db.ts'
import { findFile } from '../store/file.ts'
import { openFileStore } from './file-options.ts'
import type { StartOptions } from './options.ts'

export type ComplianceOptions = Pick<
  StartOptions,
  | 'complianceDatabaseUrl'
  | 'complianceKeyFile'
  | 'complianceAnchors'
  | 'dataDir'
  | 'fileStore'
  | 'fileKeyFile'
  | 'server'
>

export type ComplianceHere = ComplianceService & { store: Db }

const connections = 4
const moving: DbOptions = { max: connections, statementMs: 600_000 }
/** For who looks whether a database is well: a connection that hangs is given up soon, and holds up nothing else. */
export const looking: DbOptions = { max: 1, statementMs: 4_000 }

/** The archive as the options name it: a database of its own, or one beside the store where that is the embedded one. */
export async function openArchive(options: ComplianceOptions, store: StoreAddress, as = moving): Promise<Db> {
  if (options.complianceDatabaseUrl) return openDb({ connectionString: options.complianceDatabaseUrl }, as)
  if ('connectionString' in store)
    throw new Error(
      'No database for the archive is named. Add --compliance-database-url <url>, best on another server than the store.',
    )
  const address = besideStore(store)
  await ensureDatabase(address)
  return openDb(address, as)
}

export function keyFileOf({ complianceKeyFile, dataDir }: ComplianceOptions): string {
  return resolve(complianceKeyFile ?? join(dataDir, 'compliance-key.pem'))
}

export function anchorFileOf({ complianceAnchors, dataDir }: ComplianceOptions): string {
  return resolve(complianceAnchors ?? join(dataDir, 'compliance-anchors.jsonl'))
}

/** Runs the Compliance service on this machine. */
export function startCompliance(options: ComplianceOptions, address: StoreAddress, log: Log): ComplianceHere {
  const store = openDb(address, { max: connections })
  const service = openComplianceService({
    store,
    openArchive: () => openArchive(options, address),
    openLook: () => openArchive(options, address, looking),
    openKey: () => openSigningKey(keyFileOf(options)),
    anchorFile: anchorFileOf(options),
    holder: `${options.server ?? hostname()} ${process.pid}`,
    configured: async () => {
      const { recording, settings } = await readCompliance(store)
      return { recording, adapters: settings.adapters }
    },
    readFile: openReadFile(store, options),
    tell: report => writeServiceReport(store, report),
    log,
  })
  return {
    ...service,
    store,
    async stop() {
      await service.stop()
      await store.end()
    },
  }
}

/** Bytes of files for adapters that take them along; the file store is opened with the first one. */
export function openReadFile(db: Db, options: ComplianceOptions): ReadFile {
  let opened: Promise<FileStore> | undefined
  return async function* (id) {
    opened ??= openFileStore(options).catch(error => {
      opened = undefined
      throw error
    })
    const store = await opened
    const keys = options.fileKeyFile === undefined ? noKeys : await readKeys(options.fileKeyFile)
    const file = await findFile(db, id)
    if (!file?.body) throw new Error(`The bytes of file ${id} are gone.`)
    yield* readBody({ db, store, keys }, file.body, 0, file.size - 1)
  }
}
