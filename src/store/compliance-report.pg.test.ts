import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { audit } from './audit.ts'
import { proofAction, readLastProof } from './compliance-report.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())

test('[CP92] the last verdict is found by an index, however much was recorded since, and where there is none', async () => {
  const { db } = database
  const fill = () =>
    db.query(
      "INSERT INTO audit (action, subject) SELECT 'room.' || n % 30, 'room ' || n FROM generate_series(1, 20000) n",
    )
  const connection = await db.connect()
  const read = async () => {
    const { rows } = await connection.query<{ n: number }>(
      "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS n FROM pg_stat_xact_user_tables WHERE relname = 'audit'",
    )
    return rows[0]!.n
  }
  const asked = async () => {
    await connection.query('BEGIN')
    const before = await read()
    const last = await readLastProof(connection)
    const rows = (await read()) - before
    await connection.query('ROLLBACK')
    return { last, rows }
  }
  try {
    await fill()
    await db.query('ANALYZE audit')
    expect(await asked()).toEqual({ last: undefined, rows: 0 })
    await audit(db, null, proofAction, 'archive', { sound: true })
    await fill()
    const { last, rows } = await asked()
    expect(last!.proof).toEqual({ sound: true })
    expect(rows).toBeLessThan(10)
  } finally {
    connection.release()
  }
})
