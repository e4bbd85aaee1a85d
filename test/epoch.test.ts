import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSite, type Site } from './harness.ts'

let site: Site
beforeAll(async () => {
  site = await openSite({ epochMs: 100 })
})
afterAll(() => site.stop())

test('[SY18] a store that went back begins a new epoch on every server: sessions are sent away (1012) and told to load anew', async () => {
  const alice = await site.addUser('alice@example.com')
  const category = await site.addCategory({ allowedMembers: ['alice@example.com'] })
  const room = await site.addRoom({ category: category.id, members: ['alice@example.com'] })
  const other = await site.another({ epochMs: 100 })
  const [here, there] = [await alice.open(), await other.at(alice).open()]
  for (const live of [here, there]) await live.call('room.join', { room: room.id })
  for (const text of ['1', '2', '3']) await here.post(room.id, text)
  await there.hears('message.posted', event => event.message.seq === 3)
  const { epoch } = here.opened
  await new Promise(resolve => setTimeout(resolve, 400))
  expect((await alice.open()).opened.epoch).toBe(epoch)

  await site.db.query('UPDATE room_head SET last_seq = 1 WHERE room = $1', [room.id])
  await site.db.query('DELETE FROM message WHERE room = $1 AND seq > 1', [room.id])
  expect((await here.closed).code).toBe(1012)
  expect((await there.closed).code).toBe(1012)
  const [again, elsewhere] = [await alice.open(), await other.at(alice).open()]
  expect(again.opened.epoch).not.toBe(epoch)
  expect(elsewhere.opened.epoch).toBe(again.opened.epoch)
  const sync = await again.call('session.sync', { epoch, rooms: [{ room: room.id, seq: 3 }] })
  expect(sync.rooms[0]).toMatchObject({ lastSeq: 1, reset: true, messages: [] })
  expect((await again.post(room.id, 'goes on')).seq).toBe(2)
  await again.hears('message.posted', event => event.message.seq === 2)
})
