import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSite, type Person, type Site } from './harness.ts'
import { isTest, readSources } from './source.ts'

let site: Site
let admin: Person
beforeAll(async () => {
  site = await openSite()
  admin = site.admin
})
afterAll(() => site.stop())

test('[AR18] the record is searched by action or noun, actor, subject by id or name, words and time, page by page', async () => {
  const chief = await site.addUser('chief@office.example')
  await admin.call('role.grant', { principal: chief.me.id, role: 'chatAdministrator', granted: true })
  const category = await site.addCategory({ name: 'Heronry', allowedMembers: ['example.com'] })
  const { room } = await chief.call('room.create', { category: category.id, name: 'Perch 7' })
  await chief.call('room.update', { room: room.id, description: 'where the kingfisher waits' })
  const found = async (filter: Parameters<typeof admin.call<'audit.list'>>[1]) =>
    (await admin.call('audit.list', filter)).entries.map(({ action }) => action)
  expect(await found({ action: 'role.grant' })).toEqual(['role.grant'])
  expect(await found({ action: 'room.' })).toEqual(['room.update', 'room.create'])
  expect(await found({ action: 'room' })).toEqual([])
  expect(await found({ actor: 'chief@office.example' })).toEqual(['room.update', 'room.create'])
  expect(await found({ actor: chief.me.id, action: 'room.create' })).toEqual(['room.create'])
  for (const subject of ['perch 7', room.id, room.id.toUpperCase()])
    expect(await found({ subject })).toEqual(['room.update', 'room.create'])
  expect(await found({ subject: 'Heronry' })).toEqual(['category.create'])
  expect(await found({ subject: 'chief@office.example' })).toEqual(['role.grant', 'principal.create'])
  expect(await found({ subject: 'nobody' })).toEqual([])
  expect(await found({ text: 'KINGFISHER waits' })).toEqual(['room.update'])
  expect(await found({ text: 'kingf' })).toEqual(['room.update'])
  expect(await found({ text: 'kingfisher heronry' })).toEqual([])
  expect(await found({ text: "!&|():*' --" })).toEqual([])
  const [update] = (await admin.call('audit.list', { action: 'room.update' })).entries
  expect(await found({ from: update!.at, action: 'room.' })).toEqual(['room.update'])
  expect(await found({ until: update!.at, action: 'room.' })).toEqual(['room.create'])
  expect(await admin.code('audit.list', { from: '2026-02-31T00:00:00Z' })).toBe('invalid_argument')
  expect(await admin.code('audit.list', { actor: 'nobody@example.com' })).toBe('not_found')
  const all: number[] = []
  for (;;) {
    const { entries } = await admin.call('audit.list', { limit: 2, ...(all.length > 0 ? { before: all.at(-1)! } : {}) })
    if (entries.length === 0) break
    all.push(...entries.map(entry => entry.id))
  }
  const whole = (await admin.call('audit.list', { limit: 1000 })).entries.map(entry => entry.id)
  expect(all).toEqual(whole)
})

test('[AR16] no statement and no later migration of this program touches what was recorded', () => {
  const touches =
    /\b(UPDATE|DELETE\s+FROM|TRUNCATE(\s+TABLE)?|DROP\s+TABLE(\s+IF\s+EXISTS)?)\s+(\w+\s*,\s*)*audit\b|DISABLE\s+TRIGGER|DROP\s+(TRIGGER|FUNCTION)[^;]*audit/i
  expect('DELETE FROM audit WHERE at < now()').toMatch(touches)
  expect('TRUNCATE room, audit').toMatch(touches)
  expect('ALTER TABLE audit DISABLE TRIGGER audit_keeps').toMatch(touches)
  const sources = readSources(['src', 'bin', 'bench'], /\.(ts|sql)$/).filter(({ path }) => !isTest(path))
  expect(sources.length).toBeGreaterThan(200)
  expect(sources.filter(({ text }) => touches.test(text)).map(({ path }) => path)).toEqual([])
})
