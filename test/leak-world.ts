import { randomUUID } from 'node:crypto'
import type { Room } from '../src/protocol/room.ts'
import { type Live, openSite, type Person, personAt, type Site } from './harness.ts'
import type { Target } from './leak-probes.ts'

export const roomKeys = [
  'secret',
  'secret auditorium',
  'closed',
  'closed auditorium',
  'disabled secret',
  'disabled closed',
  'deleted',
  'history off',
  'open elsewhere',
] as const
export type RoomKey = (typeof roomKeys)[number]

export const outsiderKeys = ['otto', 'dora', 'paul', 'ines', 'rita', 'mona', 'ada'] as const
export type OutsiderKey = (typeof outsiderKeys)[number]

export type World = {
  site: Site
  people: Record<OutsiderKey | 'alice' | 'bob', Person>
  live: Record<OutsiderKey | 'alice' | 'bob', Live>
  targets: Record<RoomKey, Target>
  /** The same answer reads the same in every world: ids, instants and tokens are told by what they stand for. */
  normal(answer: unknown): unknown
}

const isSeen = (key: RoomKey) => key.includes('closed')
const privacyOf = (key: RoomKey) => (key.includes('closed') ? 'closed' : key.includes('open') ? 'open' : 'secret')

/**
 * One of several worlds that differ in one thing only: which rooms there are (`seen`: those that people in scope may see) and
 * whether anything was said in them.
 *
 * otto is out of scope; dora and paul are members, and she is denied while for him the policy is off; ines is in scope and no
 * member; rita was a member, live, follower, invited and author until she was removed; mona manages every room without being a
 * member, and so does ada as an administrator.
 */
export async function openWorld(shape: { rooms: 'all' | 'seen' | 'none'; content: boolean }): Promise<World> {
  const site = await openSite()
  // By token: hashing so many passwords takes longer than all the rest.
  const add = async (short: string) => {
    const name = short.includes('@') ? short : `${short}@in.example`
    const { principal, token } = await site.admin.call('bot.create', { name, displayName: short })
    return personAt(site.url, token, principal)
  }
  const alice = await add('alice')
  const people = {
    alice,
    bob: await add('bob'),
    otto: await add('otto@out.example'),
    dora: await add('dora'),
    paul: await add('paul'),
    ines: await add('ines'),
    rita: await add('rita'),
    mona: await add('mona'),
    ada: await site.addUser('ada@in.example', { administrator: true }),
  }
  const { admin } = site
  const lobby = await site.addCategory({ name: 'Lobby', allowedMembers: ['in.example', 'out.example'] })
  const scope = { allowedMembers: ['in.example'], creators: ['alice@in.example'], invitations: true }
  const categories = {
    inside: await site.addCategory({ name: 'Inside', ...scope }),
    quiet: await site.addCategory({ name: 'Quiet', ...scope, chatHistory: false }),
    elsewhere: await site.addCategory({
      name: 'Elsewhere',
      allowedMembers: ['alice@in.example', 'bob@in.example', 'dora@in.example', 'paul@in.example', 'rita@in.example'],
    }),
  }
  const commons = await site.addRoom({ name: 'Commons', category: lobby.id, privacy: 'open' })
  for (const text of ['common one', 'common two'])
    await alice.call('message.post', { room: commons.id, clientId: randomUUID(), text })

  const live = Object.fromEntries(
    await Promise.all(Object.entries(people).map(async ([key, person]) => [key, await person.open()])),
  ) as World['live']
  const labels = new Map<string, string>([[commons.id, 'room commons']])
  for (const [key, person] of Object.entries(people)) labels.set(person.me.id, key)
  for (const [key, category] of Object.entries({ ...categories, lobby })) labels.set(category.id, `category ${key}`)

  async function addRoom(key: RoomKey): Promise<Room> {
    const category =
      key === 'history off' ? categories.quiet : key === 'open elsewhere' ? categories.elsewhere : categories.inside
    const managers = category === categories.elsewhere ? [] : ['mona@in.example']
    const room = await site.addRoom({
      category: category.id,
      name: `The ${key} room`,
      description: `what the ${key} room is for`,
      privacy: privacyOf(key),
      type: key.includes('auditorium') ? 'auditorium' : 'normal',
      members: ['alice', 'bob', 'dora', 'paul', 'rita'].map(name => `${name}@in.example`),
      ...(key.includes('auditorium') ? { presenters: ['alice@in.example', 'rita@in.example'] } : {}),
      managers,
    })
    for (const who of ['alice', 'rita'] as const) await live[who].call('room.join', { room: room.id })
    await people.rita.call('room.follow', { room: room.id })
    if (shape.content) await talk(room, key)
    return room
  }

  async function talk(room: Room, key: RoomKey) {
    await alice.call('message.post', { room: room.id, clientId: clientIds.alice, text: `needle of ${key}` })
    await people.rita.call('message.post', { room: room.id, clientId: clientIds.rita, text: 'while I was in' })
    await alice.call('message.post', { room: room.id, clientId: randomUUID(), text: `more needles in ${key}` })
    await people.rita.call('room.markRead', { room: room.id, seq: 2 })
    await admin.call('message.remove', { room: room.id, seq: 3 })
  }

  const clientIds = { alice: randomUUID(), rita: randomUUID() }
  const rooms = new Map<RoomKey, Room>()
  const exists = (key: RoomKey) => shape.rooms === 'all' || (shape.rooms === 'seen' && isSeen(key))
  for (const key of roomKeys) if (exists(key)) rooms.set(key, await addRoom(key))

  // What makes them outsiders, once they are in.
  for (const category of [categories.inside, categories.quiet, categories.elsewhere])
    await admin.call('category.update', { category: category.id, deniedMembers: ['dora@in.example'] })
  await admin.call('category.update', {
    category: categories.elsewhere.id,
    allowedMembers: { remove: ['rita@in.example'] },
  })
  await admin.call('policy.grant', { scope: 'paul@in.example', enabled: false })
  for (const [key, room] of rooms) {
    await admin.call('room.update', {
      room: room.id,
      members: { remove: ['rita@in.example'] },
      presenters: { remove: ['rita@in.example'] },
    })
    if (key.startsWith('disabled')) await admin.call('room.update', { room: room.id, disabled: true })
  }
  const deleted = rooms.get('deleted')
  if (deleted) await admin.call('room.delete', { room: deleted.id })

  // What they heard while they were in is theirs.
  for (const session of Object.values(live)) {
    await session.settled()
    session.events.length = 0
  }

  const nobodys = randomUUID()
  labels.set(nobodys, 'nobodys')
  const epoch = live.alice.opened.epoch
  labels.set(epoch, 'epoch')
  const targetOf = (key: RoomKey): Target => {
    const room = rooms.get(key)?.id ?? randomUUID()
    labels.set(room, `room ${key}`)
    const category =
      key === 'history off' ? categories.quiet : key === 'open elsewhere' ? categories.elsewhere : categories.inside
    return {
      room,
      category: category.id,
      name: `The ${key} room`,
      description: `what the ${key} room is for`,
      text: `needle of ${key}`,
      clientId: clientIds.alice,
      ownClientId: clientIds.rita,
      member: 'alice@in.example',
      nobodys,
      commons: commons.id,
      epoch,
    }
  }
  const targets = Object.fromEntries(roomKeys.map(key => [key, targetOf(key)])) as World['targets']

  function normalText(text: string): string {
    return text
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, id => {
        return labels.get(id.toLowerCase()) ?? 'some id'
      })
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'at')
      .replace(/(?<![\w-])[\w-]{43}(?![\w-])/g, 'token')
      .replace(/localhost:\d+/g, 'localhost')
  }
  function normal(value: unknown): unknown {
    if (typeof value === 'string') return normalText(value)
    // That messages were removed is an administrator's own record.
    if (Array.isArray(value)) return value.filter(one => one?.action !== 'message.remove').map(normal)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        // The number of the request, or of a line of the audit record.
        if (key === 'id' && typeof member === 'number') return [key, 'number']
        // What a browser signs with a passkey is random, and names nobody but the caller.
        if (key === 'options') return [key, 'options']
        // A cursor holds ids and names.
        if ((key === 'next' || key === 'after') && typeof member === 'string' && /^[\w-]{9,}$/.test(member))
          return [key, normalText(Buffer.from(member, 'base64url').toString())]
        return [key, normal(member)]
      }),
    )
  }
  return { site, people, live, targets, normal }
}
