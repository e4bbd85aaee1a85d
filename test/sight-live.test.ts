import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Room } from '../src/protocol/room.ts'
import { type Live, openSite, type Person, type Site } from './harness.ts'
import { openRaceServer, type RaceServer } from './race-server.ts'
import { pause, until } from './stage.ts'

let site: Site
let other: RaceServer
/** Stays, by the domain. */
let alice: Person
/** Is let in by name, and so shut out by name. */
let rita: Person
beforeAll(async () => {
  site = await openSite()
  other = await openRaceServer(site)
  alice = await site.addUser('alice@in.example')
  rita = await site.addUser('rita@out.example')
})
afterAll(async () => {
  await other.stop()
  await site.stop()
})

const wide = { allowedMembers: ['in.example', 'rita@out.example'] }
const narrow = { allowedMembers: ['in.example'] }

async function addWorld() {
  const category = await site.addCategory(wide)
  const members = ['alice@in.example', 'rita@out.example']
  const rooms = [
    await site.addRoom({ category: category.id, members }),
    await site.addRoom({ category: category.id, members, privacy: 'secret', type: 'auditorium' }),
    await site.addRoom({ category: category.id, privacy: 'open' }),
  ]
  const elsewhere = await site.addRoom({ category: (await site.addCategory(wide)).id, members })
  const all = [...rooms, elsewhere]
  const enter = async (session: Live) => {
    for (const room of all) await session.call('room.join', { room: room.id })
  }
  const setScope = (lists: object) => other.at(site.admin).call('category.update', { category: category.id, ...lists })
  return { category, rooms, elsewhere, all, enter, setScope }
}

const closed = (session: Live) => session.heard('room.closed').map(event => event.room)
const timesClosed = (session: Live, room: string) => closed(session).filter(one => one === room).length
const post = (person: Pick<Person, 'call'>, room: Room, text: string) =>
  person.call('message.post', { room: room.id, clientId: randomUUID(), text })

test('[SG8] a narrowed scope shuts those out of all rooms of the category, everyone else hears on and is told nothing; widened, followers are told', async () => {
  const { rooms, elsewhere, all, enter, setScope } = await addWorld()
  const [stays, goes] = [await other.at(alice).open(), await other.at(rita).open()]
  await enter(stays)
  await enter(goes)
  for (const room of all) await other.at(rita).call('room.follow', { room: room.id })
  await stays.settled()
  stays.events.length = 0
  await setScope(narrow)
  await until(() => closed(goes).length >= rooms.length)
  await post(other.at(alice), rooms[0]!, 'without her')
  await post(other.at(alice), elsewhere, 'with her')
  await goes.hears('message.posted', event => event.message.text === 'with her')
  await stays.hears('message.posted', event => event.message.text === 'without her')
  expect(closed(goes).sort()).toEqual(rooms.map(room => room.id).sort())
  expect(goes.heard('room.closed').every(event => event.reason === 'removed')).toBe(true)
  expect(JSON.stringify(goes.events)).not.toContain('without her')
  const told = new Set(stays.events.map(event => event.event))
  expect([told.has('room.closed'), told.has('room.changed')]).toEqual([false, false])
  await setScope(wide)
  await until(() => goes.heard('room.opened').length >= rooms.length)
  expect(
    goes
      .heard('room.opened')
      .map(event => event.room.id)
      .sort(),
  ).toEqual(rooms.map(room => room.id).sort())
  // A name is shown, and reaches both that are in.
  await goes.call('room.join', { room: rooms[0]!.id })
  await setScope({ name: 'Seen under another name' })
  for (const session of [stays, goes])
    await session.hears('room.changed', ({ room }) => room.categoryName === 'Seen under another name')
})

test('[SG8] who came in under a newer scope than was read stays, and who waits to come in is decided by the newest', async () => {
  const { rooms, enter, setScope } = await addWorld()
  const [stays, goes] = [await other.at(alice).open(), await other.at(rita).open()]
  await enter(stays)
  await enter(goes)
  const read = other.gate.hold('after', 'SELECT p AS id FROM unnest', 'transaction')
  await setScope(narrow)
  await read.reached
  await setScope(wide)
  const room = rooms[0]!.id
  await goes.call('room.join', { room })
  // Where the sweep came while the scope was narrow, it was right to put her out.
  const before = timesClosed(goes, room)
  read.release()
  // Where the sweep came before the release it has decided the others under the wide scope, and nobody is put out.
  await until(() => closed(goes).length >= rooms.length - 1).catch(() => {})
  await pause(200)
  await post(other.at(alice), rooms[0]!, 'still here')
  await goes.hears('message.posted', event => event.message.text === 'still here')
  expect(timesClosed(goes, room)).toBe(before)
})

test('[SG9] a narrowed scope that could not be read is followed when the store is back', async () => {
  const { rooms, enter, setScope } = await addWorld()
  const goes = await other.at(rita).open()
  await enter(goes)
  other.gate.fail('stamp', 'transaction')
  await setScope(narrow)
  await until(() => closed(goes).length >= rooms.length)
  expect(closed(goes).sort()).toEqual(rooms.map(room => room.id).sort())
})
