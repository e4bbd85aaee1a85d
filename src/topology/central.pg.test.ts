import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openEmptyDatabase, type TestDatabase } from '../../test/database.ts'
import { Refusal } from '../protocol/error.ts'
import { type Db, openDb, transaction } from '../store/db.ts'
import {
  adoptCentral,
  hashOf,
  listPublications,
  planPublication,
  publishTopology,
  readPublication,
  requireSound,
} from './central.ts'
import { isCentral, migrateCentral } from './central-schema.ts'

let central: TestDatabase
beforeEach(async () => {
  central = await openEmptyDatabase()
  await migrateCentral(central.db)
})
afterEach(() => central.drop())

const sound = { errors: [], advice: [] }
const draft = (document: string, more = {}) => ({ document, author: 'ann@desk', note: '', ...more })
const publish = (document: string, version: number, db: Db = central.db) =>
  publishTopology(db, draft(document), { version }, sound)

/** The refusal that it ended with. */
async function refusal(work: Promise<unknown>): Promise<Refusal> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof Refusal)) throw new Error(`no refusal: ${error}`)
  return error
}

test('[CM1] each publication has the next version, with its text, hash, author, role, note and basis', async () => {
  expect(await publishTopology(central.db, draft('a: 1\n', { note: 'first' }), { version: 0 }, sound)).toMatchObject({
    version: 1,
    changed: true,
  })
  await publish('a: ü\n', 1)
  const [second, first] = await listPublications(central.db, 10)
  expect(first).toMatchObject({ version: 1, basedOn: 0, author: 'ann@desk', role: 'pchat', note: 'first' })
  expect(second).toMatchObject({ version: 2, basedOn: 1, hash: hashOf('a: ü\n'), restores: null })
  expect(second!.at.getTime()).toBeGreaterThanOrEqual(first!.at.getTime())
  expect((await readPublication(central.db))!.document).toBe('a: ü\n')
  expect((await readPublication(central.db, 1))!.document).toBe('a: 1\n')
  expect(await readPublication(central.db, 3)).toBeUndefined()
})

test('[CM2] rows are only added, also by their owner; a version is neither left out nor given twice by any statement', async () => {
  await publish('one', 0)
  await publish('two', 1)
  await adoptCentral(central.db, 'ann@desk', '')
  for (const statement of [
    "UPDATE publication SET document = 'x'",
    'DELETE FROM publication WHERE version = 2',
    'TRUNCATE publication CASCADE',
    "UPDATE adoption SET note = 'x'",
    'DELETE FROM adoption',
    'TRUNCATE adoption',
    'UPDATE central SET id = gen_random_uuid()',
    'DELETE FROM central',
    'TRUNCATE central',
  ])
    await expect(central.db.query(statement), statement).rejects.toThrow('is only added to')
  const insert = (basedOn: number | null, version = 77) =>
    central.db.query("INSERT INTO publication (version, based_on, document, author) VALUES ($2, $1, 'x', 'x')", [
      basedOn,
      version,
    ])
  await expect(insert(1)).rejects.toThrow(/duplicate key/)
  await expect(insert(null)).rejects.toThrow(/duplicate key/)
  await expect(insert(5)).rejects.toThrow(/foreign key/)
  // Whatever number is asked for: the next one.
  await insert(2)
  expect((await listPublications(central.db, 10)).map(one => one.version)).toEqual([3, 2, 1])
})

test('[CM3] a role that may not make the store says what to do, and two that make it at once make it once', async () => {
  const empty = await openEmptyDatabase()
  const name = `poor_${empty.address.database.slice(5)}`
  await empty.db.query(`CREATE ROLE ${name} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
  const poor = openDb({ ...empty.address, user: name }, { max: 1 })
  try {
    expect(await isCentral(poor)).toBe(false)
    await expect(migrateCentral(poor)).rejects.toThrow('pchat topology prepare')
    const applied = await Promise.all(Array.from({ length: 5 }, () => migrateCentral(empty.db)))
    expect(applied.flat()).toEqual(['0001_central.sql'])
  } finally {
    await poor.end()
    await empty.drop()
    await central.db.query(`DROP ROLE ${name}`)
  }
})

test('[CM4] who is based on another version is refused with who published what and when, and nothing is changed', async () => {
  await publish('one', 0)
  await publishTopology(central.db, { document: 'two', author: 'bob@desk', note: 'ports' }, { version: 1 }, sound)
  const { code, message, details } = await refusal(publish('mine', 1))
  expect(code).toBe('conflict')
  expect(message).toMatch(/version 1, and bob@desk published version 2 at 20\S+Z \(ports\).*--based-on 2/)
  expect(details).toMatchObject({ basedOn: 1, since: [{ version: 2, author: 'bob@desk', note: 'ports' }] })
  expect((await refusal(publish('mine', 0))).details).toMatchObject({ since: [{ version: 1 }, { version: 2 }] })
  expect((await refusal(publish('mine', 9))).message).toContain('not what stands in this store')
  const current = await readPublication(central.db)
  const planned = planPublication(central.db, draft('mine'), { version: 1 }, current)
  expect((await refusal(planned)).code).toBe('conflict')
  // The number is right, and it was another publication: the store was restored in between.
  const mark = crypto.randomUUID()
  expect((await refusal(publishTopology(central.db, draft('mine'), { version: 2, mark }, sound))).code).toBe('conflict')
  // Also where others published since: by their numbers alone those would be taken for what changed.
  const parted = await refusal(publishTopology(central.db, draft('mine'), { version: 1, mark }, sound))
  expect(parted.message).toMatch(/was it restored.*--based-on 2/)
  expect(parted.details).toEqual({ basedOn: 1, since: [] })
  const empty = await refusal(planPublication(undefined, draft('mine'), { version: 7, mark }, undefined))
  expect(empty.message).toMatch(/was it restored.*--based-on 0/)
  expect(await listPublications(central.db, 10)).toHaveLength(2)
  expect(await publishTopology(central.db, draft('mine'), { version: 2, mark: current!.mark }, sound)).toMatchObject({
    version: 3,
  })
})

test('[CM5] of several who publish at the same moment exactly one wins, round for round; the others are told who', async () => {
  const stores = Array.from({ length: 6 }, () => openDb(central.address, { max: 2 }))
  try {
    for (let round = 0; round < 15; round += 1) {
      const answers = await Promise.allSettled(
        stores.map((db, n) =>
          publishTopology(db, { document: `${round}/${n}`, author: `p${n}`, note: '' }, { version: round }, sound),
        ),
      )
      const winners = answers.flatMap((one, n) => (one.status === 'fulfilled' ? [n] : []))
      expect(winners).toHaveLength(1)
      const codes = answers.flatMap(one => (one.status === 'rejected' ? [(one.reason as Refusal).code] : []))
      expect(codes).toEqual(Array.from({ length: 5 }, () => 'conflict'))
      expect(await readPublication(central.db)).toMatchObject({
        version: round + 1,
        document: `${round}/${winners[0]}`,
        author: `p${winners[0]}`,
      })
    }
  } finally {
    await Promise.all(stores.map(db => db.end()))
  }
})

test('[CM5] who inserts without the lock of the program is stopped by the table', async () => {
  await publish('one', 0)
  const insert = "INSERT INTO publication (based_on, document, author) VALUES (1, $1, 'x')"
  const [held, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const first = transaction(central.db, async tx => {
    await tx.query(insert, ['raw'])
    held.resolve()
    await go.promise
  })
  await held.promise
  const second = refusal(publish('mine', 1))
  await sleep(100)
  go.resolve()
  await first
  expect((await second).code).toBe('conflict')
  expect((await readPublication(central.db))!.document).toBe('raw')
})

test('[CM6] a document with errors is never published, and neither is one too large, with U+0000 or a note of two lines', async () => {
  const wrong = { errors: ['two servers have one name'], advice: [] }
  const refused = await refusal(publishTopology(central.db, draft('x'), { version: 0 }, wrong))
  expect([refused.code, refused.details]).toEqual(['invalid_argument', { errors: wrong.errors }])
  const codes = [
    draft('x'.repeat(1_000_001)),
    draft('a\0b'),
    draft('x', { note: 'a\nb' }),
    draft('x', { note: 'a'.repeat(501) }),
  ].map(one => {
    try {
      requireSound(one, sound)
    } catch (error) {
      return (error as Refusal).code
    }
    return 'ok'
  })
  expect(codes).toEqual(['too_large', 'invalid_argument', 'invalid_argument', 'invalid_argument'])
  expect(await readPublication(central.db)).toBeUndefined()
})

test('[CM7] publishing the document that stands there changes nothing, whatever it is based on', async () => {
  const first = await publish('one', 0)
  for (const basis of [0, 1, 7]) expect(await publish('one', basis)).toEqual({ ...first, changed: false })
  const twice = await Promise.all(Array.from({ length: 5 }, () => publish('two', 1)))
  expect(twice.map(one => one.version)).toEqual([2, 2, 2, 2, 2])
  expect(twice.filter(one => one.changed)).toHaveLength(1)
  expect(await listPublications(central.db, 10)).toHaveLength(2)
})

const publisherProgram = `
  import { openDb } from ${JSON.stringify(fileURLToPath(new URL('../store/db.ts', import.meta.url)))}
  import { publishTopology } from ${JSON.stringify(fileURLToPath(new URL('./central.ts', import.meta.url)))}
  const db = openDb(JSON.parse(process.argv[1]), { max: 1 })
  for (let version = Number(process.argv[2]); ; ) {
    const document = 'v' + (version + 1) + ' ' + 'x'.repeat(50_000)
    const answer = await publishTopology(db, { document, author: 'child', note: '' }, { version }, { errors: [], advice: [] })
    version = answer.version
    console.log(version)
  }`

function startPublisher(version: number): ChildProcess {
  const args = ['--input-type=module-typescript', '-e', publisherProgram, JSON.stringify(central.address), `${version}`]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

test('[CM8] a publisher that is killed at any moment leaves the old version or the new one, whole', async () => {
  let told = 0
  for (let round = 0; round < 6; round += 1) {
    const child = startPublisher((await readPublication(central.db))?.version ?? 0)
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      told = Number(text.trim().split('\n').at(-1))
    })
    await once(child.stdout!, 'data')
    await sleep(5 + round * 7)
    child.kill('SIGKILL')
    await once(child, 'close')
    const { rows } = await central.db.query<{ version: number; document: string; hash: string }>(
      'SELECT version, document, hash FROM publication ORDER BY version',
    )
    expect(rows.map(row => row.version)).toEqual(rows.map((_, n) => n + 1))
    // What it told is there; beyond that at most the one that it was about to tell.
    expect([told, told + 1]).toContain(rows.length)
    for (const { version, document, hash } of rows) {
      expect(document).toBe(`v${version} ${'x'.repeat(50_000)}`)
      expect(hash).toBe(hashOf(document))
    }
  }
  // And the next one goes on at once: no lock was left behind.
  const { version } = (await readPublication(central.db))!
  expect((await publish('by hand', version)).version).toBe(version + 1)
}, 60_000)

test('[CM8] killed between its insert and its commit it leaves the old version', async () => {
  await publish('one', 0)
  await central.db.query(`
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END';
    CREATE TRIGGER publication_zz AFTER INSERT ON publication FOR EACH ROW EXECUTE FUNCTION dawdle()`)
  const child = startPublisher(1)
  const sleeps = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
  for (let tries = 0; tries < 200 && !(await central.db.query(sleeps)).rowCount; tries += 1) await sleep(25)
  expect((await central.db.query(sleeps)).rowCount).toBe(1)
  child.kill('SIGKILL')
  await once(child, 'close')
  await central.db.query('DROP TRIGGER publication_zz ON publication')
  expect(await readPublication(central.db)).toMatchObject({ version: 1, document: 'one' })
  expect((await publish('two', 1)).version).toBe(2)
})
