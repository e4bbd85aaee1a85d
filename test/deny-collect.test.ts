import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Room } from '../src/protocol/room.ts'
import { readWithheld } from '../src/store/denial.ts'
import { unreferencedFiles } from '../src/store/file-upkeep.ts'
import { purgeSlice } from '../src/store/upkeep.ts'
import { type DenialSite, later, openDenialSite } from './denials.ts'
import { openRoomFor, postFile } from './files.ts'
import { runVerb } from './run-verb.ts'
import { someBytes } from './upload.ts'

let here: DenialSite
beforeAll(async () => {
  here = await openDenialSite()
}, 60_000)
afterAll(() => here.stop())
afterEach(() => here.liftAll())

const rowsOf = async (room: Room) =>
  (
    await here.site.db.query<{ text: string | null }>('SELECT text FROM message WHERE room = $1 ORDER BY seq', [
      room.id,
    ])
  ).rows.map(row => row.text)

async function doctor() {
  const { host, user, database } = here.site.database.address
  const databaseUrl = `postgres://${user}@${encodeURIComponent(host)}/${database}`
  return (await runVerb(['doctor', '--json', '--port', '0', '--database-url', databaseUrl])).out
}

/** The first 6,000 are Ann's, and one of a thousand behind them. */
async function fill(room: Room, count: number) {
  await here.site.db.query(
    `INSERT INTO message (room, seq, author, client_id, at, text)
     SELECT $1, n, CASE WHEN n <= 6000 OR n % 1000 = 0 THEN $2::uuid ELSE $3::uuid END, gen_random_uuid(), now(), 'x' FROM generate_series(1, $4::int) n`,
    [room.id, here.ann.me.id, here.bob.me.id, count],
  )
  await here.site.db.query('UPDATE room_head SET last_seq = $2, last_at = now() WHERE room = $1', [room.id, count])
}

test('[CP85] collection goes on with what is not held; what is stays in the store until it is lifted, of a deleted room too', async () => {
  const { site, ann, bob, say, deny, lift, purge } = here
  const [room, other] = [await openRoomFor(site, [ann, bob]), await openRoomFor(site, [ann])]
  for (const text of ['a', 'b']) {
    await say(ann, room, text)
    await say(bob, room, text)
    await say(ann, other, text)
  }
  await site.admin.call('room.clear', { room: room.id, until: later })
  await site.admin.call('room.delete', { room: other.id })
  const mine = await deny({ person: ann.me.id, room: room.id })
  expect(mine.reach).toMatchObject({ messages: 0, hidden: 2, missing: 0 })
  const deleted = await deny({ room: other.id })
  expect(deleted.reach).toMatchObject({ messages: 0, hidden: 2 })
  const third = await openRoomFor(site, [bob])
  await say(bob, third, 'goes')
  await site.admin.call('room.delete', { room: third.id })
  await purge()
  expect([await rowsOf(room), await rowsOf(other), await rowsOf(third)]).toEqual([['a', 'b'], ['a', 'b'], []])
  expect(await readWithheld(site.db)).toMatchObject({ denials: 2, rooms: 2, messages: 4 })
  expect((await site.db.query('SELECT FROM room WHERE id = ANY ($1)', [[other.id, third.id]])).rowCount).toBe(1)
  expect(await doctor()).toContain('2 denials keep 4 messages of 2 cleared or deleted rooms, and 0 files')
  await lift(mine.id)
  await purge()
  expect([await rowsOf(room), await rowsOf(other)]).toEqual([[], ['a', 'b']])
  await lift(deleted.id)
  await purge()
  expect((await site.db.query('SELECT FROM room WHERE id = $1', [other.id])).rowCount).toBe(0)
  expect(await readWithheld(site.db)).toEqual({ denials: 0, rooms: 0, messages: 0 })
})

test('[CP85] a room that is longer than a slice is looked through to its end, held messages at its beginning or not', async () => {
  const { site, ann, bob, deny, lift, purge } = here
  const room = await openRoomFor(site, [ann, bob])
  await fill(room, 12_000)
  const { id } = await deny({ person: ann.me.id })
  expect(await site.admin.code('room.clear', { room: room.id, until: later })).toBe('forbidden')
  await lift(id)
  await site.admin.call('room.clear', { room: room.id, until: later })
  await deny({ person: ann.me.id, room: room.id })
  await purge()
  expect((await rowsOf(room)).length).toBe(6_006)
  expect(await readWithheld(site.db)).toMatchObject({ rooms: 1, messages: 6_006 })
})

test('[CP85] what a pass that is under way went by goes when the denial is lifted, without waiting for the next one', async () => {
  const { site, ann, bob, deny, lift, purge } = here
  const room = await openRoomFor(site, [ann, bob])
  await fill(room, 12_000)
  await site.admin.call('room.clear', { room: room.id, until: later })
  const { id } = await deny({ person: ann.me.id, room: room.id })
  expect(await purgeSlice(site.db)).toBe(true)
  await lift(id)
  await purge()
  expect(await rowsOf(room)).toEqual([])
  // A slice that still saw the denial is ended before it is lifted.
  const other = await openRoomFor(site, [ann, bob])
  await fill(other, 100)
  await site.admin.call('room.clear', { room: other.id, until: later })
  const again = await deny({ person: ann.me.id, room: other.id })
  const slice = await site.db.connect()
  await slice.query('BEGIN')
  await slice.query('SELECT pg_advisory_xact_lock_shared(7, 0)')
  let lifted = false
  const lifting = lift(again.id).then(() => {
    lifted = true
  })
  await new Promise(resolve => setTimeout(resolve, 300))
  expect(lifted).toBe(false)
  await slice.query("UPDATE purge SET look_at = now() + interval '1 hour', denied = 100 WHERE room = $1", [other.id])
  await slice.query('COMMIT')
  slice.release()
  await lifting
  await purge()
  expect(await rowsOf(other)).toEqual([])
})

test('[CP85] pchat doctor counts the files that only a denial keeps, not those whose time has not come', async () => {
  const { site, ann, deny } = here
  const room = await openRoomFor(site, [ann])
  const { file, seq } = await postFile(ann, room, someBytes(300, 21))
  await site.admin.call('message.remove', { room: room.id, seq })
  await unreferencedFiles(site.db, { after: '00000000-0000-0000-0000-000000000000', limit: 10, graceDays: 7 })
  await deny({ person: ann.me.id })
  expect(await doctor()).toContain('and 0 files')
  await site.db.query("UPDATE file SET unreferenced_at = now() - interval '8 days' WHERE id = $1", [file])
  expect(await doctor()).toContain('and 1 files')
})
