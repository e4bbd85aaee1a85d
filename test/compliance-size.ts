// npm run compliance-size -- [--events 1000000] [--waiting 1000000]
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { silentLog } from '../src/base/log.ts'
import { appendBatch, readArchiveId, takeMover } from '../src/compliance/archive.ts'
import { openSigningKey } from '../src/compliance/head.ts'
import { migrateArchive } from '../src/compliance/migrate.ts'
import { openAdapter, produceRange } from '../src/compliance/produce.ts'
import { reconcile } from '../src/compliance/reconcile.ts'
import { verifyArchive } from '../src/compliance/verify.ts'
import { openDb, type Queryable } from '../src/store/db.ts'
import { startEmbedded } from '../src/store/embedded.ts'
import { migrate } from '../src/store/migrate.ts'
import { type OutboxEvent, readBacklog, takeEvents } from '../src/store/outbox.ts'

/** What an archive costs at size: filled batch by batch as the service does, then verified, exported and compared. One line a step. */
const { values } = parseArgs({
  options: { events: { type: 'string', default: '1000000' }, waiting: { type: 'string', default: '1000000' } },
})
const [count, waiting] = [Number(values.events), Number(values.waiting)]
const batchEvents = 2_000
const rooms = Array.from({ length: 500 }, (_, n) => ({
  ...{ id: randomUUID(), name: `room ${n}`, uri: `ma-chan://example.com/${n}`, category: 'all', type: 'normal' },
  ...{ privacy: 'closed', logged: true },
}))
const people = Array.from({ length: 300 }, (_, n) => ({
  ...{ id: randomUUID(), name: `user${n}@example.com`, displayName: `User ${n}`, email: `user${n}@example.com` },
}))

const folder = await mkdtemp(join(tmpdir(), 'pchat-compliance-size-'))
await chmod(folder, 0o755)
const postgres = await startEmbedded({ dataDir: folder, log: silentLog })
try {
  const store = openDb(postgres.address, { max: 4, statementMs: 3_600_000 })
  await migrate(store)
  await store.query('CREATE DATABASE archive')
  const db = openDb({ ...postgres.address, database: 'archive' }, { max: 4, statementMs: 3_600_000 })
  await migrateArchive(db)
  const before = await sizeOf(db)
  await step('filled', count, () => fill(db))
  console.log(`bytes an event: ${Math.round(((await sizeOf(db)) - before) / count)}`)
  const keys = [await openSigningKey(join(folder, 'key.pem'))]
  await step('verified', count, async () => {
    const verdict = await verifyArchive(db, { keys, anchors: [] })
    if (!verdict.sound || verdict.entries !== count) throw new Error(JSON.stringify(verdict))
  })
  async function* noFile(): AsyncGenerator<Uint8Array> {}
  for (const type of ['json-lines', 'xml']) {
    const settings = {
      ...{ name: type, outputDirectory: join(folder, type), oneRoomPerFile: false, roomDetails: false },
      ...{ userDetails: false, attachmentsManifest: false, custom: {} },
    }
    const adapter = await openAdapter(type, settings)
    await step(`exported as ${type}`, count, () =>
      produceRange({ archive: db, adapter, settings, readFile: noFile }, 1, count),
    )
  }
  await step('compared with files and an empty store', count, async () => {
    const report = await reconcile({ store, archive: db, folders: [join(folder, 'json-lines')] })
    if (report.exports.entries !== count) throw new Error(JSON.stringify(report))
  })
  await step('put into the outbox', waiting, () =>
    store.query(
      `INSERT INTO outbox (at, kind, room, position, data)
       SELECT now() - make_interval(secs => ($1 - n) / 1000.0), 'chat', gen_random_uuid(), n, json_build_object('actor', NULL, 'text', repeat('x', 400))
         FROM generate_series(1, $1) n`,
      [waiting],
    ),
  )
  for (let n = 0; n < 3; n += 1) await step('looked at the outbox', waiting, () => readBacklog(store, waiting + 1))
  for (let n = 0; n < 3; n += 1) await step('took a batch out of it', batchEvents, () => takeEvents(store, batchEvents))
  await store.end()
  await db.end()
} finally {
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
}

async function fill(db: ReturnType<typeof openDb>): Promise<void> {
  const fence = (await takeMover(db, 'size'))!
  await mkdir(folder, { recursive: true })
  const key = await openSigningKey(join(folder, 'key.pem'))
  const appending = { archive: await readArchiveId(db), fence, key, now: () => new Date() }
  const began = Date.now() - count
  for (let first = 1; first <= count; first += batchEvents) {
    const events: OutboxEvent[] = []
    for (let n = first; n < Math.min(first + batchEvents, count + 1); n += 1) events.push(eventOf(n, began))
    await appendBatch(db, events, appending)
  }
}

/** As a post of 150 characters is recorded. */
function eventOf(n: number, began: number): OutboxEvent {
  const room = rooms[(n * 7) % rooms.length]!
  const said = {
    ...{ actor: people[(n * 11) % people.length], room, text: `${n} ${'word '.repeat(29)}`, format: 'plain' },
    ...{ alert: false, title: null, clientId: randomUUID(), kept: true, file: null },
  }
  const position = Math.floor(n / rooms.length) + 1
  return {
    id: randomUUID(),
    at: new Date(began + n),
    kind: 'chat',
    room: room.id,
    position,
    data: JSON.stringify(said),
  }
}

async function sizeOf(q: Queryable): Promise<number> {
  const { rows } = await q.query<{ bytes: number }>('SELECT pg_database_size(current_database()) AS bytes')
  return rows[0]!.bytes
}

async function step(what: string, many: number, work: () => Promise<unknown>): Promise<void> {
  const beganAt = performance.now()
  await work()
  const seconds = (performance.now() - beganAt) / 1_000
  console.log(
    `${what}: ${seconds.toFixed(2)} s, ${Math.round(many / seconds)} a second; ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`,
  )
}
