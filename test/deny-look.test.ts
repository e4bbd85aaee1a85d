import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { lookBeforeLock } from '../src/store/denial.ts'
import { type DenialSite, later, openDenialSite } from './denials.ts'
import { openRoomFor } from './files.ts'

let here: DenialSite
beforeAll(async () => {
  here = await openDenialSite()
}, 60_000)
afterAll(() => here.stop())
afterEach(() => here.liftAll())

/** Of many people, who wrote nothing here, some in a period too. */
async function denyOthers(count: number) {
  await here.site.db.query(
    `INSERT INTO deletion_denial (person, from_at, until_at, reason, by)
     SELECT gen_random_uuid(), CASE WHEN n % 2 = 0 THEN timestamptz '2026-01-01' END, NULL, 'Matter 12', $2 FROM generate_series(1, $1::int) n`,
    [count, here.officer.me.id],
  )
}

async function fill(room: string, count: number) {
  await here.site.db.query(
    `INSERT INTO message (room, seq, author, client_id, at, text) SELECT $1, n, $2, gen_random_uuid(), now(), 'x' FROM generate_series(1, $3::int) n`,
    [room, here.ann.me.id, count],
  )
  await here.site.db.query('UPDATE room_head SET last_seq = $2, last_at = now() WHERE room = $1', [room, count])
}

/** How many messages a statement touches. */
async function touched(text: string, values: unknown[]) {
  const connection = await here.site.db.connect()
  const read = async () => {
    const { rows } = await connection.query<{ n: number }>(
      "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS n FROM pg_stat_xact_user_tables WHERE relname = 'message'",
    )
    return rows[0]!.n
  }
  try {
    await connection.query('BEGIN')
    const before = await read()
    await connection.query(text, values)
    return (await read()) - before
  } finally {
    await connection.query('ROLLBACK')
    connection.release()
  }
}

test('[CP82] a room is looked through once for all denials, and behind its lock only for what came since', async () => {
  const { site, ann, bob, say, deny } = here
  const room = await openRoomFor(site, [ann, bob])
  await fill(room.id, 3_000)
  const mark = 'UPDATE room SET deleted_at = now() WHERE id = $1'
  expect(await touched(mark, [room.id])).toBeLessThan(100)
  await denyOthers(50)
  // Hers alone, in a time when she wrote nothing.
  await deny({ person: ann.me.id, until: '2020-01-01T00:00:00Z' })
  const whole = await touched(mark, [room.id])
  expect(whole).toBeGreaterThanOrEqual(3_000)
  expect(whole).toBeLessThan(3_100)
  await lookBeforeLock(site.db, room.id)
  expect(await touched(mark, [room.id])).toBeLessThan(100)
  expect(await touched('UPDATE room_head SET first_seq = 2000 WHERE room = $1', [room.id])).toBeLessThan(100)
  // What comes behind the look is seen: a message, and a denial.
  await say(ann, room, 'more')
  expect(await touched(mark, [room.id])).toBeLessThan(100)
  const { id } = await deny({ person: bob.me.id })
  await say(bob, room, 'gold')
  await expect(site.db.query(mark, [room.id])).rejects.toMatchObject({ code: 'PCDNY', detail: id })
  await here.lift(id)
  const hers = await deny({ person: ann.me.id, room: room.id })
  await expect(site.db.query(mark, [room.id])).rejects.toMatchObject({ code: 'PCDNY', detail: hers.id })
  await expect(lookBeforeLock(site.db, room.id)).rejects.toMatchObject({ code: 'PCDNY', detail: hers.id })
  // Nobody says that he has looked.
  const forged = `INSERT INTO denial_look (room, low, high, category, denials, denial) VALUES ($1, 1, 99999, $2, ARRAY[$3::uuid], NULL)
    ON CONFLICT (room) DO UPDATE SET low = 1, high = 99999, denial = NULL`
  await site.db.query(forged, [room.id, room.category, hers.id])
  await expect(site.db.query(mark, [room.id])).rejects.toMatchObject({ code: 'PCDNY', detail: hers.id })
  await here.lift(hers.id)
  expect(await site.admin.code('room.clear', { room: room.id, until: later })).toBe('ok')
  expect(await site.admin.code('room.delete', { room: room.id })).toBe('ok')
})

test('[CP82] what is denied is refused, and a deletion tried, without waiting for the lock of the room', async () => {
  const { site, ann, say, deny, lift } = here
  const room = await openRoomFor(site, [ann])
  await say(ann, room, 'gold')
  const { id } = await deny({ person: ann.me.id, room: room.id })
  const connection = await site.db.connect()
  await connection.query('BEGIN')
  await connection.query('SET LOCAL idle_in_transaction_session_timeout = 0')
  await connection.query('SELECT FROM room_head WHERE room = $1 FOR UPDATE', [room.id])
  try {
    expect(await site.admin.code('room.clear', { room: room.id, until: later })).toBe('forbidden')
    expect(await site.admin.code('room.delete', { room: room.id })).toBe('forbidden')
    expect(await site.admin.code('room.delete', { room: room.id, dryRun: true })).toBe('forbidden')
    await lift(id)
    expect(await site.admin.code('room.delete', { room: room.id, dryRun: true })).toBe('ok')
  } finally {
    await connection.query('COMMIT')
    connection.release()
  }
}, 30_000)

test('[CP82] a denial that is lifted while a room is looked through hides nothing of another', async () => {
  const { site, ann, lift } = here
  const room = await openRoomFor(site, [ann])
  await fill(room.id, 150_000)
  const [one, other] = [randomUUID(), randomUUID()]
  await site.db.query(
    `INSERT INTO message (room, seq, author, client_id, at, text)
     VALUES ($1, 150001, $2, gen_random_uuid(), now(), 'x'), ($1, 150002, $3, gen_random_uuid(), now(), 'x')`,
    [room.id, one, other],
  )
  await site.db.query('UPDATE room_head SET last_seq = 150002 WHERE room = $1', [room.id])
  const denyOne = async (person: string) => {
    const { rows } = await site.db.query<{ id: string }>(
      `INSERT INTO deletion_denial (person, reason, by) VALUES ($1, 'Matter 12', $2) RETURNING id`,
      [person, here.officer.me.id],
    )
    return rows[0]!.id
  }
  const holds = await denyOne(other)
  for (const afterMs of [1, 5, 15, 30, 60, 90]) {
    const lifted = await denyOne(one)
    const looking = lookBeforeLock(site.db, room.id).then(
      () => 'clean',
      ({ code }) => code,
    )
    await sleep(afterMs)
    await lift(lifted)
    expect(await looking, `after ${afterMs} ms`).toBe('PCDNY')
    const marked = site.db.query('UPDATE room SET deleted_at = now() WHERE id = $1', [room.id])
    await expect(marked).rejects.toMatchObject({ code: 'PCDNY', detail: holds })
  }
}, 60_000)
