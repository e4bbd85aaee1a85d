import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AdministrationRole } from '../src/protocol/role.ts'
import { addTotp } from './factor-people.ts'
import { type FileSite, openFileSite, openRoomFor, postFile } from './files.ts'
import { openSite, type Person, signInAt } from './harness.ts'
import { until } from './stage.ts'
import { getFile, someBytes } from './upload.ts'

let site: FileSite
let admin: Person
beforeAll(async () => {
  site = await openFileSite()
  admin = site.admin
})
afterAll(async () => {
  await site.stop()
  await rm(site.folder, { recursive: true, force: true })
})

const give = (principal: string, role: AdministrationRole, granted = true) =>
  admin.call('role.grant', { principal, role, granted })

async function official(name: string, role: AdministrationRole): Promise<Person> {
  const person = await site.addUser(`${name}@office.example`)
  await give(person.me.id, role)
  return person
}

test('[AR3] the last full administrator stays one, whichever verb would take that; a second one may go', async () => {
  expect(await admin.code('role.grant', { principal: admin.me.id, role: 'administrator', granted: false })).toBe(
    'conflict',
  )
  // Other roles are no way around: who manages Persistent Chat administers no people.
  await give(admin.me.id, 'chatAdministrator')
  expect(await admin.code('role.grant', { principal: admin.me.id, role: 'administrator', granted: false })).toBe(
    'conflict',
  )
  await give(admin.me.id, 'chatAdministrator', false)
  const second = await official('second', 'administrator')
  expect(await second.code('principal.update', { principal: second.me.id, displayName: 'Second' })).toBe('ok')
  await give(second.me.id, 'administrator', false)
  expect(await second.code('principal.update', { principal: second.me.id, displayName: 'Third' })).toBe('forbidden')
})

test('[AR4] a role counts from the next request on and no longer, over an open session too, and on another server', async () => {
  const person = await site.addUser('quick@office.example')
  const live = await person.open()
  const elsewhere = await site.another()
  const there = elsewhere.at(person)
  const all = async () => [
    await person.code('settings.get', {}),
    await live.code('settings.get', {}),
    await there.code('settings.get', {}),
  ]
  expect(await all()).toEqual(['forbidden', 'forbidden', 'forbidden'])
  await give(person.me.id, 'chatAdministrator')
  expect(await all()).toEqual(['ok', 'ok', 'ok'])
  await give(person.me.id, 'chatAdministrator', false)
  expect(await all()).toEqual(['forbidden', 'forbidden', 'forbidden'])
  await give(person.me.id, 'chatAdministrator')
  // Who is disabled holds nothing, and is out; enabled again he has what he had.
  await admin.call('principal.update', { principal: person.me.id, disabled: true })
  expect(await person.code('settings.get', {})).toBe('unauthenticated')
  const { roles } = await admin.call('principal.get', { principal: person.me.id })
  expect(roles).toEqual([])
  await live.closed
  await admin.call('principal.update', { principal: person.me.id, disabled: false })
  expect(await (await signInAt(site.url, person.me.name)).code('settings.get', {})).toBe('ok')
  await elsewhere.stop()
})

test('[AR4] [AC7] what a role lets see goes with it: a Secret room is not there any more', async () => {
  const category = await site.addCategory({ allowedMembers: [admin.me.id] })
  const room = await site.addRoom({ category: category.id, privacy: 'secret' })
  const person = await official('seer', 'helpDesk')
  expect(await person.code('room.get', { room: room.id })).toBe('ok')
  await give(person.me.id, 'helpDesk', false)
  expect(await person.code('room.get', { room: room.id })).toBe('not_found')
})

test('[AR5] a group stands for who is in it at the moment, at any depth', async () => {
  const make = async (kind: 'group' | 'organizationalUnit', name: string) =>
    (await admin.call('principal.create', { kind, name, displayName: name })).principal.id
  const inner = await make('group', 'inner desk')
  const outer = await make('group', 'outer desk')
  const unit = await make('organizationalUnit', 'the unit')
  const person = await site.addUser('grouped@office.example', { in: unit })
  await admin.call('group.update', { group: outer, add: [inner] })
  await give(outer, 'complianceOfficer')
  expect(await person.code('audit.list', {})).toBe('forbidden')
  await admin.call('group.update', { group: inner, add: [person.me.id] })
  expect(await person.code('audit.list', {})).toBe('ok')
  await admin.call('group.update', { group: outer, remove: [inner] })
  expect(await person.code('audit.list', {})).toBe('forbidden')
  const codes = [
    await admin.code('role.grant', { principal: inner, role: 'administrator', granted: true }),
    await admin.code('role.grant', { principal: unit, role: 'helpDesk', granted: true }),
    await admin.code('role.grant', { principal: 'office.example', role: 'helpDesk', granted: true }),
  ]
  expect(codes).toEqual(['invalid_argument', 'invalid_argument', 'invalid_argument'])
  expect(await person.code('settings.get', {})).toBe('forbidden')
})

test('[AR6] who holds which role is told to himself, of a person, and of all', async () => {
  const person = await official('two', 'helpDesk')
  await give(person.me.id, 'userAdministrator')
  const live = await person.open()
  expect(live.opened.me).toMatchObject({ administrator: false, roles: ['helpDesk', 'userAdministrator'] })
  await live.close()
  expect((await signInAt(site.url, admin.me.name)).me).toMatchObject({ administrator: true, roles: ['administrator'] })
  expect(await admin.call('principal.get', { principal: person.me.id })).toMatchObject({
    administrator: false,
    roles: ['helpDesk', 'userAdministrator'],
  })
  const { holders } = await admin.call('role.list', {})
  expect(holders).toContainEqual({
    principal: expect.objectContaining({ id: person.me.id, name: 'two@office.example' }),
    role: 'helpDesk',
    by: expect.objectContaining({ id: admin.me.id }),
    at: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  expect(holders).toContainEqual({
    principal: expect.objectContaining({ id: admin.me.id }),
    role: 'administrator',
    by: null,
    at: null,
  })
  // Given twice it stands once, with who gave it first.
  await give(person.me.id, 'helpDesk')
  const again = (await admin.call('role.list', {})).holders.filter(one => one.principal.id === person.me.id)
  expect(again.map(one => one.role)).toEqual(['userAdministrator', 'helpDesk'])
  await give(person.me.id, 'helpDesk', false)
  await give(person.me.id, 'userAdministrator', false)
  expect((await admin.call('role.list', {})).holders.some(one => one.principal.id === person.me.id)).toBe(false)
})

test('[AR7] who is given a first role comes in anew with a second factor, also by a group; who holds one needs it', async () => {
  const mixed = await openSite()
  const names = ['one@office.example', 'two@office.example', 'three@office.example']
  const [one, two, three] = (await Promise.all(names.map(name => mixed.addUser(name)))) as [Person, Person, Person]
  // First: a server that asks for it looks at once who has none.
  await addTotp(mixed.admin)
  const strict = await mixed.another({ secondFactor: 'administrators' })
  const grant = async (principal: string) =>
    strict.at(mixed.admin).code('role.grant', { principal, role: 'helpDesk', granted: true })
  const group = (await mixed.admin.call('principal.create', { kind: 'group', name: 'helpers', displayName: 'Helpers' }))
    .principal.id
  await mixed.admin.call('group.update', { group, add: [two.me.id] })
  const live = await two.open()
  expect([await grant(one.me.id), await grant(group)]).toEqual(['ok', 'ok'])
  expect((await live.closed).code).toBe(4003)
  for (const person of [one, two]) expect(await person.code('session.list', {})).toBe('unauthenticated')
  expect(await three.code('session.list', {})).toBe('ok')
  for (const name of names.slice(0, 2))
    await expect(signInAt(strict.url, name)).rejects.toThrow('second_factor_required')
  await signInAt(strict.url, names[2]!)
  // Who comes into the group later is found by the round that looks for such sign-ins.
  await mixed.admin.call('group.update', { group, add: [three.me.id] })
  const later = await mixed.another({ secondFactor: 'administrators' })
  await until(async () => (await three.code('session.list', {})) === 'unauthenticated', 'ended')
  await later.stop()
  await mixed.stop()
})

test('[AR8] the Persistent Chat administrator manages rooms and touches neither people nor how they sign in', async () => {
  const person = await official('chat', 'chatAdministrator')
  const { category } = await person.call('category.create', { name: 'His', allowedMembers: ['office.example'] })
  const { room } = await person.call('room.create', { category: category.id, name: 'His room' })
  expect(await person.code('room.update', { room: room.id, members: { add: [person.me.id] } })).toBe('ok')
  expect(await person.code('room.update', { room: room.id, disabled: true })).toBe('ok')
  expect(await person.code('room.update', { room: room.id, disabled: false })).toBe('ok')
  const { settings } = await person.call('settings.get', {})
  for (const change of [{ sessionDays: 3000 }, { lockoutThreshold: 1000 }, { trustedNetworks: ['0.0.0.0/0'] }])
    expect(await person.code('settings.update', { settings: change })).toBe('forbidden')
  // A form that sends everything back as it was changes nothing of it.
  expect(await person.code('settings.update', { settings: { ...settings, maxTextCodePoints: 4000 } })).toBe('ok')
  // As they stood he sent them along; what a full administrator changes meanwhile is not put back.
  const { entries } = await site.admin.call('audit.list', { action: 'settings.update', limit: 1 })
  expect(entries[0]!.detail).toMatchObject({ maxTextCodePoints: 4000 })
  expect(entries[0]!.detail).not.toHaveProperty('trustedNetworks')
  const own = await person.ask('role.grant', { principal: person.me.id, role: 'administrator', granted: true })
  expect(own.error?.code).toBe('forbidden')
})

test('[AR9] the help desk sees how everything is set, and neither messages nor files', async () => {
  const desk = await official('desk', 'helpDesk')
  const author = await site.addUser('author@example.com')
  const room = await openRoomFor(site, [author])
  await author.call('message.post', { room: room.id, clientId: crypto.randomUUID(), text: 'a private word' })
  const { file } = await postFile(author, room, someBytes(100))
  const { categories } = await desk.call('category.list', {})
  expect(categories.find(one => one.id === room.category)).toMatchObject({
    mayCreateRooms: false,
    allowedMembers: [expect.objectContaining({ name: 'example.com' })],
  })
  const card = await desk.call('room.get', { room: room.id })
  expect(card).toMatchObject({
    rights: { read: false, post: false, manage: false, enable: false, administer: false },
    members: [expect.objectContaining({ id: author.me.id })],
  })
  // Neither how much was said in it, nor who reads it and why.
  expect(card.room).not.toHaveProperty('lastSeq')
  expect(card).not.toHaveProperty('glassBroken')
  await admin.call('room.update', { room: room.id, privacy: 'secret' })
  await admin.call('room.update', { room: room.id, disabled: true })
  expect((await desk.call('room.find', { text: room.name })).rooms.map(one => one.id)).toEqual([room.id])
  await admin.call('room.update', { room: room.id, disabled: false })
  for (const verb of ['message.list', 'file.list'] as const)
    expect(await desk.code(verb, { room: room.id })).toBe('forbidden')
  expect((await desk.call('message.search', { text: 'private' })).matches).toEqual([])
  expect((await getFile(site, desk, file)).status).toBe(404)
  const live = await desk.open()
  expect(await live.code('room.join', { room: room.id })).toBe('forbidden')
  expect(
    (await live.call('session.sync', { rooms: [{ room: room.id, seq: 0 }], epoch: live.opened.epoch })).rooms,
  ).toEqual([])
  await live.close()
})

test('[AR10] officials do what their role is for without a policy, and nothing else', async () => {
  const officer = await official('officer', 'complianceOfficer')
  const granter = await official('granter', 'userAdministrator')
  const desk = await official('off-desk', 'helpDesk')
  for (const person of [officer, granter, desk])
    await admin.call('policy.grant', { scope: person.me.id, enabled: false })
  expect(await officer.code('audit.list', {})).toBe('ok')
  expect(await officer.code('session.record', { all: true })).toBe('ok')
  expect(await officer.code('session.record', { user: granter.me.id })).toBe('ok')
  expect(await officer.code('principal.find', { text: 'granter' })).toBe('ok')
  expect(await officer.code('room.find', {})).toBe('forbidden')
  expect(await granter.code('principal.find', { text: 'officer' })).toBe('ok')
  expect(await granter.call('principal.get', { principal: officer.me.id })).toMatchObject({ enabled: false })
  expect(await granter.code('policy.grant', { scope: officer.me.id, enabled: true })).toBe('ok')
  expect(await granter.code('audit.list', {})).toBe('forbidden')
  expect(await granter.code('session.record', { all: true })).toBe('forbidden')
  expect(await granter.code('room.find', {})).toBe('forbidden')
  expect(await desk.code('room.find', {})).toBe('ok')
  expect(await desk.code('message.search', { text: 'x' })).toBe('ok')
})
