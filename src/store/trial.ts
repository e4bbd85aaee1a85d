import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from './db.ts'

const lookMs = 500

/**
 * Runs `work` while no other synthetic test of this store does: each gives the same two test users new passwords. A test that dies lets
 * go with its connection.
 */
export async function asOnlyTrial<T>(db: Db, waitMs: number, work: () => Promise<T>): Promise<T> {
  const connection = await db.connect()
  try {
    for (const deadline = Date.now() + waitMs; ; await sleep(lookMs)) {
      const { rows } = await connection.query<{ taken: boolean }>('SELECT pg_try_advisory_lock(13, 0) AS taken')
      if (rows[0]!.taken) break
      if (Date.now() > deadline)
        throw new Error('Another machine tries its server by the same test users. Run this again when it has ended.')
    }
    return await work()
  } finally {
    connection.release(true)
  }
}
