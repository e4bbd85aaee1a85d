import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { collect } from '../src/files/collect.ts'
import { openFolder } from '../src/files/folder.ts'
import { noKeys } from '../src/files/keys.ts'
import type { Objects } from '../src/files/objects.ts'
import type { Room } from '../src/protocol/room.ts'
import { readCollectable } from '../src/store/file-what-if.ts'
import { purgeSlice } from '../src/store/upkeep.ts'
import { type FileSite, openFileSite, openRoomFor, postFile, putFile } from './files.ts'
import type { Person } from './harness.ts'
import { shellOf } from './shell.ts'
import { codeOf, getFile, someBytes } from './upload.ts'

let site: FileSite
let officer: Person
let ann: Person
let bob: Person
let objects: Objects
beforeAll(async () => {
  // The loops of the server look rarely: what goes, and when, is for the tests.
  site = await openFileSite({ lookMs: 600_000 })
  officer = await site.addUser('officer@example.com')
  ann = await site.addUser('ann@example.com')
  bob = await site.addUser('bob@example.com')
  await site.admin.call('role.grant', { principal: officer.me.id, role: 'complianceOfficer', granted: true })
  objects = { db: site.db, store: await openFolder(site.folder), keys: noKeys }
}, 60_000)
afterAll(async () => {
  await site.stop()
  await rm(site.folder, { recursive: true, force: true })
})
afterEach(async () => {
  for (const { id } of (await officer.call('denial.list', {})).denials)
    await officer.call('denial.lift', { denial: id, reason: 'the test is over' })
  await purge()
})

const later = '2100-01-01T00:00:00Z'
const say = async (person: Person, room: Room, text: string) =>
  (await person.call('message.post', { room: room.id, clientId: randomUUID(), text })).seq
const deny = async (scope: { person?: string; room?: string; category?: string; from?: string; until?: string }) => {
  const { denial, reach } = await officer.call('denial.add', { ...scope, reason: 'Matter 12' })
  return { id: denial!.id, reach: reach! }
}
const lift = (denial: string) => officer.call('denial.lift', { denial, reason: 'closed' })
const texts = async (room: Room) =>
  (await ann.call('message.list', { room: room.id, limit: 100 })).messages.map(one => ('text' in one ? one.text : null))
const rowsOf = async (room: Room) =>
  (
    await site.db.query<{ text: string | null }>('SELECT text FROM message WHERE room = $1 ORDER BY seq', [room.id])
  ).rows.map(row => row.text)
async function purge() {
  while (await purgeSlice(site.db));
}
const stateOf = async (file: string) =>
  (await site.db.query<{ state: string }>('SELECT state FROM file WHERE id = $1', [file])).rows[0]?.state
/** A transaction of somebody else that stands there until it is let go. */
async function standing(text: string, values: unknown[] = []) {
  const connection = await site.db.connect()
  await connection.query('BEGIN')
  await connection.query('SET LOCAL idle_in_transaction_session_timeout = 0')
  await connection.query(text, values)
  return async () => {
    await connection.query('COMMIT')
    connection.release()
  }
}
const waits = (n: number) =>
  vi.waitFor(
    async () => {
      const { rows } = await site.db.query<{ n: number }>(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      )
      expect(rows[0]!.n).toBe(n)
    },
    { timeout: 5_000, interval: 20 },
  )

test('[CP82] removing, replacing, clearing, deleting and moving are refused where a denial holds, say who may lift it, and change nothing', async () => {
  const category = await site.addCategory({ allowedMembers: ['example.com'], fileUpload: true })
  const target = await site.addCategory({ allowedMembers: ['example.com'] })
  const room = await site.addRoom({ category: category.id, members: [ann.me.name, bob.me.name] })
  for (const text of ['one', 'two', 'three']) await say(ann, room, text)
  const asked = [
    ['message.remove', { room: room.id, seq: 1 }],
    ['message.remove', { room: room.id, seq: 1, replaceWith: 'x' }],
    ['message.remove', { room: room.id, filter: { authors: [ann.me.id] } }],
    ['message.remove', { room: room.id, filter: { text: 'two' }, replaceWith: 'x' }],
    ['room.clear', { room: room.id, until: later }],
    ['room.delete', { room: room.id }],
    ['room.delete', { room: room.id, dryRun: true }],
  ] as const
  const moves = [
    ['room.update', { room: room.id, category: target.id }],
    ['room.previewMove', { room: room.id, category: target.id }],
  ] as const
  for (const scope of [{ room: room.id }, { category: category.id }, { person: ann.me.id }, { until: later }]) {
    const { id, reach } = await deny(scope)
    if (scope.room) expect(reach).toEqual({ messages: 3, hidden: 0, files: 0, gone: 0, missing: 0 })
    for (const [verb, input] of [...asked, ...('category' in scope ? moves : [])]) {
      const { error } = await site.admin.ask(verb, input)
      expect(error, `${verb} ${JSON.stringify(scope)}`).toMatchObject({
        code: 'forbidden',
        message: expect.stringContaining('Only compliance officers may lift that: ask one.'),
      })
      if (!('filter' in input)) expect(error).toMatchObject({ details: { denial: id } })
    }
    expect(await texts(room)).toEqual(['one', 'two', 'three'])
    expect(await ann.call('room.get', { room: room.id })).toMatchObject({
      room: { category: category.id, firstSeq: 1, revision: 0 },
    })
    await lift(id)
  }
  expect(await site.admin.call('room.previewMove', { room: room.id, category: target.id })).toBeDefined()
  for (const [verb, input] of asked.slice(0, 6)) expect(await site.admin.code(verb, input), verb).toBe('ok')
  // Nothing is in it, and its name was said all the same.
  const empty = await deny({ category: category.id })
  for (const dryRun of [true, undefined])
    expect(await site.admin.code('category.delete', { category: category.id, ...(dryRun ? { dryRun } : {}) })).toBe(
      'forbidden',
    )
  await lift(empty.id)
  expect(await site.admin.code('category.delete', { category: category.id, dryRun: true })).toBe('ok')
  expect(await site.admin.code('category.delete', { category: category.id })).toBe('ok')
})

test('[CP83] all that is given must fit: person, room, category and period, from its beginning up to its end without it', async () => {
  const [one, two] = [await openRoomFor(site, [ann, bob]), await openRoomFor(site, [ann, bob])]
  const places: [Person, Room, string][] = [
    [ann, one, '2026-03-01T00:00:00.000Z'],
    [ann, one, '2026-03-31T23:59:59.999Z'],
    [ann, one, '2026-04-01T00:00:00.000Z'],
    [bob, one, '2026-03-15T00:00:00.000Z'],
    [ann, two, '2026-03-15T00:00:00.000Z'],
  ]
  const said: { room: Room; seq: number }[] = []
  for (const [person, room, at] of places) {
    const seq = await say(person, room, at)
    await site.db.query('UPDATE message SET at = $3 WHERE room = $1 AND seq = $2', [room.id, seq, at])
    said.push({ room, seq })
  }
  const march = { from: '2026-03-01T00:00:00Z', until: '2026-04-01T00:00:00Z' }
  const cases: [Parameters<typeof deny>[0], boolean[]][] = [
    [{ person: ann.me.name, room: one.id, ...march }, [true, true, false, false, false]],
    [{ person: ann.me.id, ...march }, [true, true, false, false, true]],
    [{ room: one.id, ...march }, [true, true, false, true, false]],
    [{ category: two.category, person: ann.me.id }, [false, false, false, false, true]],
    [{ category: two.category, person: bob.me.id }, [false, false, false, false, false]],
    [{ category: one.category, from: march.until }, [false, false, true, false, false]],
    [march, [true, true, false, true, true]],
  ]
  for (const [scope, held] of cases) {
    const { id, reach } = await deny(scope)
    expect(reach.messages, JSON.stringify(scope)).toBe(held.filter(Boolean).length)
    for (const [n, { room, seq }] of said.entries()) {
      const would = await site.admin.call('message.remove', { room: room.id, seq, dryRun: true })
      expect([would.removed, would.denied], `${JSON.stringify(scope)} ${n}`).toEqual(held[n] ? [0, 1] : [1, undefined])
    }
    await lift(id)
  }
})

test('[CP84] of many messages those that are held stay, the others go, and previews say both', async () => {
  const room = await openRoomFor(site, [ann, bob])
  const at = new Date().toISOString()
  for (let n = 1; n <= 3; n += 1) {
    await say(ann, room, `gold ${n}`)
    await say(bob, room, `gold ${n}`)
  }
  const { id } = await deny({ person: ann.me.id, from: at })
  const filter = { room: room.id, filter: { text: 'gold' } }
  const would = await site.admin.call('message.remove', { ...filter, dryRun: true })
  expect(would).toMatchObject({ removed: 3, denied: 3 })
  expect(would.sample!.map(one => one.author.id)).toEqual([bob.me.id, bob.me.id, bob.me.id])
  expect(await site.admin.call('room.clear', { room: room.id, until: later, dryRun: true })).toEqual({
    ...{ firstSeq: 1, messages: 0, denied: 3 },
  })
  const pchat = shellOf(site)
  const shown = await pchat('message', 'remove', room.name, '--filter', 'gold', '--remove', '--what-if')
  expect(shown).toMatchObject({ code: 0, out: expect.stringMatching(/3 messages.*stay.*denied their deletion/) })
  const clear = ['room', 'clear', room.name, '--end-date', later]
  expect((await pchat(...clear, '--what-if')).out).toMatch(/3 messages.*stay/)
  expect(await pchat(...clear, '--confirm')).toMatchObject({ code: 1, err: expect.stringContaining('ask one') })
  const gone = await pchat('room', 'remove', room.name, '--what-if')
  expect(gone).toMatchObject({ code: 1, err: expect.stringContaining('Only compliance officers may lift that') })
  expect(await site.admin.call('message.remove', filter)).toEqual({ removed: 3, denied: 3 })
  expect(await texts(room)).toEqual(['gold 1', null, 'gold 2', null, 'gold 3', null])
  expect(await site.admin.code('message.remove', filter)).toBe('forbidden')
  // What is before the first one that is held goes.
  await lift(id)
  await deny({ from: (await ann.call('message.list', { room: room.id, after: 2, limit: 1 })).messages[0]!.at })
  const before = { room: room.id, until: (await ann.call('message.list', { room: room.id, limit: 6 })).messages[1]!.at }
  const cleared = await site.admin.ask('room.clear', { ...before, dryRun: true })
  // Two posts of one millisecond would be one instant.
  if (cleared.result?.denied === undefined) {
    expect(await site.admin.call('room.clear', before)).toEqual({ firstSeq: 3 })
    expect(await texts(room)).toEqual(['gold 2', null, 'gold 3', null])
  }
})

test('[CP86] files that are held keep their bytes, whichever way they would go, and collection goes on with the others', async () => {
  const [room, plain] = [await openRoomFor(site, [ann, bob]), await openRoomFor(site, [ann], { chatHistory: false })]
  const removed = await postFile(ann, room, someBytes(900, 1))
  const free = await postFile(bob, room, someBytes(900, 2))
  const passing = await postFile(ann, plain, someBytes(900, 3))
  const unposted = await putFile(ann, room, someBytes(900, 4))
  for (const { seq } of [removed, free]) await site.admin.call('message.remove', { room: room.id, seq })
  const { id, reach } = await deny({ person: ann.me.id })
  expect(reach.files).toBeGreaterThanOrEqual(3)
  expect(await site.admin.code('message.remove', { room: plain.id, seq: passing.seq })).toBe('forbidden')
  expect(await site.admin.code('room.clear', { room: plain.id, until: later })).toBe('forbidden')
  expect(await site.admin.call('room.clear', { room: plain.id, until: later, dryRun: true })).toMatchObject({
    ...{ messages: 0, denied: 1 },
  })
  expect(await site.admin.code('room.delete', { room: plain.id })).toBe('forbidden')
  expect(await codeOf(await getFile(site, ann, passing.file))).toBe('ok')
  await site.db.query("UPDATE file SET expires_at = now() - interval '1 minute' WHERE id = $1", [unposted])
  // When something was posted stays too, while it is held.
  await lift(id)
  await site.db.query("UPDATE file SET posted_at = posted_at - interval '2 days' WHERE id = $1", [passing.file])
  const again = await deny({ person: ann.me.id })
  await collect(objects, 0)
  const all = [removed.file, free.file, passing.file, unposted]
  expect(await Promise.all(all.map(stateOf))).toEqual(['ready', 'removed', 'ready', 'ready'])
  expect(await readCollectable(site.db, 0)).toMatchObject({ files: 0, denied: 3 })
  const upload = await fetch(`${site.url}/files/uploads/${unposted}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${ann.token}`, 'tus-resumable': '1.0.0' },
  })
  expect(upload.status).toBeGreaterThanOrEqual(400)
  expect(await stateOf(unposted)).toBe('ready')
  // What was there is known of a removed one for 40 days, and of one that is held longer.
  await site.db.query("UPDATE file SET removed_at = now() - interval '41 days' WHERE id = $1", [free.file])
  const his = await deny({ person: bob.me.id })
  await collect(objects, 0)
  expect(await stateOf(free.file)).toBe('removed')
  await lift(his.id)
  await collect(objects, 0)
  expect(await stateOf(free.file)).toBeUndefined()
  await lift(again.id)
  await collect(objects, 0)
  expect(await Promise.all([removed.file, passing.file, unposted].map(stateOf))).toEqual(Array(3).fill('removed'))
})

test('[CP87] a denial that comes while something is deleted waits for it and says what is gone; what is deleted behind it is refused', async () => {
  const ways: [
    string,
    (room: Room) => Promise<string>,
    (reach: Awaited<ReturnType<typeof deny>>['reach']) => number,
  ][] = [
    ['purge', room => site.admin.code('room.clear', { room: room.id, until: later }), reach => reach.hidden],
    ['change', room => site.admin.code('message.remove', { room: room.id, seq: 1 }), reach => reach.gone],
    ['change', room => site.admin.code('room.delete', { room: room.id }), reach => reach.hidden],
  ]
  for (const [table, destroy, gone] of ways) {
    const room = await openRoomFor(site, [ann])
    await say(ann, room, 'gold')
    // It has decided, and stands before its end.
    const go = await standing(`LOCK TABLE ${table} IN EXCLUSIVE MODE`)
    const destroyed = destroy(room)
    await waits(1)
    const denied = deny({ room: room.id })
    await waits(2)
    await go()
    expect(await destroyed).toBe('ok')
    const { reach } = await denied
    expect([reach.messages, gone(reach)]).toEqual([0, 1])
    // What was cleared or deleted, and not collected yet, is held from now on.
    await purge()
    if (gone(reach) === reach.hidden) expect(await rowsOf(room)).toEqual(['gold'])
  }
  for (const [, destroy] of ways) {
    const room = await openRoomFor(site, [ann])
    await say(ann, room, 'gold')
    const go = await standing('LOCK TABLE audit IN EXCLUSIVE MODE')
    const denied = deny({ room: room.id })
    await waits(1)
    const destroyed = destroy(room)
    await waits(2)
    await go()
    expect(await destroyed).toBe('forbidden')
    expect((await denied).reach).toMatchObject({ messages: 1, hidden: 0, gone: 0 })
  }
}, 30_000)

test('[CP87] whichever comes first, again and again: it was deleted and the denial says so, or it is there and readable', async () => {
  let denials = 0
  for (let round = 0; round < 30; round += 1) {
    const room = await openRoomFor(site, [ann])
    for (const text of ['a', 'b', 'c']) await say(ann, room, text)
    const destroy = [
      () => site.admin.code('room.clear', { room: room.id, until: later }),
      () => site.admin.code('message.remove', { room: room.id, filter: { authors: [ann.me.id] } }),
      () => site.admin.code('room.delete', { room: room.id }),
    ][round % 3]!
    const late = async () => {
      await sleep(Math.random() * 6)
      return deny({ room: room.id })
    }
    const [code, { reach }] = await Promise.all([destroy(), late(), purge()])
    const left = reach.messages + reach.hidden
    expect(left + reach.gone + (reach.missing ?? 0)).toBe(3)
    if (code === 'forbidden') {
      denials += 1
      expect(await texts(room)).toEqual(['a', 'b', 'c'])
    } else expect(reach.messages).toBe(0)
    await purge()
    expect((await rowsOf(room)).filter(text => text !== null).length).toBe(left)
  }
  expect(denials).toBeGreaterThan(0)
  expect(denials).toBeLessThan(30)
}, 60_000)

test('[CP87] a file that is collected while a denial comes is gone and not counted, or counted and there', async () => {
  const room = await openRoomFor(site, [ann])
  let held = 0
  for (let round = 0; round < 12; round += 1) {
    const file = await putFile(ann, room, someBytes(300, 100 + round))
    await site.db.query("UPDATE file SET expires_at = now() - interval '1 minute' WHERE id = $1", [file])
    const late = async () => {
      await sleep(round * 2)
      return deny({ room: room.id })
    }
    const [{ id, reach }] = await Promise.all([late(), collect(objects, 7)])
    const there = (await stateOf(file)) === 'ready'
    expect(reach.files).toBe(there ? 1 : 0)
    held += reach.files
    await lift(id)
    await collect(objects, 7)
    expect(await stateOf(file)).toBe('removed')
  }
  expect(held).toBeLessThan(12)
}, 30_000)
