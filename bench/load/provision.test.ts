import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Result, Verb } from '../../src/protocol/request.ts'
import { ask } from '../program.ts'
import { openBenchSession } from '../session.ts'
import { groupId, type Model, openModel, roomId, sessionToken, userId, userName } from './model.ts'
import { HISTORY, provision } from './provision.ts'
import { type Site, startSite } from './site.ts'

const seconds = 1_000
let site: Site
let model: Model
const opened: { end(): void }[] = []

beforeAll(async () => {
  model = openModel({ scale: 0.0075, endpoints: 1.5, seed: 1 })
  site = await startSite({ servers: 1, workers: 1 })
  await provision(site, model)
}, 180 * seconds)

afterAll(async () => {
  for (const session of opened) session.end()
  await site?.stop()
}, 60 * seconds)

/** Some of each kind, rivals among them. */
const someUsers = [0, 1, 13, 53, 199, 333, 598, 599]

test('[LD10] after the bulk load session.sync joins exactly the rooms of the model, with what was posted there', async () => {
  for (const user of someUsers) {
    const { rooms, refused, invitations } = await ask2(user, 'session.sync', {})
    expect(rooms.map(({ room }) => room).toSorted()).toEqual(model.roomsOf(user).map(roomId).toSorted())
    for (const room of rooms) expect(room).toMatchObject({ lastSeq: HISTORY, firstSeq: 1, followed: true, unread: 2 })
    expect([refused, invitations]).toEqual([[], []])
  }
}, 60_000)

test('[LD10] the rights that the server finds are those of the model, in rooms of every kind', async () => {
  const rooms = sampleRooms()
  expect(rooms.length).toBeGreaterThan(20)
  for (const user of someUsers)
    await Promise.all(
      rooms.map(async room => {
        const found = await ask1(user, 'room.get', { room: roomId(room) }).catch(codeOf)
        if (model.isSecret(room) && !model.isIn(user, room)) expect(found).toBe('not_found')
        else expect(found, `user ${user}, room ${room}`).toMatchObject(rightsOf(user, room))
      }),
    )
}, 120_000)

test('[LD10] lists, affiliations and names stand as the verbs would have left them', async () => {
  const room = sampleRooms().find(one => model.isByGroups(one) && !model.isSecret(one))!
  const { groups = [] } = await site.asAdmin('principal.get', { principal: userName(7) })
  expect(groups.length).toBeGreaterThan(1)
  const list = await site.asAdmin('room.members', { room: roomId(room), role: 'member' })
  expect(list.principals.map(({ id }) => id).toSorted()).toEqual(
    model
      .groupsOf(room)
      .map(({ group }) => groupId(group))
      .toSorted(),
  )
  // What a verb computes anew, for a user and for all who are in a group, is what was loaded.
  const team = groups.find(({ name }) => name.startsWith('group 100'))!
  const other = groups.find(({ id }) => id !== team.id)!
  const before = await readAffiliations()
  for (const group of [team.id, other.id]) {
    await site.asAdmin('group.update', { group, add: [userId(8)] })
    await site.asAdmin('group.update', { group, remove: [userId(7)] })
    await site.asAdmin('group.update', { group, add: [userId(7)], remove: [userId(8)] })
  }
  expect(await readAffiliations()).toEqual(before)
  const { rooms } = await ask1(7, 'room.find', { mine: 'member', limit: 1 })
  await expect(site.asAdmin('room.create', { category: rooms[0]!.category, name: rooms[0]!.name })).rejects.toThrow(
    'name_taken',
  )
}, 60_000)

function rightsOf(user: number, room: number) {
  const read = model.mayRead(user, room)
  const post = read && (!model.isAuditorium(room) || model.presentersOf(room).includes(user))
  const manager = model.managersOf(room).includes(user)
  return { rights: { read, post, manager }, followed: model.isIn(user, room) }
}

function sampleRooms(): number[] {
  const small = model.firstRoom('small')
  const medium = model.firstRoom('medium')
  const places = [...Array(10).keys(), ...Array.from({ length: 100 }, (_, n) => small + n), medium, medium + 5]
  return places.filter(
    room =>
      room < 10 ||
      room >= medium ||
      model.isSecret(room) ||
      model.isOpen(room) ||
      model.isAuditorium(room) ||
      room % 9 === 0,
  )
}

/** Who is in what, of the people that are looked at and of the team of one of them. */
async function readAffiliations(): Promise<unknown[]> {
  const db = new Client(site.databaseUrl)
  await db.connect()
  try {
    const { rows } = await db.query('SELECT member, ancestor FROM affiliation ORDER BY member, ancestor')
    return rows
  } finally {
    await db.end()
  }
}

/** Over HTTP. */
function ask1<V extends Verb>(user: number, verb: V, input: Parameters<typeof ask<V>>[3]): Promise<Result<V>> {
  return ask(site.servers[0]!.url, sessionToken(user), verb, input)
}

async function ask2(user: number, verb: 'session.sync', input: object): Promise<Result<'session.sync'>> {
  const heard = { messages: 0, reads: 0, bytes: 0, ended: 0 }
  const address = { port: site.servers[0]!.port, localAddress: '127.0.0.1' }
  const session = await openBenchSession(address, sessionToken(user), heard)
  opened.push(session)
  return session.ask(verb, input)
}

function codeOf(error: Error): string | undefined {
  return /: (\w+): /.exec(error.message)?.[1]
}
