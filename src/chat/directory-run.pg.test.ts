import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { group, openScriptedDirectory, type ScriptedDirectory, user } from '../../test/scripted-directory.ts'
import { openHost } from '../../test/sync-host.ts'
import { openDb } from '../store/db.ts'
import { beatSource, requireFence, takeSource } from '../store/directory-source.ts'
import { checkDirectory } from './directory-check.ts'
import type { SyncHost } from './directory-run.ts'
import { openDirectorySync, statusOf, syncNow } from './directory-sync.ts'

let database: TestDatabase
let corp: ScriptedDirectory
let one: SyncHost
let two: SyncHost
let made = 0
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())
beforeEach(() => {
  made += 1
  corp = openScriptedDirectory(`corp${made}`)
  one = openHost(database.db, [corp], 'one')
  two = openHost(database.db, [corp], 'two')
  for (let i = 0; i < 30; i += 1) corp.put(user(`${i}`, `u${i}-${made}`))
  corp.put(
    group(
      'g',
      `all${made}`,
      [...corp.objects.values()].map(object => object.dn),
    ),
  )
})

const of = (host: SyncHost) => host.directorySync.sources.get(corp.name)!
const count = async () => {
  const { rows } = await database.db.query<{ n: number }>('SELECT count(*) AS n FROM principal WHERE source = $1', [
    corp.name,
  ])
  return rows[0]!.n
}
const status = async () => (await statusOf(one)).sources.find(source => source.source === corp.name)!

/** Stops the next reading of the source after its first batch, until it is let go. */
function holdReading() {
  const held = Promise.withResolvers<void>()
  const free = Promise.withResolvers<void>()
  let batches = 0
  corp.beforeBatch = async () => {
    batches += 1
    if (batches !== 2) return
    held.resolve()
    await free.promise
  }
  corp.batchSize = 10
  return { isHeld: held.promise, letGo: free.resolve }
}

const ageBeat = () =>
  database.db.query("UPDATE directory_source SET beat_at = clock_timestamp() - interval '1 minute' WHERE name = $1", [
    corp.name,
  ])

test('[DS15] a source is run by one server at a time; who asks meanwhile is told who runs it', async () => {
  const { isHeld, letGo } = holdReading()
  const first = syncNow(one, of(one))
  await isHeld
  await expect(syncNow(two, of(two))).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/Another run of corp\d+ is under way on the server one/),
  })
  expect((await status()).running).toBe('one')
  letGo()
  expect((await first).counts).toEqual({ added: 31, memberAdded: 30 })
  expect((await status()).running).toBeNull()
  const both = await Promise.allSettled([syncNow(one, of(one)), syncNow(two, of(two))])
  expect(both.map(each => each.status)).toContain('fulfilled')
})

test('[DS16] a holder that gave no sign of life writes nothing once another has taken over, and says so', async () => {
  const { isHeld, letGo } = holdReading()
  const stopped = syncNow(one, of(one))
  await isHeld
  await ageBeat()
  corp.beforeBatch = () => {}
  corp.remove('29')
  expect((await syncNow(two, of(two))).counts).toEqual({ added: 30, memberAdded: 29 })
  letGo()
  await expect(stopped).rejects.toMatchObject({ code: 'conflict', message: expect.stringMatching(/taken over/) })
  expect(await count()).toBe(29 + 1)
  expect(await status()).toMatchObject({ failures: 0, lastError: null })
  expect(await checkDirectory(one, of(one))).toMatchObject({ sound: true })
})

test('[DS16] whoever writes holds the row: nobody takes over from under a transaction, and the fence of an older one is refused', async () => {
  const by = (holder: string) => ({ holder, server: 's', onlyDue: false })
  const held = (await takeSource(database.db, corp.name, by(one.member)))!
  await ageBeat()
  const writing = await database.db.connect()
  await writing.query('BEGIN')
  await requireFence(writing, held)
  expect(await takeSource(database.db, corp.name, by(two.member))).toBeUndefined()
  expect(await beatSource(database.db, held), 'its own transaction is a sign of life').toBe(true)
  await writing.query('COMMIT')
  writing.release()
  await ageBeat()
  const next = (await takeSource(database.db, corp.name, by(two.member)))!
  expect(next.fence).toBe(held.fence + 1)
  expect(await beatSource(database.db, held)).toBe(false)
  await expect(requireFence(database.db, held)).rejects.toThrow(/taken over/)
})

test('[DS17] a sync that is killed while it reads or while it writes leaves all as it was, and the next one goes on', async () => {
  await syncNow(one, of(one))
  const before = await database.db.query('SELECT id, name, disabled FROM principal WHERE source = $1 ORDER BY id', [
    corp.name,
  ])
  for (const where of ['reading', 'writing']) {
    const child = fork(fileURLToPath(new URL('../../test/killed-sync.ts', import.meta.url)), [
      JSON.stringify({ address: database.address, source: corp.name, made, where }),
    ])
    const ended = once(child, 'exit')
    const said = await Promise.race([once(child, 'message'), ended])
    child.kill('SIGKILL')
    expect(said[0]).toBe('now')
    await ended
    const after = await database.db.query('SELECT id, name, disabled FROM principal WHERE source = $1 ORDER BY id', [
      corp.name,
    ])
    expect(after.rows, where).toEqual(before.rows)
    // Dead by its beat; its transaction goes with its connection.
    await expect
      .poll(
        () =>
          ageBeat().then(
            () => true,
            () => false,
          ),
        { timeout: 10_000 },
      )
      .toBe(true)
    corp.change('1', { displayName: `after ${where}` })
    expect((await syncNow(two, of(two))).counts).toEqual({ changed: 1 })
  }
  const { rows } = await database.db.query('SELECT count(*) AS n FROM directory_stage WHERE source = $1', [corp.name])
  expect(rows, 'what was staged is gone').toEqual([{ n: 0 }])
  expect(await checkDirectory(one, of(one))).toMatchObject({ sound: true })
})

test('[DS17] where the store lost what was read nothing is written', async () => {
  await syncNow(one, of(one))
  corp.change('1', { displayName: 'Changed' })
  corp.batchSize = 10
  let batches = 0
  corp.beforeBatch = async () => {
    batches += 1
    if (batches === 3) await database.db.query('DELETE FROM directory_stage')
  }
  await expect(syncNow(one, of(one), { full: true })).rejects.toThrow(/lost what was read/)
  expect(await status()).toMatchObject({ failures: 1, disabled: 0, lastError: expect.stringMatching(/lost/) })
  corp.beforeBatch = () => {}
  expect((await syncNow(one, of(one))).counts).toEqual({ changed: 1 })
})

test('[DS18] the directory away: the run fails with its sentence, comes again later and later, and all is well once it is back', async () => {
  await syncNow(one, of(one))
  corp.away = 'ldaps://dc1.corp.example is not reached. Check the address.'
  const failing = () => expect(syncNow(one, of(one))).rejects.toMatchObject({ code: 'unavailable', message: corp.away })
  const waits: number[] = []
  for (let i = 0; i < 4; i += 1) {
    await failing()
    const { rows } = await database.db.query<{ s: number }>(
      'SELECT extract(epoch FROM next_at - clock_timestamp())::float8 AS s FROM directory_source WHERE name = $1',
      [corp.name],
    )
    waits.push(Math.round(rows[0]!.s / 60))
  }
  expect(waits).toEqual([1, 2, 4, 5])
  expect(await status()).toMatchObject({ failures: 4, lastError: corp.away, users: 30 })
  expect(await one.metrics.registry.getSingleMetricAsString('pchat_directory_failures_total')).toMatch(/"corp\d+"} 4/)
  corp.away = undefined
  expect((await syncNow(one, of(one))).counts).toEqual({})
  expect(await status()).toMatchObject({ failures: 0, lastError: null })
  expect((await status()).runs.filter(run => run.error !== null)).toHaveLength(4)
})

test('[DS19] servers keep a source in step by turns, as often as it says; a full run comes when it is due; they stop at once', async () => {
  for (const host of [one, two]) of(host).everySeconds = 1
  const running = [openDirectorySync(one), openDirectorySync(two)]
  await expect.poll(count, { timeout: 5_000 }).toBe(31)
  corp.change('1', { displayName: 'In step' })
  const shown = async () =>
    (await database.db.query('SELECT FROM principal WHERE display_name = $1', ['In step'])).rowCount
  await expect.poll(shown, { timeout: 5_000 }).toBe(1)
  const reads = corp.reads.length
  await new Promise(resolve => setTimeout(resolve, 2_500))
  expect(
    corp.reads.slice(reads).filter(read => read === 'changes').length,
    'one of both each second',
  ).toBeLessThanOrEqual(3)
  expect(corp.reads.filter(read => read === 'whole')).toHaveLength(1)
  const lag = await one.metrics.registry.getSingleMetricAsString('pchat_directory_lag_seconds')
  expect(Number(/} ([\d.]+)/.exec(lag)?.[1])).toBeLessThan(5)
  await database.db.query("UPDATE directory_source SET last_full_at = now() - interval '2 days' WHERE name = $1", [
    corp.name,
  ])
  await expect.poll(() => corp.reads.filter(read => read === 'whole').length, { timeout: 5_000 }).toBe(2)
  const { isHeld, letGo } = holdReading()
  for (const id of corp.objects.keys()) corp.change(id, { displayName: `again ${id}` })
  await isHeld
  setTimeout(letGo, 100)
  await Promise.all(running.map(each => each.stop()))
  expect(await status()).toMatchObject({ running: null, failures: 0 })
  expect((await database.db.query("SELECT FROM principal WHERE display_name LIKE 'again%'")).rowCount).toBe(0)
})

test('[DS19] all ids are asked for only as often as that takes a tenth of the time', async () => {
  for (const host of [one, two]) of(host).everySeconds = 1
  const { ids } = corp
  corp.ids = async function* (signal) {
    await new Promise(resolve => setTimeout(resolve, 400))
    yield* ids(signal)
  }
  const running = openDirectorySync(one)
  await expect
    .poll(() => corp.reads.filter(read => read === 'changes').length, { timeout: 10_000 })
    .toBeGreaterThanOrEqual(3)
  await running.stop()
  expect(corp.reads.filter(read => read === 'ids')).toHaveLength(1)
})

test('[DS20] the store away in the middle of a run is no end of the loop', async () => {
  const db = openDb(database.address, { max: 3 })
  const host = openHost(db, [corp], 'three')
  of(host).everySeconds = 1
  const running = openDirectorySync(host)
  await expect.poll(count, { timeout: 5_000 }).toBe(31)
  await database.db.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  )
  corp.put(user('new', `new${made}`))
  await expect.poll(count, { timeout: 15_000 }).toBe(32)
  await running.stop()
  await db.end()
})
