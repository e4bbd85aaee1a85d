import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Input } from '../src/protocol/request.ts'
import { purgeSlice } from '../src/store/upkeep.ts'
import { names, openStage, postAll, type Stage, seqs, until } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage({ domain: 'chat.example' })
})
afterAll(() => stage.stop())

const unknown = '00000000-0000-4000-8000-000000000000'

test('[RM1] a new room is normal, closed, takes invitations from its category, is empty, and its creator manages it without being a member', async () => {
  const { carol, category } = stage
  const { room } = await carol.call('room.create', { category: category.id, name: ' plain ' })
  expect(room).toMatchObject({
    name: 'plain',
    description: '',
    category: category.id,
    type: 'normal',
    privacy: 'closed',
    invitations: 'inherit',
    disabled: false,
    lastSeq: 0,
    version: 1,
    uri: `ma-chan://chat.example/${room.id}`,
  })
  for (const list of ['members', 'managers', 'presenters']) expect(room).not.toHaveProperty(list)
  const got = await carol.call('room.get', { room: room.id })
  expect(names(got.managers)).toEqual(['carol@example.com'])
  expect(got.members).toEqual([])
  expect(got.counts).toEqual({ members: 0, managers: 1, presenters: 0 })
  expect(got.rights).toMatchObject({ manager: true, member: false, read: false, post: false })
  expect(await carol.code('message.list', { room: room.id })).toBe('forbidden')
})

test('[RM2] rooms are created by creators in scope and by administrators; an unseen category is not found', async () => {
  const { admin, alice, zoe, category } = stage
  const attempt = (name: string) => ({ category: category.id, name })
  expect(await alice.code('room.create', attempt('by alice'))).toBe('forbidden')
  expect(await zoe.code('room.create', attempt('by zoe'))).toBe('not_found')
  expect(await admin.code('room.create', attempt('by admin'))).toBe('ok')
  expect(await admin.code('room.create', { category: unknown, name: 'nowhere' })).toBe('not_found')
})

test('[RM3] members null is everyone in scope; adding to it is a conflict until a whole list is set', async () => {
  const { admin, alice, carol } = stage
  const room = await stage.room({ members: null })
  expect((await alice.call('room.get', { room: room.id })).members).toBeNull()
  expect(await carol.code('message.list', { room: room.id })).toBe('ok')
  for (const change of [{ add: ['alice@example.com'] }, { remove: ['alice@example.com'] }, {}])
    expect(await admin.code('room.update', { room: room.id, members: change })).toBe('conflict')
  await admin.call('room.update', { room: room.id, members: ['alice@example.com'] })
  expect(await carol.code('message.list', { room: room.id })).toBe('forbidden')
  await admin.call('room.update', { room: room.id, members: { add: ['carol@example.com'] } })
  expect(await carol.code('message.list', { room: room.id })).toBe('ok')
  await admin.call('room.update', { room: room.id, members: null })
  expect((await alice.call('room.get', { room: room.id })).members).toBeNull()
})

test('[RM4] lists are set whole or changed by {add, remove}, by id or name; the answer stands without lists', async () => {
  const { admin, alice, carol } = stage
  const room = await stage.room()
  const answer = await admin.call('room.update', {
    room: room.id,
    members: { add: [carol.me.id, 'ALICE@example.com'], remove: ['bob@example.com'] },
    managers: ['alice@example.com'],
  })
  expect(answer.room).not.toHaveProperty('members')
  const got = await alice.call('room.get', { room: room.id })
  expect(names(got.members)).toEqual(['alice@example.com', 'carol@example.com'])
  expect(names(got.managers)).toEqual(['alice@example.com'])
  await admin.call('room.update', { room: room.id, members: [] })
  expect((await admin.call('room.get', { room: room.id })).counts?.members).toBe(0)
})

test('[RM5] whoever is unknown or outside the scope enters no list, and nothing of that change happens', async () => {
  const { admin } = stage
  const room = await stage.room()
  const attempt = (change: Partial<Input<'room.update'>>) =>
    admin.code('room.update', { room: room.id, name: 'never', ...change })
  expect(await attempt({ members: { add: ['zoe@other.org'] } })).toBe('invalid_argument')
  expect(await attempt({ managers: { add: ['other.org'] } })).toBe('invalid_argument')
  expect(await attempt({ members: { add: ['nobody@example.com'] } })).toBe('not_found')
  expect(await admin.code('room.create', { category: room.category, name: 'never', members: ['zoe@other.org'] })).toBe(
    'invalid_argument',
  )
  const got = await admin.call('room.get', { room: room.id })
  expect(got.room).toMatchObject({ name: room.name, version: room.version })
  expect((await admin.call('room.find', { text: 'never' })).rooms).toEqual([])
})

test('[RM6] an Open room ignores its members but keeps them', async () => {
  const { admin, carol } = stage
  const room = await stage.room({ privacy: 'open' })
  expect(await carol.code('message.list', { room: room.id })).toBe('ok')
  await admin.call('room.update', { room: room.id, members: { remove: ['bob@example.com'] } })
  await admin.call('room.update', { room: room.id, privacy: 'closed' })
  expect(await carol.code('message.list', { room: room.id })).toBe('forbidden')
  expect(names((await admin.call('room.get', { room: room.id })).members)).toEqual(['alice@example.com'])
})

test('[RM7] only an auditorium has presenters; they are members, and they alone post', async () => {
  const { admin, alice, bob } = stage
  const room = await stage.room()
  const presenters = ['alice@example.com']
  expect(await admin.code('room.update', { room: room.id, presenters })).toBe('invalid_argument')
  expect(
    await admin.code('room.update', { room: room.id, type: 'auditorium', presenters: ['carol@example.com'] }),
  ).toBe('invalid_argument')
  await admin.call('room.update', { room: room.id, type: 'auditorium', presenters })
  const post = () => ({ room: room.id, clientId: randomUUID(), text: 'from the stage' })
  expect(await alice.code('message.post', post())).toBe('ok')
  expect(await bob.code('message.post', post())).toBe('forbidden')
  expect(await bob.code('message.list', { room: room.id })).toBe('ok')
  await admin.call('room.update', { room: room.id, type: 'normal' })
  expect(await bob.code('message.post', post())).toBe('ok')
})

test('[RM8] a change under an older ifVersion is a conflict and changes nothing; every change raises the version', async () => {
  const { admin } = stage
  const room = await stage.room()
  const first = await admin.call('room.update', { room: room.id, ifVersion: room.version, description: 'a' })
  expect(first.room.version).toBeGreaterThan(room.version)
  expect(
    await admin.code('room.update', {
      room: room.id,
      ifVersion: room.version,
      description: 'b',
      members: [],
      name: 'late',
    }),
  ).toBe('conflict')
  const got = await admin.call('room.get', { room: room.id })
  expect(got.room).toMatchObject({ description: 'a', name: room.name, version: first.room.version })
  expect(got.counts?.members).toBe(2)
})

test('[RM9] a rename keeps the address and frees the old name; whoever hears the room is told', async () => {
  const { admin, alice, category } = stage
  const room = await stage.room({ name: 'before' })
  const live = await alice.open()
  await live.call('room.join', { room: room.id })
  const { room: renamed } = await admin.call('room.update', { room: room.id, name: 'after', description: 'new' })
  expect(renamed).toMatchObject({ id: room.id, uri: room.uri, name: 'after', description: 'new' })
  expect(await live.hears('room.changed')).toMatchObject({ room: { id: room.id, name: 'after', lastSeq: 0 } })
  expect(live.heard('room.changed')[0]?.room).not.toHaveProperty('members')
  expect(await admin.code('room.create', { category: category.id, name: 'Before' })).toBe('ok')
  await live.close()
})

test('[RM10] a room is changed by its managers and by administrators; members are forbidden, who may not see it finds nothing', async () => {
  const { alice, bob, carol, zoe } = stage
  const room = await stage.room({ managers: ['bob@example.com'], privacy: 'secret' })
  const change = { room: room.id, description: 'changed' }
  expect(await bob.code('room.update', change)).toBe('ok')
  expect(await alice.code('room.update', change)).toBe('forbidden')
  expect(await carol.code('room.update', change)).toBe('not_found')
  expect(await zoe.ask('room.update', change)).toEqual(await zoe.ask('room.update', { ...change, room: unknown }))
})

test('[RM11] a move keeps address and history, and is for administrators and for a manager who may create in the target', async () => {
  const { admin, alice, carol, bob } = stage
  const target = await stage.sameScope({ creators: ['carol@example.com'] })
  const walled = await stage.addCategory({ allowedMembers: ['zoe@other.org'] })
  const room = await stage.room({ managers: ['bob@example.com', 'carol@example.com'] })
  await postAll(alice, room.id, ['one', 'two'])
  expect(await bob.code('room.update', { room: room.id, category: target.id })).toBe('forbidden')
  expect(await carol.code('room.update', { room: room.id, category: walled.id })).toBe('not_found')
  expect(await carol.code('room.update', { room: room.id, category: unknown })).toBe('not_found')
  const { room: moved } = await carol.call('room.update', { room: room.id, category: target.id })
  expect(moved).toMatchObject({ id: room.id, uri: room.uri, category: target.id, categoryName: target.name })
  expect(seqs((await alice.call('message.list', { room: room.id })).messages)).toEqual([1, 2])
  expect(await admin.code('room.update', { room: room.id, category: stage.category.id })).toBe('ok')
})

test('[RM12] entries that a narrowed scope shuts out stay without effect; only a move purges them', async () => {
  const { admin, alice, bob } = stage
  const first = await stage.sameScope()
  const second = await stage.addCategory({ allowedMembers: ['alice@example.com'] })
  const room = await stage.room({ category: first.id })
  const members = async () => names((await admin.call('room.get', { room: room.id })).members)
  await admin.call('category.update', { category: first.id, allowedMembers: ['alice@example.com'] })
  expect(await bob.code('message.list', { room: room.id })).toBe('not_found')
  expect(await members()).toEqual(['alice@example.com', 'bob@example.com'])
  expect(await admin.code('room.update', { room: room.id, members: { add: ['alice@example.com'] } })).toBe('ok')
  expect(await members()).toEqual(['alice@example.com', 'bob@example.com'])
  await admin.call('room.update', { room: room.id, category: second.id })
  expect(await members()).toEqual(['alice@example.com'])
  await admin.call('category.update', { category: second.id, allowedMembers: ['example.com'] })
  expect(await bob.code('message.list', { room: room.id })).toBe('forbidden')
  expect(await alice.code('message.list', { room: room.id })).toBe('ok')
})

test('[RM13] whom a move, a list or a change of privacy shuts out is told room.closed and hears nothing more', async () => {
  const { admin, alice, bob } = stage
  const narrow = await stage.addCategory({ allowedMembers: ['alice@example.com'] })
  for (const change of [{ members: { remove: ['bob@example.com'] } }, { category: narrow.id }]) {
    const room = await stage.room()
    const [hers, his] = await Promise.all([alice.open(), bob.open()])
    for (const live of [hers, his]) await live.call('room.join', { room: room.id })
    await admin.call('room.update', { room: room.id, ...change })
    await hers.post(room.id, 'after')
    await hers.hears('message.posted')
    expect(await his.hears('room.closed')).toEqual({ event: 'room.closed', room: room.id, reason: 'removed' })
    await his.settled()
    expect(his.events.map(event => event.event)).not.toContain('message.posted')
    expect(his.heard('room.changed')).toEqual([])
    expect(hers.heard('room.closed')).toEqual([])
    await Promise.all([hers.close(), his.close()])
  }
  const open = await stage.room({ privacy: 'open' })
  const live = await stage.carol.open()
  await live.call('room.join', { room: open.id })
  await admin.call('room.update', { room: open.id, privacy: 'closed' })
  expect(await live.hears('room.closed')).toMatchObject({ reason: 'removed' })
  await live.close()
})

test('[RM14] a disabled room is left by all, neither joined, read, posted into, found nor searched, and keeps all that it had', async () => {
  const { admin, alice, bob } = stage
  const room = await stage.room({ managers: ['bob@example.com'], name: 'to be disabled' })
  await postAll(alice, room.id, ['zeppelin'])
  const live = await alice.open()
  await live.call('room.join', { room: room.id })
  expect((await bob.call('room.update', { room: room.id, disabled: true })).room.disabled).toBe(true)
  expect(await live.hears('room.closed')).toEqual({ event: 'room.closed', room: room.id, reason: 'disabled' })
  expect(await live.code('room.join', { room: room.id })).toBe('room_disabled')
  for (const verb of ['message.list', 'room.follow'] as const)
    expect(await alice.code(verb, { room: room.id })).toBe('room_disabled')
  expect(await alice.code('room.markRead', { room: room.id, seq: 1 })).toBe('room_disabled')
  expect(await alice.code('message.post', { room: room.id, clientId: randomUUID(), text: 'no' })).toBe('room_disabled')
  expect((await alice.call('room.find', { text: 'to be disabled' })).rooms).toEqual([])
  expect((await bob.call('room.find', { text: 'to be disabled' })).rooms).toHaveLength(1)
  expect((await alice.call('message.search', { text: 'zeppelin' })).matches).toEqual([])
  expect(await bob.code('room.update', { room: room.id, disabled: false })).toBe('forbidden')
  await admin.call('room.update', { room: room.id, disabled: false })
  expect(seqs((await alice.call('message.list', { room: room.id })).messages)).toEqual([1])
  expect(names((await bob.call('room.get', { room: room.id })).managers)).toContain('bob@example.com')
  await live.close()
})

test('[RM15] followers, and they alone, are told room.opened when a room is re-enabled or they are added again', async () => {
  const { admin, alice, bob } = stage
  const room = await stage.room()
  await alice.call('room.follow', { room: room.id })
  const [hers, his] = await Promise.all([alice.open(), bob.open()])
  for (const live of [hers, his]) await live.call('room.join', { room: room.id })
  await admin.call('room.update', { room: room.id, disabled: true })
  await admin.call('room.update', { room: room.id, disabled: false })
  const opened = await hers.hears('room.opened')
  expect(opened.room).toMatchObject({ id: room.id, name: room.name, disabled: false, lastSeq: 0 })
  expect(opened.room).not.toHaveProperty('members')
  await hers.call('room.join', { room: room.id })
  await admin.call('room.update', { room: room.id, members: { remove: ['alice@example.com'] } })
  await hers.hears('room.closed', event => event.reason === 'removed')
  await admin.call('room.update', { room: room.id, members: { add: ['alice@example.com'] } })
  await until(() => hers.heard('room.opened').length === 2, 'room.opened after being added again')
  await his.settled()
  expect(his.heard('room.opened')).toEqual([])
  await Promise.all([hers.close(), his.close()])
})

test('[RM19] a follower who was shut out while he heard is told room.opened when a group, the scope or the room lets him in again', async () => {
  const { admin, alice } = stage
  await admin.call('principal.create', { kind: 'group', name: 'watch', displayName: 'Watch' })
  await admin.call('group.update', { group: 'watch', add: ['alice@example.com'] })
  const scope = await stage.addCategory({ allowedMembers: ['example.com', 'watch'] })
  const room = await stage.room({ category: scope.id, members: ['watch'] })
  await alice.call('room.follow', { room: room.id })
  const live = await alice.open()
  const { id } = room
  const changes: [out: () => Promise<unknown>, back: () => Promise<unknown>][] = [
    [
      () => admin.call('group.update', { group: 'watch', remove: ['alice@example.com'] }),
      () => admin.call('group.update', { group: 'watch', add: ['alice@example.com'] }),
    ],
    [
      () => admin.call('category.update', { category: scope.id, deniedMembers: ['alice@example.com'] }),
      // Each of these is told of by the bus and by the sweep.
      () =>
        Promise.all(
          ['', 'a', 'b', 'c', 'd'].map(description =>
            admin.call('category.update', { category: scope.id, deniedMembers: [], description }),
          ),
        ),
    ],
    [
      () => admin.call('room.update', { room: id, members: [] }),
      () => admin.call('room.update', { room: id, members: null }),
    ],
    [
      () => admin.call('room.update', { room: id, members: [] }),
      () => admin.call('room.update', { room: id, privacy: 'open' }),
    ],
  ]
  for (const [n, [out, back]] of changes.entries()) {
    await live.call('room.join', { room: id })
    await out()
    await until(() => live.heard('room.closed').length === n + 1, `out ${n}`)
    await back()
    await until(() => live.heard('room.opened').length > n, `back ${n}`)
  }
  // More than once for one change only where the sweep tells of an older one at that very moment.
  expect(new Set(live.heard('room.opened').map(event => event.room.id))).toEqual(new Set([id]))
  await live.close()
})

test('[RM16] a room is deleted by administrators only, at once for everybody, whatever it holds; its rows go later', async () => {
  const { admin, alice, bob, category } = stage
  const room = await stage.room({ name: 'short life', managers: ['bob@example.com'] })
  await postAll(alice, room.id, ['quagmire', 'two'])
  const live = await alice.open()
  await live.call('room.join', { room: room.id })
  expect(await bob.code('room.delete', { room: room.id })).toBe('forbidden')
  await admin.call('room.delete', { room: room.id })
  expect(await live.hears('room.closed')).toEqual({ event: 'room.closed', room: room.id, reason: 'deleted' })
  for (const who of [admin, alice]) {
    expect(await who.code('room.get', { room: room.id })).toBe('not_found')
    expect(await who.code('message.list', { room: room.id })).toBe('not_found')
    expect((await who.call('room.find', { text: 'short life' })).rooms).toEqual([])
  }
  expect(await alice.code('message.post', { room: room.id, clientId: randomUUID(), text: 'x' })).toBe('not_found')
  expect(await live.code('room.join', { room: room.id })).toBe('not_found')
  expect((await alice.call('message.search', { text: 'quagmire' })).matches).toEqual([])
  expect(await admin.code('room.delete', { room: room.id })).toBe('not_found')
  expect(await admin.code('room.create', { category: category.id, name: 'short life' })).toBe('ok')
  const rows = async () => (await stage.db.query('SELECT FROM message WHERE room = $1', [room.id])).rowCount
  expect(await rows()).toBe(2)
  while (await purgeSlice(stage.db));
  expect(await rows()).toBe(0)
  expect((await stage.db.query('SELECT FROM room WHERE id = $1', [room.id])).rowCount).toBe(0)
  await live.close()
})

test('[RM17] names and descriptions have at most 256 code points', async () => {
  const { admin, category } = stage
  const make = (name: string, description = '') =>
    admin.code('room.create', { category: category.id, name, description })
  expect(await make('🜂'.repeat(256), '🜂'.repeat(256))).toBe('ok')
  expect(await make('🜃'.repeat(257))).toBe('invalid_argument')
  expect(await make('too much said', '🜂'.repeat(257))).toBe('invalid_argument')
  expect(await make(' \u200b ')).toBe('invalid_argument')
})

test('[RM18] an id is taken in either case', async () => {
  const { alice } = stage
  const room = await stage.room()
  const shouted = room.id.toUpperCase()
  const live = await alice.open()
  expect((await live.call('room.join', { room: shouted })).room.id).toBe(room.id)
  const clientId = randomUUID()
  await alice.call('message.post', { room: shouted, clientId: clientId.toUpperCase(), text: 'hello' })
  expect((await live.hears('message.posted')).message.clientId).toBe(clientId)
  expect((await live.call('session.sync', { rooms: [{ room: shouted }] })).rooms[0]?.room).toBe(room.id)
  await live.close()
})
