import { afterAll, beforeAll, expect, test } from 'vitest'
import { names, openStage, type Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.stop())

const unknown = '00000000-0000-4000-8000-000000000000'

test('[RM30] room.get has counts and the first 100 of each list, room.members the rest, page by page in order of name', async () => {
  const { admin, alice } = stage
  const people = Array.from({ length: 105 }, (_, i) => `extra${String(i).padStart(3, '0')}`)
  await Promise.all(people.map(name => admin.call('principal.create', { kind: 'group', name, displayName: name })))
  const category = await stage.addCategory({ allowedMembers: ['example.com', ...people] })
  const room = await stage.room({ category: category.id, members: [...people, 'alice@example.com'] })
  const got = await alice.call('room.get', { room: room.id })
  expect(got.counts?.members).toBe(106)
  expect(got.members).toHaveLength(100)
  const pages: string[][] = []
  let after: string | undefined
  do {
    const page = await alice.call('room.members', {
      room: room.id,
      role: 'member',
      limit: 50,
      ...(after ? { after } : {}),
    })
    pages.push(page.principals.map(one => one.name))
    after = page.next
  } while (after !== undefined)
  expect(pages.map(page => page.length)).toEqual([50, 50, 6])
  expect(pages.flat()).toEqual(['alice@example.com', ...people])
  expect((await alice.call('room.members', { room: room.id, role: 'member' })).principals).toHaveLength(100)
})

test('[RM31] lists are shown to whoever may see the room: of a Closed one everyone in scope, of a Secret one its members, managers and administrators', async () => {
  const { admin, alice, carol, zoe } = stage
  const closed = await stage.room()
  const secret = await stage.room({ privacy: 'secret', managers: ['carol@example.com'] })
  const hidden = await stage.room({ privacy: 'secret' })
  const seen = await carol.call('room.get', { room: closed.id })
  expect(names(seen.members)).toEqual(['alice@example.com', 'bob@example.com'])
  expect(seen.room).not.toHaveProperty('lastSeq')
  expect((await carol.call('room.get', { room: secret.id })).counts?.members).toBe(2)
  for (const role of ['member', 'manager', 'presenter'] as const) {
    expect(await carol.code('room.members', { room: hidden.id, role })).toBe('not_found')
    expect(await zoe.code('room.members', { room: closed.id, role })).toBe('not_found')
    expect(await alice.code('room.members', { room: hidden.id, role })).toBe('ok')
  }
  expect((await admin.call('room.get', { room: hidden.id })).counts?.members).toBe(2)
  expect(await carol.ask('room.get', { room: hidden.id })).toEqual(await carol.ask('room.get', { room: unknown }))
})

test('[RM32] room.find looks in names, in descriptions only where asked, by the folded text, within a category', async () => {
  const { alice } = stage
  const other = await stage.sameScope()
  const street = await stage.room({ name: 'Great STRASSE chat' })
  const told = await stage.room({ name: 'numbers', description: 'all about the Straße market' })
  await stage.room({ category: other.id, name: 'strassenbahn' })
  const find = async (input: Parameters<typeof alice.call<'room.find'>>[1]) =>
    (await alice.call('room.find', input)).rooms.map(room => room.name)
  expect(await find({ text: 'straße' })).toEqual(['Great STRASSE chat', 'strassenbahn'])
  expect(await find({ text: 'STRASSE', category: stage.category.id })).toEqual([street.name])
  expect(await find({ text: 'straße', searchDescription: true, category: stage.category.id })).toEqual([
    street.name,
    told.name,
  ])
  expect(await find({ text: 'about THE', searchDescription: true })).toEqual([told.name])
  expect(await find({ text: 'no such room' })).toEqual([])
  expect(await find({ text: '%' })).toEqual([])
})

test('[RM33] the directory comes in order of name, page by page, without a room twice or left out', async () => {
  const { alice } = stage
  const category = await stage.sameScope()
  const made = await Promise.all(
    ['delta', 'Alpha', 'charlie', 'Bravo', 'echo'].map(name => stage.room({ category: category.id, name })),
  )
  const pages: string[][] = []
  let after: string | undefined
  do {
    const page = await alice.call('room.find', { category: category.id, limit: 2, ...(after ? { after } : {}) })
    pages.push(page.rooms.map(room => room.name))
    after = page.next
  } while (after !== undefined)
  expect(pages).toEqual([['Alpha', 'Bravo'], ['charlie', 'delta'], ['echo']])
  expect(made).toHaveLength(5)
  expect(await alice.code('room.find', { after: 'nonsense' })).toBe('invalid_argument')
})

test('[RM34] Secret rooms are found by members, managers and administrators only; counters are shown to readers only', async () => {
  const { admin, alice, bob, carol, zoe } = stage
  const category = await stage.sameScope()
  await stage.room({
    category: category.id,
    name: 'secret',
    privacy: 'secret',
    members: ['alice@example.com'],
    managers: ['bob@example.com'],
  })
  const closed = await stage.room({ category: category.id, name: 'closed', members: ['alice@example.com'] })
  await stage.room({ category: category.id, name: 'open', privacy: 'open', members: [] })
  const find = async (who: typeof alice) => (await who.call('room.find', { category: category.id })).rooms
  const seen = async (who: typeof alice) => (await find(who)).map(room => room.name)
  expect(await seen(alice)).toEqual(['closed', 'open', 'secret'])
  expect(await seen(bob)).toEqual(['closed', 'open', 'secret'])
  expect(await seen(admin)).toEqual(['closed', 'open', 'secret'])
  expect(await seen(carol)).toEqual(['closed', 'open'])
  expect(await seen(zoe)).toEqual([])
  const shown = (await find(carol)).map(room => [room.name, room.lastSeq])
  expect(shown).toEqual([
    ['closed', undefined],
    ['open', 0],
  ])
  expect((await find(alice)).find(room => room.id === closed.id)?.lastSeq).toBe(0)
  const mine = async (who: typeof alice, role: 'member' | 'manager') =>
    (await who.call('room.find', { category: category.id, mine: role })).rooms.map(room => room.name)
  expect(await mine(bob, 'manager')).toEqual(['secret'])
  expect(await mine(bob, 'member')).toEqual(['open'])
})

test('[RM35] the directory says how many are in a room now', async () => {
  const { alice, bob } = stage
  const room = await stage.room({ name: 'headcount' })
  const lives = await Promise.all([alice.open(), alice.open(), bob.open()])
  for (const live of lives) await live.call('room.join', { room: room.id })
  const { rooms } = await alice.call('room.find', { text: 'headcount' })
  expect(rooms[0]?.participants).toBe(2)
  expect((await alice.call('room.get', { room: room.id })).room.participants).toBe(2)
  await Promise.all(lives.map(live => live.close()))
})
