import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { transaction } from './db.ts'
import { turnPartitions } from './upkeep.ts'
import { readUsage } from './usage.ts'
import { type CountOptions, countUsage, recountUsage } from './usage-count.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(() => database.drop())

const dayMs = 86_400_000
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)
const ago = (days: number) => dayOf(Date.now() - days * dayMs)
const period = () => ({ from: ago(60), until: ago(0), inactiveSince: ago(30), limit: 10 })

async function addRoom(name: string): Promise<string> {
  const { db } = database
  await db.query("INSERT INTO category (name) SELECT 'Desk' WHERE NOT EXISTS (SELECT FROM category)")
  const { rows } = await db.query<{ id: string }>(
    `WITH r AS (INSERT INTO room (name, name_key, created_by, created_at) VALUES ($1, lower($1), gen_random_uuid(), now() - interval '1 year') RETURNING id)
     INSERT INTO room_head (room, category) SELECT r.id, c.id FROM r, category c RETURNING room AS id`,
    [name],
  )
  return rows[0]!.id
}

async function addUser(name: string): Promise<string> {
  const { rows } = await database.db.query<{ id: string }>(
    `INSERT INTO principal (kind, name, name_key, display_name, created_at) VALUES ('user', $1, lower($1), $1, now() - interval '1 year') RETURNING id`,
    [name],
  )
  return rows[0]!.id
}

/** As a post leaves it behind: known for 30 days, and kept where the room keeps its history. */
async function post(room: string, author: string, at: string, kept = true): Promise<void> {
  const { db } = database
  const { rows } = await db.query<{ seq: number }>(
    'UPDATE room_head SET last_seq = last_seq + 1, last_at = greatest(last_at, $2) WHERE room = $1 RETURNING last_seq AS seq',
    [room, at],
  )
  const values = [room, author, randomUUID(), rows[0]!.seq, at]
  await db.query(
    "INSERT INTO repeat (room, author, client_id, seq, at, content) VALUES ($1, $2, $3, $4, $5, '')",
    values,
  )
  if (kept)
    await db.query(
      "INSERT INTO message (room, author, client_id, seq, at, text) VALUES ($1, $2, $3, $4, $5, 't')",
      values,
    )
}

async function countAll(options?: CountOptions) {
  while (await countUsage(database.db, options));
}

const noon = (day: string) => `${day}T12:00:00Z`

test('[MN10] each day that is over is counted once, to its last millisecond, and the running one when somebody asks', async () => {
  const { db } = database
  const [desk, hall] = [await addRoom('Desk'), await addRoom('Hall')]
  const [ann, ben] = [await addUser('ann'), await addUser('ben')]
  await post(desk, ann, `${ago(2)}T00:00:00.000Z`)
  await post(desk, ben, `${ago(2)}T23:59:59.999Z`)
  await post(hall, ann, noon(ago(3)), false)
  await post(hall, ann, new Date().toISOString())
  await countAll()
  await countAll()
  const { rows } = await db.query(
    'SELECT day::text, messages, rooms, users FROM usage_day WHERE messages > 0 ORDER BY day',
  )
  expect(rows).toEqual([
    { day: ago(3), messages: 1, rooms: 1, users: 1 },
    { day: ago(2), messages: 2, rooms: 1, users: 2 },
  ])
  const report = await readUsage(db, period())
  expect(report).toMatchObject({ counting: false, period: { messages: 4, activeRooms: 2, activeUsers: 2 } })
  expect(report.totals).toMatchObject({ messages: 4, rooms: { enabled: 2, disabled: 0 }, users: { enabled: 2 } })
  expect(report.users.mostActive.map(one => [one.principal.name, one.messages])).toEqual([
    ['ann', 3],
    ['ben', 1],
  ])
  expect(report.daily.at(-1)).toEqual({ day: ago(0), days: 1, messages: 1, rooms: 1, users: 1 })
})

test('[MN10] what is removed, cleared or deleted later stays counted', async () => {
  const { db } = database
  const room = await addRoom('Desk')
  const ann = await addUser('ann')
  for (let n = 0; n < 3; n += 1) await post(room, ann, noon(ago(2)))
  await db.query('DELETE FROM message')
  await countAll()
  await db.query('UPDATE room SET deleted_at = now()')
  const report = await readUsage(db, period())
  expect(report.period.messages).toBe(3)
  expect(report.rooms.mostActive).toEqual([])
})

test('[MN10] a day is not counted within ten minutes of its end, nor while it runs', async () => {
  const { db } = database
  const room = await addRoom('Desk')
  const ann = await addUser('ann')
  await post(room, ann, noon(ago(1)))
  await post(room, ann, new Date().toISOString())
  const days = async () => (await db.query<{ day: string }>('SELECT max(day)::text AS day FROM usage_day')).rows[0]!.day
  await countAll({ settleMinutes: 24 * 60 + 1 })
  expect(await days()).toBe(ago(2))
  await countAll({ settleMinutes: 0 })
  expect(await days()).toBe(ago(1))
})

test('[MN10] a day waits for whoever writes since before its end', async () => {
  const { db } = database
  const room = await addRoom('Desk')
  await post(room, await addUser('ann'), new Date().toISOString())
  // Two days early: only what writes now stands between today and its counting.
  const early = { settleMinutes: -2 * 24 * 60 }
  const today = async () => (await db.query('SELECT messages FROM usage_day WHERE day = $1', [ago(0)])).rows
  await transaction(db, async tx => {
    await tx.query('UPDATE pool SET settings = settings')
    await countAll(early)
  })
  expect(await today()).toEqual([])
  while ((await today()).length === 0) await countUsage(db, early)
  expect(await today()).toEqual([{ messages: 1 }])
})

test('[MN11] what was there before counting began is counted in slices, from the messages, whoever is killed in between', async () => {
  const { db } = database
  const rooms = [await addRoom('Desk'), await addRoom('Hall'), await addRoom('Roof')]
  const people = [await addUser('ann'), await addUser('ben')]
  for (const room of rooms)
    for (const author of people) for (let n = 0; n < 7; n += 1) await post(room, author, noon(ago(40 + (n % 3))))
  const kill = `
    CREATE OR REPLACE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
    CREATE TRIGGER die BEFORE UPDATE ON usage_state FOR EACH ROW EXECUTE FUNCTION die()`
  await countUsage(db)
  let killed = 0
  for (let more = true; more; ) {
    await db.query(kill)
    await countUsage(db, { rows: 5 }).catch(() => (killed += 1))
    await db.query('DROP TRIGGER die ON usage_state')
    more = await countUsage(db, { rows: 5 })
  }
  expect(killed).toBeGreaterThan(9)
  const { rows } = await db.query(
    'SELECT day::text, messages, rooms, users FROM usage_day WHERE messages > 0 ORDER BY day',
  )
  expect(rows).toEqual([
    { day: ago(42), messages: 12, rooms: 3, users: 2 },
    { day: ago(41), messages: 12, rooms: 3, users: 2 },
    { day: ago(40), messages: 18, rooms: 3, users: 2 },
  ])
  const report = await readUsage(db, period())
  expect(report).toMatchObject({ counting: false, exactSince: ago(29), period: { messages: 42 } })
  expect(report.users.inactive).toMatchObject({
    count: 2,
    longest: [{ lastPostDay: ago(40) }, { lastPostDay: ago(40) }],
  })
})

test('[MN11] counting by several processes at once counts nothing twice', async () => {
  const { db } = database
  const room = await addRoom('Desk')
  const ann = await addUser('ann')
  for (let n = 0; n < 40; n += 1) await post(room, ann, noon(ago(n + 1)))
  await Promise.all([1, 2, 3].map(() => countAll({ rows: 3 })))
  await countAll({ rows: 3 })
  expect((await readUsage(db, period())).period.messages).toBe(40)
})

test('[MN11] days are counted before what they are counted from is dropped', async () => {
  const { db } = database
  const room = await addRoom('Desk')
  const ann = await addUser('ann')
  await turnPartitions(db)
  await db.query(
    "UPDATE usage_state SET next_day = (clock_timestamp() AT TIME ZONE 'UTC')::date - 5, kept_day = (clock_timestamp() AT TIME ZONE 'UTC')::date - 5, past_done = true",
  )
  await post(room, ann, noon(ago(3)), false)
  // As if the server had stood for weeks.
  await turnPartitions(db, Date.now() + 45 * dayMs)
  const { rows } = await db.query<{ messages: number }>('SELECT messages FROM usage_day WHERE day = $1', [ago(3)])
  expect(rows).toEqual([{ messages: 1 }])
})

test('[MN11] recounting takes the messages that are there, and the days from today on from what is posted', async () => {
  const { db } = database
  const room = await addRoom('Desk')
  const ann = await addUser('ann')
  await post(room, ann, noon(ago(5)))
  await countAll()
  await db.query('DELETE FROM repeat')
  await post(room, ann, noon(ago(9)))
  await recountUsage(db)
  const report = await readUsage(db, period())
  expect(report.period.messages).toBe(2)
  expect(report.exactSince).toBe(ago(0))
})

test('[MN12] a report that takes the store too long is ended there, with what makes it shorter', async () => {
  const { db } = database
  await expect(readUsage(db, period(), 1)).rejects.toMatchObject({
    code: 'too_large',
    message: expect.stringContaining('Name a shorter period'),
  })
  expect((await db.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '0' }])
  expect((await readUsage(db, period())).period.messages).toBe(0)
})

test('[MN13] a week and a month count each room and user once, and say how many of their days are in the period', async () => {
  const { db } = database
  const [desk, hall] = [await addRoom('Desk'), await addRoom('Hall')]
  const [ann, ben] = [await addUser('ann'), await addUser('ben')]
  // 2026-03-02 is a Monday. Counted from the messages, as they are old.
  for (const day of ['2026-03-02', '2026-03-03', '2026-03-08', '2026-03-09']) await post(desk, ann, noon(day))
  await post(hall, ben, noon('2026-03-08'))
  await post(hall, ben, noon('2026-04-01'))
  await db.query("UPDATE usage_state SET kept_day = '2026-05-01', next_day = '2026-05-01'")
  await db.query('DELETE FROM repeat')
  await countAll()
  const report = await readUsage(db, {
    from: '2026-03-03',
    until: '2026-04-01',
    inactiveSince: '2026-04-01',
    limit: 10,
  })
  expect(report.weekly.slice(0, 2)).toEqual([
    { day: '2026-03-03', days: 6, messages: 3, rooms: 2, users: 2 },
    { day: '2026-03-09', days: 7, messages: 1, rooms: 1, users: 1 },
  ])
  expect(report.monthly).toEqual([
    { day: '2026-03-03', days: 29, messages: 4, rooms: 2, users: 2 },
    { day: '2026-04-01', days: 1, messages: 1, rooms: 1, users: 1 },
  ])
  expect(report.daily).toHaveLength(30)
  expect(report.rooms.leastActive.map(one => [one.room.name, one.messages])).toEqual([
    ['Hall', 2],
    ['Desk', 3],
  ])
  expect(report.rooms.inactive).toMatchObject({ count: 1, longest: [{ lastPostAt: '2026-03-09T12:00:00.000Z' }] })
})

test('[MN13] a week or month that was counted when it was over says what is found anew', async () => {
  const { db } = database
  const [desk, hall] = [await addRoom('Desk'), await addRoom('Hall')]
  const people = [await addUser('ann'), await addUser('ben'), await addUser('cid')]
  for (let n = 0; n < 90; n += 1) await post(n % 3 ? desk : hall, people[(n * 7) % 3]!, noon(ago(n)))
  await countAll()
  const reported = await readUsage(db, { ...period(), from: ago(80) })
  expect((await db.query('SELECT FROM usage_span')).rowCount).toBeGreaterThan(10)
  expect(reported.weekly.filter(week => week.days === 7).every(week => week.users > 0)).toBe(true)
  await db.query('DELETE FROM usage_span')
  expect(await readUsage(db, { ...period(), from: ago(80) })).toEqual(reported)
})
