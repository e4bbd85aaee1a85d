import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Category } from '../src/protocol/category.ts'
import { type EventName, events } from '../src/protocol/event.ts'
import type { Input } from '../src/protocol/request.ts'
import type { Room } from '../src/protocol/room.ts'
import { type Live, openSite, type Person, type Site } from './harness.ts'

type Server = Awaited<ReturnType<Site['another']>>

let site: Site
/** Hears nothing by the bus: one finds by sweeping what happened, the other one has only the stamps of what comes. */
let sweeping: Server
let stamped: Server
let category: Category
let alice: Person
let bob: Person
beforeAll(async () => {
  site = await openSite()
  sweeping = await site.another()
  stamped = await site.another({ sweepMs: 60_000 })
  alice = await site.addUser('alice@in.example')
  bob = await site.addUser('bob@in.example')
  category = await site.addCategory({ allowedMembers: ['in.example'], invitations: true })
})
afterAll(() => site.stop())

const mentions = (session: Live, room: string) => session.events.filter(event => JSON.stringify(event).includes(room))

describe('events', () => {
  test.each(['secret', 'closed'] as const)(
    '[LK4] of a %s room every kind reaches members, and none reaches anybody else, on any server',
    async privacy => {
      const outsiders = await Promise.all([
        site.addUser(`ines-${privacy}@in.example`),
        site.addUser(`otto-${privacy}@out.example`),
        site.addUser(`mona-${privacy}@in.example`),
        site.addUser(`ada-${privacy}@in.example`, { administrator: true }),
        site.addUser(`dora-${privacy}@in.example`),
        site.addUser(`paul-${privacy}@in.example`),
      ])
      const [, , mona, , dora, paul] = outsiders
      const own = await site.addCategory({
        allowedMembers: ['in.example'],
        deniedMembers: [dora!.me.id],
        invitations: true,
      })
      await site.admin.call('policy.grant', { scope: paul!.me.id, enabled: false })
      const listeners = (
        await Promise.all(outsiders.flatMap(who => [who.open(), sweeping.at(who).open(), stamped.at(who).open()]))
      ).flat()
      const members = [await alice.open(), await bob.open(), await sweeping.at(alice).open()]
      const room = await site.addRoom({ category: own.id, privacy, managers: [mona!.me.id], members: [] })
      await makeEverything(room, members)
      const heard = new Set<EventName>(members.flatMap(session => session.events.map(event => event.event)))
      // Broken glass is for managers and full administrators, not for members: AR15.
      expect([...heard].sort()).toEqual(
        Object.keys(events)
          .filter(name => name !== 'room.glassBroken')
          .sort(),
      )
      for (const listener of listeners) {
        await listener.settled()
        expect([listener.me.name, mentions(listener, room.id)]).toEqual([listener.me.name, []])
        await listener.close()
      }
      for (const session of members) await session.close()
      await site.admin.call('settings.update', { settings: { participantUpdateLimit: 75 } })
    },
  )
})

/** All that can be told of a room, once. dora and paul become members too, and stay outside. */
async function makeEverything(room: Room, [one, two, far]: Live[]) {
  const { admin } = site
  const update = (change: Omit<Input<'room.update'>, 'room'>) => admin.call('room.update', { room: room.id, ...change })
  const privacy = room.privacy
  await update({ members: ['alice@in.example', 'bob@in.example', `paul-${privacy}@in.example`] })
  await site.db.query(
    'INSERT INTO room_entry (room, role, principal) SELECT $1, 0, id FROM principal WHERE name = $2',
    [room.id, `dora-${privacy}@in.example`],
  )
  await one!.hears('room.invited')
  await one!.call('room.join', { room: room.id })
  await far!.call('room.join', { room: room.id })
  await two!.call('room.join', { room: room.id })
  await one!.hears('participant.joined')
  await two!.call('room.part', { room: room.id })
  await one!.hears('participant.left')
  await alice.call('room.follow', { room: room.id })
  await one!.hears('room.followed')
  for (const text of ['first', 'second', 'third'])
    await bob.call('message.post', { room: room.id, clientId: randomUUID(), text })
  await one!.hears('message.posted', event => event.message.text === 'third')
  await far!.hears('message.posted', event => event.message.text === 'third')
  await alice.call('room.markRead', { room: room.id, seq: 2 })
  await one!.hears('room.read', event => event.seq === 2 || event.seq === 0)
  await admin.call('message.remove', { room: room.id, seq: 2, replaceWith: 'not this' })
  await one!.hears('message.removed')
  await far!.hears('message.removed')
  await admin.call('room.clear', { room: room.id, until: '2099-01-01T00:00:00Z' })
  await one!.hears('history.changed')
  await update({ description: 'changed', name: `renamed ${room.id}` })
  await one!.hears('room.changed', event => event.room.description === 'changed')
  await admin.call('settings.update', { settings: { participantUpdateLimit: 2 } })
  const more: Live[] = []
  for (const n of [1, 2]) {
    const name = `guest${n}-${privacy}@in.example`
    const guest = await site.addUser(name)
    await update({ members: { add: [name] } })
    more.push(await guest.open())
    await more.at(-1)!.call('room.join', { room: room.id })
  }
  await two!.call('room.join', { room: room.id })
  await one!.hears('room.roster')
  await update({ disabled: true })
  await one!.hears('room.closed')
  await far!.hears('room.closed')
  await update({ disabled: false })
  await one!.hears('room.opened')
  await alice.call('room.unfollow', { room: room.id })
  await one!.hears('room.unfollowed')
  for (const session of more) await session.close()
}

////////////////////////////////////////////////////////////////// a member who is removed

type Way = { room: Partial<Input<'room.create'>>; remove(room: Room): Promise<unknown>; seen?: boolean }

const rita = (room: Room) => `rita-${room.name.replaceAll(' ', '-')}@in.example`
let ritaGroup = ''

const ways: Record<string, Way> = {
  'from the list of a secret room': {
    room: { privacy: 'secret' },
    remove: room => site.admin.call('room.update', { room: room.id, members: { remove: [rita(room)] } }),
  },
  'from the list of a closed room': {
    room: { privacy: 'closed' },
    remove: room => site.admin.call('room.update', { room: room.id, members: { remove: [rita(room)] } }),
    seen: true,
  },
  'from the scope of the category': {
    room: { privacy: 'open' },
    remove: room => site.admin.call('category.update', { category: category.id, deniedMembers: { add: [rita(room)] } }),
  },
  'from the group that was a member': {
    room: { privacy: 'secret' },
    remove: room => site.admin.call('group.update', { group: ritaGroup, remove: [rita(room)] }),
  },
  'by the policy': {
    room: { privacy: 'open' },
    remove: room => site.admin.call('policy.grant', { scope: rita(room), enabled: false }),
  },
  'by making an open room secret': {
    room: { privacy: 'open' },
    remove: room =>
      site.admin.call('room.update', { room: room.id, privacy: 'secret', members: [alice.me.id, bob.me.id] }),
  },
  'by moving the room': {
    room: { privacy: 'open' },
    async remove(room) {
      const walled = await site.addCategory({ allowedMembers: [alice.me.id, bob.me.id] })
      await site.admin.call('room.update', { room: room.id, category: walled.id })
    },
  },
}

describe('a removed member', () => {
  test.each(Object.keys(ways))(
    '[LK5] %s: from the acknowledgement on every request is refused, and nothing that was posted since arrives, on any server',
    async way => {
      const { room: shape, remove, seen = false } = ways[way]!
      const name = `room ${way}`
      const who = await site.addUser(`rita-${name.replaceAll(' ', '-')}@in.example`)
      ritaGroup = `group ${way}`
      await site.admin.call('principal.create', { kind: 'group', name: ritaGroup, displayName: ritaGroup })
      const byGroup = way.includes('group')
      if (byGroup) {
        await site.admin.call('group.update', { group: ritaGroup, add: [who.me.id] })
        await site.admin.call('category.update', { category: category.id, allowedMembers: { add: [ritaGroup] } })
      }
      const room = await site.addRoom({
        name,
        category: category.id,
        members: [alice.me.id, bob.me.id, byGroup ? ritaGroup : who.me.id],
        ...shape,
      })
      const servers = [site, sweeping, stamped]
      const at = (server: (typeof servers)[number], person: Person) => ('at' in server ? server.at(person) : person)
      const sessions = await Promise.all(servers.map(server => at(server, who).open()))
      const witnesses = await Promise.all(servers.map(server => at(server, alice).open()))
      for (const session of [...sessions, ...witnesses]) await session.call('room.join', { room: room.id })
      await sessions[0]!.call('room.follow', { room: room.id })
      await bob.call('message.post', { room: room.id, clientId: randomUUID(), text: 'before' })
      for (const session of sessions.slice(0, 2)) await session.hears('message.posted')

      await remove(room)
      // At once, from every server, before anything can have been told.
      const posts = servers.map((server, i) =>
        at(server, bob).call('message.post', { room: room.id, clientId: randomUUID(), text: `after, at ${i}` }),
      )
      await Promise.all([...posts, ...sessions.map(session => refusesAll(session, room, seen))])
      await site.admin.call('message.remove', { room: room.id, seq: 1, replaceWith: 'after, in place' })
      await site.admin.call('room.update', { room: room.id, description: 'after' })
      // The last one comes over the stamped server itself, so that everything before it is known there too.
      await at(stamped, bob).call('message.post', { room: room.id, clientId: randomUUID(), text: 'after, last' })
      for (const witness of witnesses) await witness.hears('message.posted', e => e.message.text === 'after, last')
      for (const session of sessions) {
        await session.settled()
        expect(JSON.stringify(mentions(session, room.id)), way).not.toContain('after')
        expect(mentions(session, room.id).at(-1), way).toEqual({
          event: 'room.closed',
          room: room.id,
          reason: 'removed',
        })
        await session.close()
      }
      for (const witness of witnesses) await witness.close()
    },
  )
})

async function refusesAll(session: Live, room: Room, seen: boolean) {
  const asks: [Parameters<Live['ask']>[0], object][] = [
    ['room.join', { room: room.id }],
    ['message.list', { room: room.id }],
    ['message.post', { room: room.id, clientId: randomUUID(), text: 'still here' }],
    ['room.follow', { room: room.id }],
    ['room.markRead', { room: room.id, seq: 1 }],
    ['invitation.dismiss', { room: room.id }],
    ...(seen
      ? []
      : ([
          ['room.get', { room: room.id }],
          ['participant.list', { room: room.id }],
        ] as [Parameters<Live['ask']>[0], object][])),
  ]
  const codes = await Promise.all(asks.map(([verb, input]) => session.code(verb, input as never)))
  for (const code of codes) expect(['not_found', 'forbidden']).toContain(code)
  const found = await session.ask('message.search', { text: 'before', rooms: [room.id] })
  expect(found.result?.matches ?? []).toEqual([])
  const synced = await session.ask('session.sync', { rooms: [{ room: room.id }] })
  expect([...(synced.result?.rooms ?? []), ...(synced.result?.invitations ?? [])]).toEqual([])
}

test('[LK6] who picks a taken name is told name_taken and no more, and that he did is audited', async () => {
  const secret = await site.addRoom({ category: category.id, privacy: 'secret', name: 'Project Falcon' })
  const creator = await site.addUser('creator@in.example')
  await site.admin.call('category.update', { category: category.id, creators: { add: [creator.me.id] } })
  const made = await creator.call('room.create', { category: category.id, name: 'Mine' })
  for (const name of ['project  falcon'.replace('  ', ' '), ' PROJECT FALCON '])
    for (const answer of [
      await creator.ask('room.create', { category: category.id, name }),
      await creator.ask('room.update', { room: made.room.id, name }),
    ]) {
      expect(answer.error?.code).toBe('name_taken')
      expect(JSON.stringify(answer)).not.toContain(secret.id)
    }
  const { entries } = await site.admin.call('audit.list', { limit: 10 })
  const asked = entries.filter(entry => entry.action === 'name_taken')
  expect(asked.map(entry => [entry.actor?.name, entry.subject.toLowerCase(), entry.detail])).toEqual(
    Array(4).fill([creator.me.name, 'project falcon', {}]),
  )
})

test('[LK8] rooms that session.sync refuses are named in the order of asking, whether or not they exist', async () => {
  const otto = await (await site.addUser('otto@out.example')).open()
  const room = (await site.addRoom({ category: category.id, privacy: 'secret', members: [] })).id
  const nobodys = randomUUID()
  for (const asked of [
    [room, nobodys],
    [nobodys, room],
  ])
    expect((await otto.call('session.sync', { rooms: asked.map(one => ({ room: one })) })).refused).toEqual(
      asked.map(one => ({ room: one, code: 'not_found' })),
    )
  await otto.close()
})

test('[LK7] an administrator for whom the policy is off reads nothing: no counters, no invitation with them', async () => {
  const ada = await site.addUser('ada-off@in.example', { administrator: true })
  const room = await site.addRoom({ category: category.id, privacy: 'secret', members: [ada.me.id, bob.me.id] })
  await bob.call('message.post', { room: room.id, clientId: randomUUID(), text: 'not for ada' })
  const session = await ada.open()
  expect((await session.call('session.sync', {})).invitations.map(one => one.room)).toContain(room.id)
  await site.admin.call('policy.grant', { scope: ada.me.id, enabled: false })
  const synced = await session.call('session.sync', { rooms: [{ room: room.id }] })
  expect(synced.invitations).toEqual([])
  expect(synced.rooms).toEqual([])
  expect((await session.call('room.get', { room: room.id })).room.lastSeq).toBeUndefined()
  await session.close()
})
