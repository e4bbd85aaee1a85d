import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { audit, listAudit } from './audit.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())

test('[AR16] the store refuses to change, delete or truncate what was recorded, also where triggers are off', async () => {
  const { db } = database
  await audit(db, null, 'a.b', 'subject', { one: 1 })
  const connection = await db.connect()
  try {
    for (const role of ['origin', 'replica', 'local']) {
      await connection.query(`SET session_replication_role = ${role}`)
      for (const statement of [
        "UPDATE audit SET action = 'c.d'",
        'UPDATE audit SET at = now() WHERE false',
        'DELETE FROM audit',
        'TRUNCATE audit',
        "INSERT INTO audit (action, subject) VALUES ('a', 'b') ON CONFLICT (id) DO UPDATE SET action = 'c'",
        'WITH gone AS (DELETE FROM audit RETURNING id) SELECT id FROM gone',
      ])
        await expect(connection.query(statement), statement).rejects.toThrow(/takes new rows only/)
    }
  } finally {
    await connection.query('RESET session_replication_role')
    connection.release()
  }
  const { rows } = await db.query('SELECT action, subject, detail FROM audit')
  expect(rows).toEqual([{ action: 'a.b', subject: 'subject', detail: { one: 1 } }])
})

/** With 1000000 in AUDIT_ROWS it is the size of the rule; what leads a search is the same. Its figures stand in docs/performance.md. */
const size = Number(process.env.AUDIT_ROWS ?? 100_000)

test('[AR18] over 1,000,000 rows each search is led by an index and reads little', { timeout: 300_000 }, async () => {
  const { db } = database
  const person = '00000000-0000-4000-8000-00000000000a'
  // One in 1,000 is his, ten are clears, twenty speak of herons; a row a minute.
  for (let from = 1; from <= size; from += 50_000)
    await db.query(
      `INSERT INTO audit (at, actor, action, subject, detail)
       SELECT '2020-01-01'::timestamptz + n * interval '1 minute',
              CASE WHEN n % 1000 = 7 THEN $1::uuid ELSE '00000000-0000-4000-8000-00000000000b' END,
              CASE WHEN n % ${size / 10} = 5 THEN 'room.clear' WHEN n % 2 = 0 THEN 'room.update' ELSE 'policy.grant' END,
              'subject ' || n % ${size / 50},
              jsonb_build_object('name', CASE WHEN n % ${size / 20} = 9 THEN 'Grey Heron ' ELSE 'Room ' END || n)
         FROM generate_series(${from}, ${from + 49_999}) n`,
      [person],
    )
  await db.query('ANALYZE audit')
  const half = new Date(Date.UTC(2020, 0, 1) + (size / 2) * 60_000).toISOString()
  const searches: [string, Parameters<typeof listAudit>[1], number][] = [
    ['everything', {}, 100],
    ['a frequent action', { action: 'policy.grant' }, 100],
    ['a rare action', { action: 'room.clear' }, 10],
    ['a noun', { action: 'room.' }, 100],
    ['a noun that there is not', { action: 'pool.' }, 0],
    ['an actor', { actor: person }, 100],
    ['an actor and an action that he never did', { actor: person, action: 'room.clear' }, 0],
    ['a subject', { subjects: ['subject 5', 'nothing'] }, 50],
    ['words', { text: 'grey heron' }, 20],
    ['the beginning of a word', { text: 'HER' }, 20],
    ['words that stand in most rows', { text: 'room' }, 100],
    ['a word that there is not', { text: 'kingfisher' }, 0],
    ['a day', { from: '2020-02-01T00:00:00Z', until: '2020-02-02T00:00:00Z' }, 100],
    ['the oldest hour', { until: '2020-01-01T01:00:01Z' }, 60],
    ['a day of his', { actor: person, from: '2020-02-01T00:00:00Z', until: '2020-02-08T00:00:00Z' }, 10],
    ['all at once', { action: 'room.clear', text: 'room', subjects: ['subject 5'], from: half }, 5],
  ]
  const slow: string[] = []
  for (const [name, filter, count] of searches) {
    const times: number[] = []
    for (let i = 0; i < 5; i += 1) {
      const from = performance.now()
      const found = await listAudit(db, filter, { limit: 100 })
      times.push(performance.now() - from)
      expect(found, name).toHaveLength(count)
      expect([...found].sort((a, b) => b.id - a.id)).toEqual(found)
    }
    if (Math.min(...times) > 250) slow.push(`${name}: ${times.map(ms => ms.toFixed(0)).join(', ')} ms`)
  }
  expect(slow).toEqual([])
  // Page by page, without a gap and without a repeat.
  const pages = async (filter: Parameters<typeof listAudit>[1]) => {
    const ids: number[] = []
    for (;;) {
      const page = await listAudit(db, filter, { limit: 7, before: ids.at(-1) })
      if (page.length === 0) return ids
      ids.push(...page.map(row => row.id))
    }
  }
  const whole = await listAudit(db, { subjects: ['subject 5'] }, { limit: 1_000 })
  expect(await pages({ subjects: ['subject 5'] })).toEqual(whole.map(row => row.id))
})
