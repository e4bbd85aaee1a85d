import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStage, type Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.stop())

const nobody = '00000000-0000-4000-8000-000000000000'
const url = 'https://board.example.com/orders'
const register = async (name: string) => (await stage.admin.call('addin.create', { name, url })).addin

test('[CF1] add-ins are registered, changed and deleted by administrators, by id or name; everybody sees the list, in order of name', async () => {
  const { admin, alice, carol } = stage
  for (const person of [alice, carol]) {
    expect(await person.code('addin.create', { name: 'mine', url })).toBe('forbidden')
    expect(await person.code('addin.update', { addin: nobody, name: 'mine' })).toBe('forbidden')
    expect(await person.code('addin.delete', { addin: nobody })).toBe('forbidden')
  }
  const second = await register('  Second board ')
  const first = await register('First board')
  expect(second).toEqual({ id: expect.any(String), name: 'Second board', url })
  expect((await alice.call('addin.list', {})).addins).toEqual([first, second])
  const { addin } = await admin.call('addin.update', { addin: 'SECOND board', url: 'http://other.example.com' })
  expect(addin).toEqual({ ...second, url: 'http://other.example.com' })
  expect(await admin.call('addin.delete', { addin: second.id.toUpperCase() })).toEqual({ rooms: 0 })
  expect(await admin.call('addin.delete', { addin: 'first BOARD' })).toEqual({ rooms: 0 })
  expect(await admin.code('addin.delete', { addin: first.id })).toBe('not_found')
  expect((await admin.call('addin.list', {})).addins).toEqual([])
})

test('[CF2] a name has 1 to 50 characters and is taken as names of rooms are; an address is http or https, up to 255 characters, without credentials', async () => {
  const { admin } = stage
  const taken = await register('Straße')
  expect(await admin.code('addin.create', { name: ' STRASSE ', url })).toBe('name_taken')
  const other = await register('x'.repeat(50))
  expect(await admin.code('addin.update', { addin: other.id, name: 'strasse' })).toBe('name_taken')
  const longest = `https://example.com/${'p'.repeat(235)}`
  expect(longest.length).toBe(255)
  expect((await admin.call('addin.update', { addin: taken.id, url: longest })).addin.url).toBe(longest)
  for (const name of ['', ' ', 'x'.repeat(51), nobody, 'a\nb'])
    expect(await admin.code('addin.create', { name, url }), name).toBe('invalid_argument')
  for (const bad of ['', 'board.example.com', 'javascript:alert(1)', 'ftp://a.example', `${longest}p`])
    expect(await admin.code('addin.create', { name: 'bad', url: bad }), bad).toBe('invalid_argument')
  for (const bad of ['https://me:secret@a.example', 'https://a.exa\nmple', 'https://a.example/a b'])
    expect(await admin.code('addin.update', { addin: taken.id, url: bad }), bad).toBe('invalid_argument')
  const { addins } = await admin.call('addin.list', {})
  expect(addins.map(one => one.name)).toEqual(['Straße', 'x'.repeat(50)])
  for (const { id } of addins) await admin.call('addin.delete', { addin: id })
})

test('[CF3] managers and administrators give a room an add-in and take it; who reads the room is told', async () => {
  const { admin, alice, bob } = stage
  const addin = await register('Orders')
  const room = await stage.room({ managers: ['alice@example.com'] })
  expect(room.addin).toBeUndefined()
  const live = await bob.open()
  await live.call('room.join', { room: room.id })
  expect(await bob.code('room.update', { room: room.id, addin: addin.id })).toBe('forbidden')
  expect(await alice.code('room.update', { room: room.id, addin: 'no such' })).toBe('not_found')
  const given = (await alice.call('room.update', { room: room.id, addin: 'orders' })).room
  expect(given).toMatchObject({ addin, version: room.version + 1 })
  expect((await live.hears('room.changed')).room).toMatchObject({ id: room.id, addin })
  // Other changes leave it.
  expect((await alice.call('room.update', { room: room.id, description: 'about orders' })).room.addin).toEqual(addin)
  expect((await bob.call('room.get', { room: room.id })).room.addin).toEqual(addin)
  expect((await bob.call('room.find', { text: room.name })).rooms[0]!.addin).toEqual(addin)
  const synced = await (await bob.open()).call('session.sync', { rooms: [{ room: room.id }] })
  expect(synced.rooms[0]!.info!.addin).toEqual(addin)
  expect((await admin.call('room.update', { room: room.id, addin: null })).room.addin).toBeUndefined()
  await live.hears('room.changed', event => event.room.addin === undefined && event.room.version > given.version)
  const made = await stage.room({ addin: addin.id })
  expect(made.addin).toEqual(addin)
  const { entries } = await admin.call('audit.list', { limit: 100 })
  expect(entries.find(one => one.action === 'room.update' && one.subject === room.id)!.detail).toMatchObject({
    addin: null,
  })
  await admin.call('addin.delete', { addin: addin.id, force: true })
  await live.close()
})

test('[CF4] a renamed add-in, or one with another address, reaches open rooms, and who comes back later', async () => {
  const { admin, bob } = stage
  const addin = await register('Board')
  const room = await stage.room({ addin: addin.id })
  const other = await stage.room()
  const live = await bob.open()
  const joined = await live.call('room.join', { room: room.id })
  await live.call('room.join', { room: other.id })
  const changed = { ...addin, name: 'Notice board', url: 'https://new.example.com' }
  const { addin: answered } = await admin.call('addin.update', {
    addin: addin.id,
    name: changed.name,
    url: changed.url,
  })
  expect(answered).toEqual(changed)
  const event = await live.hears('room.changed')
  expect(event.room).toMatchObject({ id: room.id, addin: changed })
  const known = { room: room.id, seq: joined.lastSeq, revision: joined.revision, version: joined.room.version }
  const later = await bob.open()
  const { rooms } = await later.call('session.sync', { epoch: joined.epoch, rooms: [known] })
  expect(rooms[0]!.info!.addin).toEqual(changed)
  expect(live.heard('room.changed').map(one => one.room.id)).toEqual([room.id])
  await admin.call('addin.delete', { addin: addin.id, force: true })
  await Promise.all([live.close(), later.close()])
})

test('[CF5] an add-in that rooms use is deleted by force only, which takes it from them; the refusal and the record say how many', async () => {
  const { admin, bob } = stage
  const addin = await register('Used')
  const rooms = [await stage.room({ addin: addin.id }), await stage.room({ addin: addin.id })]
  const gone = await stage.room({ addin: addin.id })
  await admin.call('room.delete', { room: gone.id })
  const live = await bob.open()
  await live.call('room.join', { room: rooms[0]!.id })
  const { error } = await admin.ask('addin.delete', { addin: 'used' })
  expect(error).toMatchObject({ code: 'conflict', details: { rooms: 2 } })
  expect(error!.message).toContain('2 rooms use')
  expect((await bob.call('room.get', { room: rooms[0]!.id })).room.addin).toEqual(addin)
  expect(await admin.call('addin.delete', { addin: 'used', force: true })).toEqual({ rooms: 2 })
  expect((await live.hears('room.changed')).room.addin).toBeUndefined()
  for (const { id } of rooms) expect((await bob.call('room.get', { room: id })).room.addin).toBeUndefined()
  const { entries } = await admin.call('audit.list', { limit: 1 })
  expect(entries[0]).toMatchObject({
    action: 'addin.delete',
    subject: addin.id,
    detail: { name: 'Used', url, rooms: 2 },
    actor: { name: 'admin@example.com' },
  })
  await live.close()
})

test('[CF6] an add-in that is renamed or deleted while rooms take it and categories change is never half taken', async () => {
  const { admin } = stage
  const addin = await register('Racing 0')
  const rooms = await Promise.all(Array.from({ length: 4 }, () => stage.room()))
  const renames = Array.from({ length: 6 }, (_, i) =>
    admin.code('addin.update', { addin: addin.id, name: `Racing ${i + 1}` }),
  )
  const takes = rooms.flatMap(({ id }) =>
    [addin.id, null, addin.id].map(one => admin.code('room.update', { room: id, addin: one })),
  )
  const others = Array.from({ length: 4 }, (_, i) =>
    admin.code('category.update', { category: stage.category.id, name: `racing category ${i}` }),
  )
  expect(new Set(await Promise.all([...renames, ...takes, ...others]))).toEqual(new Set(['ok']))
  const [now] = (await admin.call('addin.list', {})).addins
  for (const { id } of rooms) {
    const { room } = await admin.call('room.get', { room: id })
    expect([undefined, JSON.stringify(now)]).toContain(room.addin && JSON.stringify(room.addin))
  }
  const ends = await Promise.all([
    admin.code('addin.delete', { addin: addin.id, force: true }),
    ...rooms.map(({ id }) => admin.code('room.update', { room: id, addin: addin.id })),
  ])
  expect(ends[0]).toBe('ok')
  expect(ends.slice(1).every(code => code === 'ok' || code === 'not_found')).toBe(true)
  for (const { id } of rooms) expect((await admin.call('room.get', { room: id })).room.addin).toBeUndefined()
})
