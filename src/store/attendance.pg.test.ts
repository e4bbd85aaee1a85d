import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openTestDatabase } from '../../test/database.ts'
import { attend, endAttendance } from './attendance.ts'
import { type Connection, transaction } from './db.ts'

test('[CP33] a connection that ends while it comes into another room has left both', async () => {
  const { db, drop } = await openTestDatabase()
  try {
    await db.query('UPDATE pool SET recording = true')
    const { rows } = await db.query<{ id: string }>(
      `INSERT INTO principal (kind, name, name_key, display_name) VALUES ('user', 'ben', 'ben', 'Ben') RETURNING id`,
    )
    const addRoom = async (name: string) => {
      await db.query("INSERT INTO category (name) SELECT 'Desk' WHERE NOT EXISTS (SELECT FROM category)")
      const { rows } = await db.query<{ id: string }>(
        `WITH r AS (INSERT INTO room (name, name_key, created_by) VALUES ($1, $1, gen_random_uuid()) RETURNING id)
         INSERT INTO room_head (room, category) SELECT r.id, c.id FROM r, category c RETURNING room AS id`,
        [name],
      )
      return rows[0]!.id
    }
    const [one, two] = [await addRoom('one'), await addRoom('two')]
    const attending = { live: randomUUID(), member: randomUUID(), principal: rows[0]!.id, session: randomUUID() }
    await transaction(db, tx => attend(tx, attending, [one]))
    let ending: Promise<number> | undefined
    await transaction(db, async tx => {
      const query = async (asked: { name: string }) => {
        if (asked.name === 'attend') {
          ending = endAttendance(db, [attending.live], 'ended')
          await sleep(200)
        }
        return tx.query(asked as never)
      }
      expect(await attend({ query } as unknown as Connection, attending, [two])).toEqual(new Set([one]))
    })
    await ending
    const parts = await db.query<{ rooms: { id: string }[] }>(
      `SELECT data->'rooms' AS rooms FROM outbox WHERE kind = 'part'`,
    )
    expect(parts.rows.map(row => row.rooms.map(room => room.id).sort())).toEqual([[one, two].sort()])
    expect((await db.query('SELECT FROM attendance')).rowCount).toBe(0)
  } finally {
    await drop()
  }
})
