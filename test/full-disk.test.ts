import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import type { Log } from '../src/base/log.ts'
import { listPlaces } from '../src/compliance/adapter-place.ts'
import { lastHead } from '../src/compliance/archive.ts'
import { openSigningKey } from '../src/compliance/head.ts'
import { reconcile } from '../src/compliance/reconcile.ts'
import { openComplianceService } from '../src/compliance/service.ts'
import type { Room } from '../src/protocol/room.ts'
import { type ComplianceSettings, changeCompliance, readCompliance } from '../src/store/compliance.ts'
import { type Db, openDb, transaction } from '../src/store/db.ts'
import { migrate } from '../src/store/migrate.ts'
import { readBacklog } from '../src/store/outbox.ts'
import { raiseSettings } from '../src/store/stamp.ts'
import { openEmptyDatabase } from './database.ts'
import { openSite, type Person, type Site } from './harness.ts'
import { openPlainPostgres } from './plain-postgres.ts'
import { openSmallDisk } from './small-disk.ts'

let opened = new AsyncDisposableStack()
afterEach(async () => {
  const all = opened
  opened = new AsyncDisposableStack()
  await all.disposeAsync()
})

async function smallDisk(mebibytes: number, skip: (note: string) => void) {
  const disk = await openSmallDisk(mebibytes)
  if (!disk) return skip('this account may mount nothing, so no disk can be filled') as never
  opened.defer(() => disk.close())
  return disk
}

async function postgresOn(folder: string) {
  await mkdir(join(folder, 'pg'), { mode: 0o711 })
  // Little of the disk is taken in advance.
  const postgres = await openPlainPostgres(join(folder, 'pg'), { min_wal_size: '2MB', max_wal_size: '8MB' })
  opened.defer(() => postgres.close())
  return postgres
}

type Recorded = { site: Site; db: Db; ann: Person; room: Room }

async function recordedSite(db?: Db, url?: string, settings: Partial<ComplianceSettings> = {}): Promise<Recorded> {
  const site = await openSite(url === undefined ? {} : { address: { connectionString: url } })
  opened.defer(() => site.stop())
  const [ann, category] = [
    await site.addUser('ann@example.com'),
    await site.addCategory({ allowedMembers: ['example.com'] }),
  ]
  const room = await site.addRoom({ category: category.id, members: null })
  const store = db ?? site.db
  await transaction(store, async tx => {
    await changeCompliance(tx, { recording: true, settings })
    await raiseSettings(tx)
  })
  await sleep(1_500)
  return { site, db: store, ann, room }
}

async function serviceOf(store: Db, openArchive: () => Promise<Db>) {
  const folder = await mkdtemp(join(tmpdir(), 'pchat-full-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const warned: string[] = []
  const log: Log = { debug() {}, info() {}, error() {}, warn: (_, text) => void warned.push(text) }
  async function* noFile(): AsyncGenerator<Uint8Array> {}
  const service = openComplianceService({
    tell: async () => {},
    ...{
      store,
      openArchive,
      openLook: openArchive,
      openKey: () => openSigningKey(join(folder, 'key.pem')),
      readFile: noFile,
    },
    ...{ anchorFile: join(folder, 'anchors.jsonl'), holder: 'here', log },
    configured: async () => {
      const { recording, settings } = await readCompliance(store)
      return { recording, adapters: settings.adapters }
    },
  })
  opened.defer(() => service.stop())
  return { warned }
}

/** Long ones, so that a few fill what is left anywhere. */
const post = ({ ann, room }: Recorded, clientId: string = randomUUID()) =>
  ann.ask('message.post', { room: room.id, clientId, text: 'x'.repeat(3_000) })

async function until(what: string, isSo: () => Promise<boolean>) {
  for (const deadline = Date.now() + 60_000; !(await isSo().catch(() => false)); await sleep(50))
    if (Date.now() > deadline) throw new Error(`never: ${what}`)
}

test('[CP76] where the output folder is full the adapter tells of it and tries again; posting goes on, and no file is half', async ({
  skip,
}) => {
  const disk = await smallDisk(2, skip)
  const archive = await openEmptyDatabase()
  opened.defer(() => archive.drop())
  const output = join(disk.folder, 'lines')
  const adapter = {
    ...{ name: 'lines', type: 'json-lines', outputDirectory: output, runIntervalSeconds: 1, oneRoomPerFile: false },
    ...{ roomDetails: false, userDetails: false, attachmentsManifest: false, custom: {} },
  }
  const recorded = await recordedSite(undefined, undefined, { adapters: [adapter] })
  const { warned } = await serviceOf(recorded.db, async () => openDb(archive.address, { max: 4 }))
  const place = async () => (await listPlaces(archive.db))[0]!
  await post(recorded)
  await until('written', async () => (await place()).doneSeq > 0)
  await disk.fill()
  for (let n = 0; n < 20; n += 1) expect((await post(recorded)).error).toBeUndefined()
  await until('alarmed', async () => (await place()).failures > 0)
  expect((await place()).lastError).toContain('ENOSPC')
  expect(warned).toContain('an adapter has not written its batch, and tries again')
  expect((await post(recorded)).result?.seq).toBe(22)
  await disk.free()
  await until('all written', async () => {
    const head = await lastHead(archive.db)
    return (await readBacklog(recorded.db, 1)).rows === 0 && (await place()).doneSeq === head!.head.last
  })
  expect(await place()).toMatchObject({ failures: 0, lastError: null })
  const names = await readdir(output)
  const lines = (await Promise.all(names.map(name => readFile(join(output, name), 'utf8'))))
    .join('')
    .trimEnd()
    .split('\n')
  const posts = lines
    .map(line => JSON.parse(line) as { kind: string; position: number })
    .filter(one => one.kind === 'chat')
  expect(
    posts
      .map(one => one.position)
      .sort((a, b) => a - b)
      .slice(-21),
  ).toEqual(Array.from({ length: 21 }, (_, n) => n + 2))
}, 120_000)

test('[CP77] where the database of the archive is full posting goes on up to the bound of the outbox, then stops, and goes on by itself', async ({
  skip,
}) => {
  const disk = await smallDisk(96, skip)
  const postgres = await postgresOn(disk.folder)
  const maxRows = 200
  const recorded = await recordedSite(undefined, undefined, { maxRows })
  const { warned } = await serviceOf(recorded.db, async () => openDb({ connectionString: postgres.url }, { max: 4 }))
  await post(recorded)
  await until('moved', async () => (await readBacklog(recorded.db, 1)).rows === 0)
  await disk.fill()
  let acknowledged = 1
  for (;;) {
    const { error } = await post(recorded)
    if (error) {
      expect(error.code).toBe('unavailable')
      expect(error.message).toContain('cannot be recorded')
      break
    }
    acknowledged += 1
    expect(acknowledged).toBeLessThan(5_000)
  }
  expect(acknowledged).toBeGreaterThan(maxRows)
  expect((await readBacklog(recorded.db, 5_000)).rows).toBeGreaterThan(maxRows)
  expect(warned).toContain('compliance events wait')
  await disk.free()
  await postgres.keepUp()
  await until('posting again', async () => (await post(recorded)).error === undefined)
  await until('moved', async () => (await readBacklog(recorded.db, 1)).rows === 0)
  const archive = openDb({ connectionString: postgres.url }, { max: 2 })
  opened.defer(() => archive.end())
  expect(await reconcile({ store: recorded.db, archive })).toMatchObject({ sound: true, archived: acknowledged + 1 })
}, 120_000)

test('[CP78] where the store is full posts are unavailable; nothing is acknowledged that is not recorded, and all goes on by itself', async ({
  skip,
}) => {
  const disk = await smallDisk(128, skip)
  const postgres = await postgresOn(disk.folder)
  const db = openDb({ connectionString: postgres.url }, { max: 4 })
  opened.defer(() => db.end())
  await migrate(db)
  const recorded = await recordedSite(db, postgres.url)
  expect((await post(recorded)).error).toBeUndefined()
  await disk.fill()
  const known = new Map<string, number>()
  let open = ''
  for (let n = 0; n < 5_000 && open === ''; n += 1) {
    const clientId = randomUUID()
    const { result, error } = await post(recorded, clientId)
    if (result) known.set(clientId, result.seq)
    else {
      expect(error!.code).toBe('unavailable')
      open = clientId
    }
  }
  expect(open).not.toBe('')
  await disk.free()
  await postgres.keepUp()
  await until('posting again', async () => {
    const { result } = await post(recorded, open)
    if (result) known.set(open, result.seq)
    return result !== undefined
  })
  const { rows } = await db.query<{ clientId: string; seq: number; noted: number }>(
    `SELECT m.client_id AS "clientId", m.seq, (SELECT count(*) FROM outbox o WHERE o.kind = 'chat' AND o.room = m.room AND o.position = m.seq) AS noted
       FROM message m ORDER BY m.seq`,
  )
  expect(rows.filter(row => row.noted !== 1)).toEqual([])
  expect(rows.map(row => row.seq)).toEqual(rows.map((_, index) => index + 1))
  const stored = new Map(rows.map(row => [row.clientId, row.seq]))
  for (const [clientId, seq] of known) expect(stored.get(clientId)).toBe(seq)
}, 120_000)
