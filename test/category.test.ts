import { afterAll, beforeAll, expect, test } from 'vitest'
import { names, openStage, type Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.stop())

const unknown = '00000000-0000-4000-8000-000000000000'

test('[CA1] only administrators create, change and delete categories; one that the caller may not see is not found', async () => {
  const { alice, zoe, category } = stage
  expect(await alice.code('category.create', { name: 'mine' })).toBe('forbidden')
  expect(await alice.code('category.update', { category: category.id, name: 'mine' })).toBe('forbidden')
  expect(await alice.code('category.delete', { category: category.id })).toBe('forbidden')
  expect(await zoe.code('category.update', { category: category.id, name: 'mine' })).toBe('not_found')
  expect(await zoe.code('category.delete', { category: category.id })).toBe('not_found')
  expect(await zoe.ask('category.delete', { category: category.id })).toEqual(
    await zoe.ask('category.delete', { category: unknown }),
  )
  expect(await stage.admin.code('category.delete', { category: unknown })).toBe('not_found')
})

test('[CA2] a new category has nobody in scope, no invitations, no files, and keeps history', async () => {
  const { category } = await stage.admin.call('category.create', { name: '  bare  ' })
  expect(category).toMatchObject({
    name: 'bare',
    description: '',
    version: 1,
    invitations: false,
    fileUpload: false,
    chatHistory: true,
    allowedMembers: [],
    deniedMembers: [],
    creators: [],
  })
  const full = await stage.admin.call('category.create', {
    name: 'full',
    description: 'all said',
    invitations: true,
    fileUpload: true,
    chatHistory: false,
    allowedMembers: ['example.com'],
    deniedMembers: ['bob@example.com'],
    creators: [stage.alice.me.id],
  })
  expect(full.category).toMatchObject({
    description: 'all said',
    invitations: true,
    fileUpload: true,
    chatHistory: false,
  })
  expect(names(full.category.allowedMembers)).toEqual(['example.com'])
  expect(names(full.category.deniedMembers)).toEqual(['bob@example.com'])
  expect(names(full.category.creators)).toEqual(['alice@example.com'])
})

test('[CA3] lists are set whole or changed by {add, remove}; a principal is named by id or name, an unknown one changes nothing', async () => {
  const { admin, alice } = stage
  const { id } = await stage.addCategory({ allowedMembers: ['alice@example.com', 'bob@example.com'] })
  const changed = await admin.call('category.update', {
    category: id,
    allowedMembers: { add: ['carol@example.com', alice.me.id], remove: ['BOB@example.com'] },
  })
  expect(names(changed.category.allowedMembers)).toEqual(['alice@example.com', 'carol@example.com'])
  const whole = await admin.call('category.update', { category: id, allowedMembers: ['bob@example.com'] })
  expect(names(whole.category.allowedMembers)).toEqual(['bob@example.com'])
  expect(await admin.code('category.update', { category: id, name: 'other', creators: ['nobody@example.com'] })).toBe(
    'not_found',
  )
  const { categories } = await admin.call('category.list', {})
  expect(categories.find(one => one.id === id)).toEqual(whole.category)
})

test('[CA4] a change under an older ifVersion is a conflict and changes nothing; every change raises the version', async () => {
  const { admin } = stage
  const made = await stage.addCategory({})
  const first = await admin.call('category.update', { category: made.id, ifVersion: made.version, description: 'a' })
  expect(first.category.version).toBeGreaterThan(made.version)
  expect(await admin.code('category.update', { category: made.id, ifVersion: made.version, description: 'b' })).toBe(
    'conflict',
  )
  const { categories } = await admin.call('category.list', {})
  expect(categories.find(one => one.id === made.id)).toEqual(first.category)
})

test('[CA5] a user is shown the categories of his scope, without their lists, and where he may create rooms', async () => {
  const { alice, carol, zoe, admin, category } = stage
  const seen = async (who: typeof alice) =>
    (await who.call('category.list', {})).categories.find(one => one.id === category.id)
  expect(await seen(alice)).toMatchObject({ mayCreateRooms: false })
  expect(await seen(alice)).not.toHaveProperty('allowedMembers')
  expect(await seen(carol)).toMatchObject({ mayCreateRooms: true })
  expect(await seen(zoe)).toBeUndefined()
  expect(names((await seen(admin))?.allowedMembers)).toEqual(['example.com'])
})

test('[CA6] a category that has rooms is not deleted (conflict); deleted, its name is free', async () => {
  const { admin } = stage
  const made = await stage.addCategory({ name: 'short-lived' })
  const room = await stage.addRoom({ category: made.id })
  expect(await admin.code('category.delete', { category: made.id })).toBe('conflict')
  expect((await admin.call('room.get', { room: room.id })).room.category).toBe(made.id)
  await admin.call('room.delete', { room: room.id })
  await admin.call('category.delete', { category: made.id })
  expect(await admin.code('category.delete', { category: made.id })).toBe('not_found')
  expect(await admin.code('category.create', { name: 'SHORT-lived' })).toBe('ok')
})

test('[CA7] rooms and categories share one space of names, compared after NFC, trim and case folding', async () => {
  const { admin, category } = stage
  await stage.addCategory({ name: 'Straße' })
  const room = await stage.addRoom({ category: category.id, name: 'Café' })
  for (const name of ['STRASSE', ' straße ', 'Cafe\u0301', 'CAFÉ']) {
    expect(await admin.code('category.create', { name }), name).toBe('name_taken')
    expect(await admin.code('room.create', { category: category.id, name }), name).toBe('name_taken')
    expect(await admin.code('category.update', { category: category.id, name }), name).toBe('name_taken')
  }
  expect(await admin.code('room.update', { room: room.id, name: 'strasse' })).toBe('name_taken')
  expect(await admin.code('room.update', { room: room.id, name: ' CAFE\u0301 ' })).toBe('ok')
  const renamed = await admin.call('room.get', { room: room.id })
  expect(renamed.room.name).toBe('CAFÉ')
})

test('[CA8] who asks for a taken name is told so and no more, and it is kept in the audit record', async () => {
  const { admin, carol, category } = stage
  await stage.room({ name: 'Unseen', privacy: 'secret', members: ['bob@example.com'] })
  const { error } = await carol.ask('room.create', { category: category.id, name: 'unseen' })
  expect(Object.keys(error ?? {}).sort()).toEqual(['code', 'message'])
  const { entries } = await admin.call('audit.list', { limit: 5 })
  expect(entries.find(entry => entry.action === 'name_taken')).toMatchObject({
    subject: 'unseen',
    actor: { id: carol.me.id },
  })
})

test('[CA9] a change of name or switches reaches whoever hears a room of the category', async () => {
  const { admin, alice } = stage
  const { id } = await stage.sameScope()
  const room = await stage.room({ category: id })
  const live = await alice.open()
  await live.call('room.join', { room: room.id })
  await admin.call('category.update', { category: id, name: 'renamed floor', fileUpload: true })
  const told = await live.hears('room.changed', event => event.room.categoryName === 'renamed floor')
  expect(told.room).toMatchObject({ id: room.id, fileUpload: true })
  await live.close()
})

test('[CA10] out of a narrowed scope sessions are closed as removed, and entries come back with the scope', async () => {
  const { admin, alice, bob } = stage
  const { id } = await stage.sameScope()
  const room = await stage.room({ category: id, managers: ['bob@example.com'] })
  const [hers, his] = await Promise.all([alice.open(), bob.open()])
  for (const live of [hers, his]) await live.call('room.join', { room: room.id })
  await admin.call('category.update', { category: id, deniedMembers: ['bob@example.com'] })
  expect(await his.hears('room.closed')).toEqual({ event: 'room.closed', room: room.id, reason: 'removed' })
  await hers.post(room.id, 'without bob')
  await hers.hears('message.posted')
  await his.settled()
  expect(his.heard('message.posted')).toEqual([])
  for (const verb of ['room.get', 'message.list'] as const)
    expect(await bob.code(verb, { room: room.id })).toBe('not_found')
  expect(names((await admin.call('room.get', { room: room.id })).members)).toEqual([
    'alice@example.com',
    'bob@example.com',
  ])
  await admin.call('category.update', { category: id, deniedMembers: [] })
  expect((await bob.call('room.get', { room: room.id })).rights).toMatchObject({ read: true, manage: true })
  await Promise.all([hers.close(), his.close()])
})
