import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type ComplianceSettings, changeCompliance } from '../src/store/compliance.ts'
import { transaction } from '../src/store/db.ts'
import { raiseSettings } from '../src/store/stamp.ts'
import { type FileSite, openFileSite, openRoomFor, postFile, putFile } from './files.ts'
import type { Person } from './harness.ts'
import { getFile } from './upload.ts'

let site: FileSite
let ann: Person
let ben: Person
beforeAll(async () => {
  site = await openFileSite({}, { attendance: { writeMs: 50, sweepMs: 200 } })
  ;[ann, ben] = [await site.addUser('ann@example.com'), await site.addUser('ben@example.com')]
  await compliance({ recording: true })
})
afterAll(() => site.stop())
beforeEach(async () => {
  await site.db.query('DELETE FROM outbox')
})

async function compliance(change: { recording?: boolean; settings?: Partial<ComplianceSettings> }) {
  await transaction(site.db, async tx => {
    await changeCompliance(tx, change)
    await raiseSettings(tx)
  })
  // The store is looked at by the sweep, and the outbox once a second.
  await sleep(1_500)
}

type Row = { kind: string; room: string | null; position: number | null; data: Record<string, unknown> }
async function recorded(kind?: string): Promise<Row[]> {
  const { rows } = await site.db.query<Row>(
    'SELECT kind, room, position, data FROM outbox WHERE $1::text IS NULL OR kind = $1 ORDER BY at, position',
    [kind ?? null],
  )
  return rows
}

/** Those that name one of the rooms, where it is said. */
async function eventually(kind: string, count: number, rooms?: string[]): Promise<Row[]> {
  const isOfThem = ({ data }: Row) => (data.rooms as { id: string }[]).some(room => rooms!.includes(room.id))
  for (const deadline = Date.now() + 10_000; ; await sleep(30)) {
    const rows = (await recorded(kind)).filter(row => !rooms || isOfThem(row))
    if (rows.length >= count || Date.now() > deadline) return rows
  }
}

/** As a store that has no room for a record. */
const refuseEvents = `CREATE FUNCTION refuse_event() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER refused BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION refuse_event()`

test('[CP30] a post is recorded in the transaction that writes it, with who, where and what', async () => {
  const room = await openRoomFor(site, [ann])
  await site.db.query('DELETE FROM outbox')
  const clientId = randomUUID()
  const said = {
    room: room.id,
    clientId,
    text: 'sell "all"',
    title: 'Orders',
    alert: true,
    format: 'markdown',
  } as const
  const { seq } = await ann.call('message.post', said)
  const rows = await recorded('chat')
  expect(rows).toMatchObject([{ room: room.id, position: seq }])
  expect(rows[0]!.data).toMatchObject({
    actor: { id: ann.me.id, name: 'ann@example.com', displayName: 'ann' },
    room: { id: room.id, name: room.name, uri: room.uri, type: 'normal', privacy: 'closed', logged: true },
    ...{ text: 'sell "all"', title: 'Orders', alert: true, format: 'markdown', clientId, kept: true },
  })
  // A repeat is no second post.
  await ann.call('message.post', said)
  expect(await recorded('chat')).toHaveLength(1)
  expect(await ben.code('message.post', { room: room.id, clientId: randomUUID(), text: 'x' })).toBe('forbidden')
  expect(await recorded('chat')).toHaveLength(1)
})

test('[CP31] what is not kept is recorded all the same', async () => {
  const room = await openRoomFor(site, [ann], { chatHistory: false })
  await ann.call('message.post', { room: room.id, clientId: randomUUID(), text: 'gone in a minute' })
  expect((await recorded('chat'))[0]!.data).toMatchObject({
    text: 'gone in a minute',
    kept: false,
    room: { logged: false },
  })
})

test('[CP32] reading is recorded before its answer leaves: joins with what they brought, pages, searches with their words', async () => {
  const room = await openRoomFor(site, [ann, ben])
  for (const text of ['gold one', 'gold two', 'silver'])
    await ann.call('message.post', { room: room.id, clientId: randomUUID(), text })
  const his = await ben.open()
  await his.call('room.join', { room: room.id, history: 2 })
  expect((await recorded('join'))[0]!.data).toMatchObject({
    ...{ actor: { id: ben.me.id }, how: 'room.join' },
    rooms: [{ id: room.id, name: room.name, position: 3, read: { from: 2, through: 3, count: 2 } }],
  })
  await ben.call('message.list', { room: room.id, before: 3 })
  expect(await recorded('read')).toMatchObject([
    { room: room.id, position: 3, data: { from: 1, through: 2, count: 2 } },
  ])
  await ben.call('message.search', { text: 'gold' })
  expect((await recorded('search'))[0]!.data).toMatchObject({
    ...{ actor: { id: ben.me.id }, text: 'gold' },
    rooms: [{ id: room.id, name: room.name, seqs: [2, 1], read: { from: 1, through: 2, count: 2 } }],
  })
  await ben.call('message.search', { text: 'two', rooms: [room.id] })
  expect((await recorded('search'))[1]!.data).toMatchObject({
    ...{ text: 'two', within: [room.id] },
    rooms: [{ id: room.id, name: room.name, seqs: [2] }],
  })
  await site.db.query("DELETE FROM outbox WHERE data->>'text' = 'two'")
  await ben.call('message.search', { text: 'platinum' })
  expect((await recorded('search'))[1]!.data).toMatchObject({ text: 'platinum', rooms: [] })
  await his.close()
})

test('[CP33] each coming has one going, in one row a connection: left, shut out, or ended', async () => {
  const [one, two, three] = [
    await openRoomFor(site, [ann, ben]),
    await openRoomFor(site, [ann, ben]),
    await openRoomFor(site, [ann, ben]),
  ]
  for (const room of [one, two, three]) await ben.call('room.follow', { room: room.id })
  const ids = [one.id, two.id, three.id]
  const his = await ben.open()
  await his.call('session.sync', {})
  const join = (await recorded('join')).find(row => row.data.how === 'session.sync')
  expect(join!.data).toMatchObject({ how: 'session.sync', actor: { id: ben.me.id } })
  expect((join!.data.rooms as { id: string }[]).map(room => room.id).sort()).toEqual([...ids].sort())
  await his.call('room.part', { room: one.id })
  expect((await eventually('part', 1, ids))[0]!.data).toMatchObject({
    why: 'left',
    rooms: [{ id: one.id, name: one.name }],
  })
  await site.admin.call('room.update', { room: two.id, members: { remove: [ben.me.name] } })
  expect((await eventually('part', 2, ids))[1]!.data).toMatchObject({ why: 'left', rooms: [{ id: two.id }] })
  await his.close()
  expect((await eventually('part', 3, ids))[2]!.data).toMatchObject({
    why: 'ended',
    actor: { id: ben.me.id },
    rooms: [{ id: three.id }],
  })
  await sleep(500)
  expect(await eventually('part', 3, ids)).toHaveLength(3)
})

test('[CP33] who joins again where he is, or comes back at once, has come once and gone once', async () => {
  const room = await openRoomFor(site, [ann, ben])
  await ann.call('message.post', { room: room.id, clientId: randomUUID(), text: 'one' })
  const his = await ben.open()
  const again = async () => {
    await his.call('room.join', { room: room.id })
    return (await eventually('join', 1, [room.id])).length
  }
  expect(await again()).toBe(1)
  await site.db.query("DELETE FROM outbox WHERE kind = 'read'")
  expect(await again()).toBe(1)
  expect(await recorded('read')).toMatchObject([{ room: room.id, data: { from: 1, through: 1, count: 1 } }])
  // Back before his going was written: he has not gone.
  await his.call('room.part', { room: room.id })
  expect(await again()).toBe(1)
  await sleep(300)
  await his.close()
  expect(await eventually('part', 1, [room.id])).toHaveLength(1)
  await sleep(300)
  expect(await eventually('part', 1, [room.id])).toHaveLength(1)
})

test('[CP33] who is back while his going is written has not gone', async () => {
  const one = await openRoomFor(site, [ann, ben])
  await ben.call('room.follow', { room: one.id })
  const his = await ben.open()
  await his.call('session.sync', {})
  const held = await site.db.connect()
  await held.query('BEGIN; LOCK TABLE attendance IN EXCLUSIVE MODE')
  await site.db.query('DELETE FROM outbox')
  await his.call('room.part', { room: one.id })
  const back = his.call('session.sync', {})
  await sleep(400)
  await held.query('COMMIT')
  held.release()
  await back
  await sleep(400)
  expect(await recorded('part')).toEqual([])
  await his.close()
  expect(await eventually('part', 1, [one.id])).toHaveLength(1)
})

test('[CP34] who finds a server dead records who left with it, once', async () => {
  const room = await openRoomFor(site, [ann])
  const lives = [randomUUID(), randomUUID()]
  for (const live of lives)
    await site.db.query('INSERT INTO attendance VALUES ($1, $2, $3, $4, $5)', [
      ...[live, randomUUID(), ann.me.id, randomUUID(), [room.id]],
    ])
  const other = await site.another()
  const parts = await eventually('part', 2, [room.id])
  await sleep(600)
  await other.stop()
  expect(await eventually('part', 2, [room.id])).toHaveLength(2)
  expect(parts[0]!.data).toMatchObject({ why: 'server gone', actor: { id: ann.me.id }, rooms: [{ id: room.id }] })
})

test('[CP35] files that go in and out are recorded, with their hash', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const { file, seq } = await postFile(ann, room, Buffer.from('abc'), 'a.txt')
  expect((await recorded('chat'))[0]).toMatchObject({
    position: seq,
    data: {
      file: {
        id: file,
        name: 'a.txt',
        size: 3,
        sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      },
    },
  })
  expect((await getFile(site, ben, file)).status).toBe(200)
  expect(await recorded('download')).toMatchObject([
    {
      room: room.id,
      position: seq,
      data: { actor: { id: ben.me.id }, room: { name: room.name }, file: { id: file, name: 'a.txt' } },
    },
  ])
})

test('[CP35] a picture is seen by its preview too, and what was refused for its record begins anew', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const picture = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  )
  const { file } = await postFile(ann, room, picture, 'a.png')
  expect((await getFile(site, ben, file, {}, '/preview')).status).toBe(200)
  expect(await recorded('download')).toMatchObject([{ room: room.id, data: { file: { id: file } } }])
  const range = { range: 'bytes=5-9' }
  await site.db.query(refuseEvents)
  try {
    expect((await getFile(site, ben, file, range)).status).toBe(503)
  } finally {
    await site.db.query('DROP FUNCTION refuse_event CASCADE')
  }
  expect(await recorded('download')).toHaveLength(1)
  expect((await getFile(site, ben, file, range)).status).toBe(206)
  expect(await recorded('download')).toHaveLength(2)
  // It goes on.
  expect((await getFile(site, ben, file, range)).status).toBe(206)
  expect(await recorded('download')).toHaveLength(2)
})

test('[CP36] settings, lists, removals and sign-ins are recorded', async () => {
  const room = await openRoomFor(site, [ann])
  await ann.call('message.post', { room: room.id, clientId: randomUUID(), text: 'wrong' })
  await site.admin.call('message.remove', { room: room.id, seq: 1, replaceWith: 'right' })
  await site.admin.call('room.clear', { room: room.id, until: '2100-01-01T00:00:00.000Z' })
  const changes = (await recorded('change')).map(({ data }) => data)
  expect(changes.map(change => change.action)).toEqual(
    expect.arrayContaining(['room.create', 'message.replace', 'room.clear']),
  )
  expect(changes.find(change => change.action === 'message.replace')).toMatchObject({
    ...{ subject: room.id, actor: { name: 'admin@example.com' } },
    detail: { seqs: [1] },
  })
  await site.addUser('cid@example.com')
  expect((await eventually('sign-in', 1))[0]!.data).toMatchObject({
    actor: { name: 'cid@example.com' },
    outcome: expect.any(String),
  })
})

test('[CP37] an outbox beyond its bound stops what would be recorded, reading included; it goes on by itself', async () => {
  const room = await openRoomFor(site, [ann])
  await ann.call('message.post', { room: room.id, clientId: randomUUID(), text: 'one' })
  const file = await putFile(ann, room, Buffer.from('abc'))
  await compliance({ settings: { maxRows: 0 } })
  const post = { room: room.id, clientId: randomUUID(), text: 'two' }
  expect(await ann.code('message.post', post)).toBe('unavailable')
  expect(await ann.code('file.post', { room: room.id, file, clientId: randomUUID() })).toBe('unavailable')
  expect(await ann.code('message.list', { room: room.id })).toBe('unavailable')
  expect(await ann.code('message.search', { text: 'one' })).toBe('unavailable')
  const hers = await ann.open()
  expect(await hers.code('room.join', { room: room.id })).toBe('unavailable')
  await hers.close()
  await compliance({ settings: { maxRows: 1_000_000 } })
  expect(await ann.code('message.post', post)).toBe('ok')
})

test('[CP38] what cannot be recorded does not happen: the store that takes no event takes no post and gives no page', async () => {
  const room = await openRoomFor(site, [ann])
  await ann.call('message.post', { room: room.id, clientId: randomUUID(), text: 'one' })
  await site.db.query(refuseEvents)
  try {
    const post = { room: room.id, clientId: randomUUID(), text: 'two' }
    expect(await ann.code('message.post', post)).toBe('unavailable')
    expect(await ann.code('message.list', { room: room.id })).toBe('unavailable')
  } finally {
    await site.db.query('DROP FUNCTION refuse_event CASCADE')
  }
  const { messages } = await ann.call('message.list', { room: room.id })
  expect(messages.map(message => message.seq)).toEqual([1])
})

test('[CP39] with compliance off nothing is written down', async () => {
  await compliance({ recording: false })
  await site.db.query('DELETE FROM outbox')
  const room = await openRoomFor(site, [ann])
  const hers = await ann.open()
  await hers.call('room.join', { room: room.id })
  await ann.call('message.post', { room: room.id, clientId: randomUUID(), text: 'one' })
  await hers.close()
  await sleep(500)
  expect(await recorded()).toEqual([])
  const { rows } = await site.db.query('SELECT FROM attendance WHERE principal = $1', [ann.me.id])
  expect(rows).toEqual([])
})
