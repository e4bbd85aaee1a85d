import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSite, type Person, type Site } from './harness.ts'

let site: Site
let alice: Person
let bob: Person
let category: string
let desk: string

beforeAll(async () => {
  site = await openSite()
  alice = await site.addUser('alice@example.com')
  bob = await site.addUser('bob@example.com')
  const allowedMembers = ['alice@example.com', 'bob@example.com']
  category = (await site.addCategory({ name: 'Desks', allowedMembers, creators: ['alice@example.com'] })).id
  desk = (await alice.call('room.create', { category, name: 'FX spot', members: ['bob@example.com'] })).room.id
}, 60_000)

afterAll(() => site?.stop())

async function takenNames(): Promise<number> {
  const { entries } = await site.admin.call('audit.list', { limit: 100 })
  return entries.filter(entry => entry.action === 'name_taken').length
}

test('[RP1] room.checkName tells a creator of the category and a manager of the room whether a name is free, and nobody else', async () => {
  expect(await alice.call('room.checkName', { category, name: '  Rates ' })).toEqual({ name: 'Rates' })
  expect(await alice.call('room.checkName', { room: desk, name: 'Rates' })).toEqual({ name: 'Rates' })
  // Its own name is free for it.
  expect(await alice.call('room.checkName', { room: desk, name: 'fx SPOT' })).toEqual({ name: 'fx SPOT' })
  const before = await takenNames()
  expect(await alice.code('room.checkName', { category, name: 'fx ſpot' })).toBe('name_taken')
  expect(await alice.code('room.checkName', { category, name: 'DESKS' })).toBe('name_taken')
  // As with every name that was taken, it is kept who asked.
  expect(await takenNames()).toBe(before + 2)
  expect(await alice.code('room.checkName', { category, name: ' ' })).toBe('invalid_argument')
  expect(await alice.code('room.checkName', { category, room: desk, name: 'x' })).toBe('invalid_argument')
  expect(await alice.code('room.checkName', { name: 'x' })).toBe('invalid_argument')
  expect(await bob.code('room.checkName', { category, name: 'FX spot' })).toBe('forbidden')
  expect(await bob.code('room.checkName', { room: desk, name: 'FX spot' })).toBe('forbidden')
  const walled = (await site.addCategory({ name: 'Walled' })).id
  expect(await alice.code('room.checkName', { category: walled, name: 'FX spot' })).toBe('not_found')
  expect(await takenNames()).toBe(before + 2)
})

test('[RP2] who checks many names is told to wait, on every sign-in of his; others are not', async () => {
  const carol = await site.addUser('carol@example.com')
  await site.admin.call('category.update', {
    category,
    allowedMembers: { add: ['carol@example.com'] },
    creators: { add: ['carol@example.com'] },
  })
  const codes = []
  for (let index = 0; index < 30; index += 1)
    codes.push(await carol.code('room.checkName', { category, name: `try ${index}` }))
  expect(codes.slice(0, 20)).toEqual(Array(20).fill('ok'))
  expect(codes.slice(20)).toContain('rate_limited')
  const { error } = await carol.ask('room.checkName', { category, name: 'FX spot' })
  expect(error?.code).toBe('rate_limited')
  expect(error?.retryAfterMs).toBeGreaterThan(0)
  const live = await carol.open()
  expect(await live.code('room.checkName', { category, name: 'FX spot' })).toBe('rate_limited')
  await live.close()
  expect(await alice.code('room.checkName', { category, name: 'FX forwards' })).toBe('ok')
})

test('[RP3] room.find counts the lists where asked: members null where they are everyone in scope', async () => {
  await alice.call('room.create', {
    category,
    name: 'Rates desk',
    members: null,
    managers: ['alice@example.com', 'bob@example.com'],
  })
  const { rooms, counts } = await alice.call('room.find', { mine: 'manager', counts: true })
  expect(rooms.map((room, index) => [room.name, counts?.[index]])).toEqual([
    ['FX spot', { members: 1, managers: 1, presenters: 0 }],
    ['Rates desk', { members: null, managers: 2, presenters: 0 }],
  ])
  expect((await alice.call('room.find', { mine: 'manager' })).counts).toBeUndefined()
  expect((await bob.call('room.find', { mine: 'manager', counts: true, text: 'fx' })).counts).toEqual([])
})

test('[RP4] session.open tells the custom address of room management, and none where there is none', async () => {
  const before = await alice.open()
  expect(before.opened.roomManagementUrl).toBeUndefined()
  await before.close()
  await site.admin.call('settings.update', { settings: { roomManagementUrl: 'https://rooms.example.com/manage' } })
  const after = await alice.open()
  expect(after.opened.roomManagementUrl).toBe('https://rooms.example.com/manage')
  await after.close()
  await site.admin.call('settings.update', { settings: { roomManagementUrl: '' } })
})
