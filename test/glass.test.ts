import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Room } from '../src/protocol/room.ts'
import { type FileSite, openFileSite, openRoomFor, postFile } from './files.ts'
import type { Person } from './harness.ts'
import { getFile, someBytes } from './upload.ts'

let site: FileSite
let admin: Person
let member: Person
let manager: Person
/** Manages Persistent Chat, and is in scope of no category here. */
let chief: Person
beforeAll(async () => {
  site = await openFileSite()
  admin = site.admin
  member = await site.addUser('member@example.com')
  manager = await site.addUser('manager@example.com')
  chief = await site.addUser('chief@office.example')
  await admin.call('role.grant', { principal: chief.me.id, role: 'chatAdministrator', granted: true })
})
afterAll(async () => {
  await site.stop()
  await rm(site.folder, { recursive: true, force: true })
})

const reason = 'A complaint of today has to be looked into'

/** With one message of its member. */
async function someRoom(text = 'a needle'): Promise<Room> {
  const room = await openRoomFor(site, [member])
  await admin.call('room.update', { room: room.id, managers: [manager.me.id] })
  await member.call('message.post', { room: room.id, clientId: randomUUID(), text })
  return room
}

const breakIt = (room: Room, who = chief, minutes?: number) =>
  who.call('room.breakGlass', { room: room.id, reason, ...(minutes === undefined ? {} : { minutes }) })

/** Of the audit record, what was done to a room under glass, oldest first. */
async function recorded(room: Room) {
  const { entries } = await admin.call('audit.list', { subject: room.id })
  return entries
    .filter(({ action }) => /glass/i.test(action))
    .map(({ action, actor, detail }) => ({ action, by: actor?.id, detail }))
    .reverse()
}

test('[AR11] a reason of 10 to 500 characters and 1 to 1440 minutes; 60 without word; only who is no member, and only its roles', async () => {
  const room = await someRoom()
  const code = (input: { reason?: string; minutes?: number }, who = chief) =>
    who.code('room.breakGlass', { room: room.id, ...input })
  expect(await code({})).toBe('invalid_argument')
  expect(await code({ reason: '         too short         '.slice(0, 17) })).toBe('invalid_argument')
  expect(await code({ reason: '😀'.repeat(501) })).toBe('invalid_argument')
  expect(await code({ reason, minutes: 1441 })).toBe('invalid_argument')
  expect(await code({ reason, minutes: -1 })).toBe('invalid_argument')
  expect(await code({ reason }, manager)).toBe('forbidden')
  expect(await chief.code('message.list', { room: room.id })).toBe('forbidden')
  expect(await recorded(room)).toEqual([])

  const { until } = await breakIt(room)
  expect(Date.parse(until) - Date.now()).toBeGreaterThan(59 * 60_000)
  expect(Date.parse(until) - Date.now()).toBeLessThan(61 * 60_000)
  const read = await chief.call('message.list', { room: room.id })
  expect(read.messages).toMatchObject([{ text: 'a needle' }])
  expect(await code({ reason: '😀'.repeat(500), minutes: 1440 })).toBe('ok')
  // Who is a member has no need of it.
  await admin.call('category.update', { category: room.category, allowedMembers: { add: [chief.me.id] } })
  await admin.call('room.update', { room: room.id, members: { add: [chief.me.id] } })
  expect(await code({ reason })).toBe('conflict')
})

test('[AR12] it opens what was posted and files, and nothing else', async () => {
  const room = await someRoom('an unlikely word')
  const { file } = await postFile(member, room, someBytes(500), 'secret.bin')
  expect((await getFile(site, chief, file)).status).toBe(404)
  await breakIt(room)
  const live = await chief.open()
  expect((await live.call('message.list', { room: room.id })).messages).toHaveLength(2)
  expect((await chief.call('file.list', { room: room.id })).files).toMatchObject([{ id: file }])
  expect((await getFile(site, chief, file)).status).toBe(200)
  const inRoom = { room: room.id }
  const codes = {
    join: await live.code('room.join', inRoom),
    post: await live.code('message.post', { ...inRoom, clientId: randomUUID(), text: 'hello' }),
    follow: await live.code('room.follow', inRoom),
    read: await live.code('room.markRead', { ...inRoom, seq: 1 }),
    upload: await live.code('file.begin', { ...inRoom, name: 'a', size: 1 }),
    poster: await live.code('file.get', { file }),
  }
  expect(codes).toEqual({
    join: 'forbidden',
    post: 'forbidden',
    follow: 'forbidden',
    read: 'forbidden',
    upload: 'forbidden',
    poster: 'not_found',
  })
  expect((await live.call('message.search', { text: 'unlikely' })).matches).toEqual([])
  const synced = await live.call('session.sync', { epoch: live.opened.epoch, rooms: [{ ...inRoom, seq: 0 }] })
  expect([synced.rooms, synced.refused]).toEqual([[], [{ room: room.id, code: 'forbidden' }]])
  const card = await chief.call('room.get', inRoom)
  expect(card).toMatchObject({ rights: { read: false, post: false, member: false }, followed: false })
  expect(card.room).not.toHaveProperty('lastSeq')
  await member.call('message.post', { ...inRoom, clientId: randomUUID(), text: 'news' })
  expect((await member.call('participant.list', inRoom)).participants).toEqual([])
  await live.settled()
  expect(live.heard('message.posted')).toEqual([])
  await live.close()
})

test('[AR13] a denial, a disabled room or account, the policy, the role, the time and its holder end it at once', async () => {
  const room = await someRoom()
  const reads = () => chief.code('message.list', { room: room.id })
  await breakIt(room)
  expect(await reads()).toBe('ok')

  await admin.call('category.update', { category: room.category, deniedMembers: [chief.me.id] })
  expect(await reads()).toBe('forbidden')
  expect(await chief.code('room.breakGlass', { room: room.id, reason })).toBe('forbidden')
  await admin.call('category.update', { category: room.category, deniedMembers: [] })
  expect(await reads()).toBe('ok')

  await admin.call('room.update', { room: room.id, disabled: true })
  expect(await reads()).toBe('room_disabled')
  expect(await chief.code('room.breakGlass', { room: room.id, reason })).toBe('room_disabled')
  await admin.call('room.update', { room: room.id, disabled: false })

  await admin.call('policy.grant', { scope: chief.me.id, enabled: false })
  expect([await reads(), await chief.code('room.breakGlass', { room: room.id, reason })]).toEqual([
    'forbidden',
    'forbidden',
  ])
  await admin.call('policy.grant', { scope: chief.me.id, enabled: null })

  await admin.call('role.grant', { principal: chief.me.id, role: 'chatAdministrator', granted: false })
  expect(await reads()).toBe('not_found')
  await admin.call('role.grant', { principal: chief.me.id, role: 'helpDesk', granted: true })
  expect(await reads()).toBe('forbidden')
  await admin.call('role.grant', { principal: chief.me.id, role: 'helpDesk', granted: false })
  await admin.call('role.grant', { principal: chief.me.id, role: 'chatAdministrator', granted: true })
  expect(await reads()).toBe('ok')

  // Another administrator's reason is not his.
  expect(await admin.code('message.list', { room: room.id })).toBe('forbidden')
  const { until } = await chief.call('room.breakGlass', { room: room.id, minutes: 0 })
  expect(Date.parse(until)).toBeLessThanOrEqual(Date.now() + 1_000)
  expect(await reads()).toBe('forbidden')
  expect(await chief.code('room.breakGlass', { room: room.id, minutes: 0 })).toBe('conflict')

  await breakIt(room, chief, 1)
  await site.db.query("UPDATE broken_glass SET until = until - interval '1 minute' WHERE room = $1", [room.id])
  expect(await reads()).toBe('forbidden')
})

test('[AR13] another server knows of it, and one that starts later', async () => {
  const room = await someRoom()
  const before = await site.another()
  await breakIt(room)
  const after = await site.another()
  for (const server of [before, after]) {
    expect(await server.at(chief).code('message.list', { room: room.id })).toBe('ok')
    await server.stop()
  }
  await chief.call('room.breakGlass', { room: room.id, minutes: 0 })
})

test('[AR14] reason and each reading stand in the audit record before the answer is there', async () => {
  const room = await someRoom()
  for (const text of ['two', 'three', 'four'])
    await member.call('message.post', { room: room.id, clientId: randomUUID(), text })
  const { file } = await postFile(member, room, someBytes(300_000), 'big.bin')
  const { until } = await breakIt(room, chief, 5)
  await chief.call('message.list', { room: room.id, after: 0, limit: 2 })
  await chief.call('message.list', { room: room.id, before: 4, limit: 1 })
  await chief.call('message.list', { room: room.id, after: 100 })
  await chief.call('file.list', { room: room.id })
  await (await getFile(site, chief, file)).arrayBuffer()
  await chief.call('room.breakGlass', { room: room.id, minutes: 0 })
  const by = chief.me.id
  const read = (detail: object) => ({ action: 'room.readThroughGlass', by, detail })
  expect(await recorded(room)).toEqual([
    { action: 'room.breakGlass', by, detail: { reason, minutes: 5, until } },
    read({ messages: 2, fromSeq: 1, throughSeq: 2 }),
    read({ messages: 1, fromSeq: 3, throughSeq: 3 }),
    read({ messages: 0 }),
    read({ files: [file] }),
    read({ file, name: 'big.bin' }),
    { action: 'room.breakGlass', by, detail: { reason, minutes: 0, until: expect.any(String) } },
  ])
  // A member who reads is nobody's business.
  await member.call('message.list', { room: room.id })
  expect(await recorded(room)).toHaveLength(7)
})

test('[AR14] what cannot be recorded is not shown', async () => {
  const room = await someRoom()
  const { file } = await postFile(member, room, someBytes(100))
  await breakIt(room)
  await site.db.query(`CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room'; END $$;
    CREATE TRIGGER refuse_row BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION refuse_row()`)
  try {
    for (const verb of ['message.list', 'file.list'] as const) {
      const answer = await chief.ask(verb, { room: room.id })
      expect(answer).toEqual({ error: expect.objectContaining({ code: 'internal' }) })
    }
    expect((await getFile(site, chief, file)).status).toBe(500)
    expect(await member.code('message.list', { room: room.id })).toBe('ok')
  } finally {
    await site.db.query('DROP FUNCTION refuse_row CASCADE')
  }
})

test('[AR15] managers and full administrators are told over their live sessions, members are not; the card keeps it', async () => {
  const room = await someRoom()
  const stranger = await site.addUser('bystander@example.com')
  const [his, ours, chiefs, members, others] = await Promise.all(
    [manager, admin, chief, member, stranger].map(person => person.open()),
  )
  await members!.call('room.join', { room: room.id })
  const { until } = await breakIt(room)
  const event = { room: room.id, by: expect.objectContaining({ id: chief.me.id }), until, reason }
  expect(await his!.hears('room.glassBroken')).toMatchObject(event)
  expect(await ours!.hears('room.glassBroken')).toMatchObject(event)
  await chief.call('room.breakGlass', { room: room.id, minutes: 0 })
  await his!.hears('room.glassBroken', one => one.until < until)
  for (const live of [chiefs!, members!, others!]) {
    await live.settled()
    expect(live.heard('room.glassBroken')).toEqual([])
  }
  const shown = async (person: Person) => (await person.call('room.get', { room: room.id })).glassBroken
  const line = { by: expect.objectContaining({ id: chief.me.id }), reason, at: expect.any(String) }
  for (const person of [manager, admin, chief]) expect(await shown(person)).toMatchObject([line])
  for (const person of [member, stranger]) expect(await shown(person)).toBeUndefined()
  await site.db.query("UPDATE broken_glass SET at = at - interval '91 days' WHERE room = $1", [room.id])
  expect(await shown(manager)).toEqual([])
  for (const live of [his, ours, chiefs, members, others]) await live!.close()
})
