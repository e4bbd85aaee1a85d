import { hostname, userInfo } from 'node:os'
import { resolve } from 'node:path'
import type { AdapterSettings } from '../compliance/adapter.ts'
import { readAnchors } from '../compliance/anchor.ts'
import { lastHead, rangeOfPeriod, readArchiveId } from '../compliance/archive.ts'
import { besideStore } from '../compliance/database.ts'
import { openSigningKey, publicPem, readPublicKeys } from '../compliance/head.ts'
import { isArchive } from '../compliance/migrate.ts'
import { openAdapter, produceRange } from '../compliance/produce.ts'
import { exportProof } from '../compliance/proof.ts'
import { reconcile, signReconciliation } from '../compliance/reconcile.ts'
import { type Verdict, verifyArchive } from '../compliance/verify.ts'
import { isInstant } from '../domain/instant.ts'
import { operator } from '../domain/operator.ts'
import { audit } from '../store/audit.ts'
import { type Proof, proofAction } from '../store/compliance-report.ts'
import { type Db, openDb, transaction } from '../store/db.ts'
import { noteEvents } from '../store/outbox.ts'
import { anchorFileOf, type ComplianceOptions, keyFileOf, openReadFile } from './compliance-service.ts'
import { addressOf, onStore, type StoreOptions } from './store-verb.ts'

export type ArchiveOptions = StoreOptions & ComplianceOptions
export type PeriodOptions = ArchiveOptions & { from?: string; until?: string }

/** What cannot be done, in a sentence for who asked. */
class ArchiveFault extends Error {}

/** The archive that is there already, for reading; rejects where there is none. */
export async function withArchive<T>(options: ArchiveOptions, work: (archive: Db) => Promise<T>): Promise<T> {
  const archive = openDb(await archiveAddress(options), { max: 2, statementMs: 3_600_000 })
  try {
    if (!(await isThere(archive)))
      throw new ArchiveFault('There is no archive there yet: the compliance service makes it once recording is on.')
    return await work(archive)
  } finally {
    await archive.end()
  }
}

async function isThere(archive: Db): Promise<boolean> {
  try {
    return await isArchive(archive)
  } catch (error) {
    // No such database.
    if ((error as { code?: string }).code === '3D000') return false
    throw error
  }
}

async function archiveAddress(options: ArchiveOptions) {
  if (options.complianceDatabaseUrl) return { connectionString: options.complianceDatabaseUrl }
  const address = await addressOf(options)
  if ('connectionString' in address)
    throw new ArchiveFault("Which archive? Name its database with --compliance-database-url, beside the pool's store.")
  return besideStore(address)
}

/** Exit codes: 0 sound, 1 not, 2 could not be checked. */
export async function verify(options: ArchiveOptions & { publicKey?: string }): Promise<void> {
  try {
    const keys = await readPublicKeys(resolve(options.publicKey ?? keyFileOf(options)))
    const verdict = await withArchive(options, async archive => {
      const anchors = await readAnchors(anchorFileOf(options), await readArchiveId(archive))
      return verifyArchive(archive, { keys, anchors })
    })
    process.exitCode = verdict.sound ? 0 : 1
    await noteProof(options, verdict)
    if (options.json) return console.log(JSON.stringify(verdict, null, 2))
    const { entries, batches, anchoredThrough, firstBad } = verdict
    if (firstBad) return console.log(`NOT SOUND. ${firstBad.sentence}`)
    console.log(`Sound: ${entries} entries in ${batches} batches, up to ${anchoredThrough} anchored outside.`)
    if (anchoredThrough < entries)
      console.log('Entries behind that one are proven by no anchor yet; pchat compliance reconcile compares them.')
  } catch (error) {
    console.error(`pchat: The archive could not be checked: ${(error as Error).message}`)
    process.exitCode = 2
  }
}

/** For the console, by the audit record. The verdict stands without it: whoever verifies may have no way to the store. */
async function noteProof(options: ArchiveOptions, { sound, entries, batches, anchoredThrough, firstBad }: Verdict) {
  try {
    const store = openDb(await addressOf(options), { max: 1 })
    const proof: Proof = { by: whoAsks(), sound, entries, batches, anchoredThrough, fault: firstBad?.sentence ?? null }
    await audit(store, operator.id, proofAction, 'archive', proof).finally(() => store.end())
  } catch (error) {
    console.error(`pchat: The console does not show this: it was not noted in the store. ${(error as Error).message}`)
  }
}

/** What `verify` cannot see: whether the archive has all that the rooms have. Read only; the report is signed with the archive's key. */
export async function reconcileArchive(options: ArchiveOptions & { folder?: string[] }): Promise<void> {
  let compared = false
  await onStore(options, store =>
    withArchive(options, async archive => {
      const folders = options.folder?.map(folder => resolve(folder)) ?? []
      // Where there is no key none is made: nobody would know it.
      await readPublicKeys(keyFileOf(options))
      const report = await reconcile({ store, archive, folders })
      const signed = signReconciliation(report, await openSigningKey(keyFileOf(options)))
      compared = true
      const { sound, rooms, messages, imported, findings, found } = report
      process.exitCode = sound ? 0 : 1
      if (options.json) return console.log(JSON.stringify(signed, null, 2))
      console.log(`${sound ? 'They agree' : `NOT SOUND, ${found} findings`}: ${rooms} rooms, ${messages} messages.`)
      if (imported > 0)
        console.log(`  ${imported} messages came by an import while recording was off, and are in no archive.`)
      for (const { sentence } of findings) console.log(`  ${sentence}`)
    }),
  )
  if (!compared) process.exitCode = 2
}

export async function showPublicKey(options: ArchiveOptions): Promise<void> {
  try {
    const [key] = await readPublicKeys(keyFileOf(options))
    process.stdout.write(publicPem(key!))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const text =
      code === 'ENOENT' ? 'The service makes it once recording is on; or name it with --compliance-key-file.' : ''
    console.error(`pchat: ${[message, text].filter(Boolean).join('. ')}`)
    process.exitCode = 1
  }
}

/** Entries, heads and verifier into a folder. Recorded before it is written: what cannot be recorded does not happen. */
export function exportArchive(folder: string, options: PeriodOptions): Promise<void> {
  return onStore(options, store =>
    withArchive(options, async archive => {
      const range = await rangeOf(archive, options)
      const into = resolve(folder)
      await noteExport(store, { what: 'proof', folder: into, ...range, ...periodOf(options) })
      const done = await exportProof(archive, into, range.first, range.last)
      if (!done) throw new ArchiveFault('The archive holds no batch of that period.')
      if (options.json) return console.log(JSON.stringify({ folder: into, ...done }))
      console.log(`Entries ${done.first} to ${done.last} (${done.batches} batches) are in ${into}.`)
      console.log(`Check them anywhere: node verify.mjs --key <public key> --folder <copy of ${into}>`)
    }),
  )
}

export type ProduceOptions = PeriodOptions & { settings: AdapterSettings & { type: string } }

/** Any past period in any format, also of a time before an adapter was added. */
export function produce(options: ProduceOptions): Promise<void> {
  return onStore(options, store =>
    withArchive(options, async archive => {
      const { settings } = options
      const { type, outputDirectory } = settings
      const adapter = await openAdapter(type, settings)
      const range = await rangeOf(archive, options)
      await noteExport(store, { what: 'produce', type, folder: outputDirectory, ...range, ...periodOf(options) })
      const production = { archive, adapter, settings, readFile: openReadFile(store, options) }
      const files = await produceRange(production, range.first, range.last)
      if (options.json) return console.log(JSON.stringify({ ...range, files }))
      for (const file of files) console.log(file)
    }),
  )
}

async function rangeOf(archive: Db, options: PeriodOptions): Promise<{ first: number; last: number }> {
  const { from, until } = options
  for (const [name, instant] of Object.entries({ from, until }))
    if (instant !== undefined && !isInstant(instant))
      throw new ArchiveFault(`--${name} is no instant. Write it like 2026-11-24T09:30:00Z.`)
  const last = (await lastHead(archive))?.head.last ?? 0
  const isWhole = from === undefined && until === undefined
  const range = isWhole
    ? last > 0 && { first: 1, last }
    : await rangeOfPeriod(archive, new Date(from ?? 0), new Date(until ?? '9999-01-01T00:00:00Z'))
  if (!range) throw new ArchiveFault(isWhole ? 'The archive is empty.' : 'Nothing happened in that period.')
  return range
}

function periodOf({ from, until }: PeriodOptions): { from?: string; until?: string } {
  return { ...(from === undefined ? {} : { from }), ...(until === undefined ? {} : { until }) }
}

async function noteExport(store: Db, detail: Record<string, unknown>): Promise<void> {
  const by = whoAsks()
  await transaction(store, async tx => {
    await noteEvents(tx, [{ kind: 'export', data: { by, ...detail } }])
    await audit(tx, operator.id, 'compliance.export', 'archive', { by, ...detail })
  })
}

/** Who has the stores' passwords is known by his account on the machine. */
function whoAsks(): string {
  return `${userInfo().username}@${hostname()}`
}
