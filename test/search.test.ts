import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Input } from '../src/protocol/request.ts'
import type { Room } from '../src/protocol/room.ts'
import type { Person } from './harness.ts'
import { openStage, pause, postAll, type Stage } from './stage.ts'

let stage: Stage
let room: Room
let others: Room
beforeAll(async () => {
  stage = await openStage()
  room = await stage.room()
  others = await stage.room()
  await postAll(stage.alice, room.id, ['the quick brown fox', 'the lazy dog', 'a quick dog :)'])
  await postAll(stage.bob, others.id, ['Quick words'])
})
afterAll(() => stage.stop())

async function found(who: Person, input: Input<'message.search'>): Promise<string[]> {
  return (await who.call('message.search', input)).matches.map(match => match.message.text)
}

test('[SR1] any word of the text is enough, or all where asked, or the text as one phrase; newest first over all rooms', async () => {
  const { alice } = stage
  expect(await found(alice, { text: 'quick dog' })).toEqual([
    'Quick words',
    'a quick dog :)',
    'the lazy dog',
    'the quick brown fox',
  ])
  expect(await found(alice, { text: 'quick dog', match: 'any' })).toHaveLength(4)
  expect(await found(alice, { text: 'dog QUICK', match: 'all' })).toEqual(['a quick dog :)'])
  expect(await found(alice, { text: 'quick brown', match: 'exact' })).toEqual(['the quick brown fox'])
  expect(await found(alice, { text: 'brown quick', match: 'exact' })).toEqual([])
  expect(await found(alice, { text: 'nowhere' })).toEqual([])
})

test('[SR2] case matters where asked', async () => {
  const { alice } = stage
  expect(await found(alice, { text: 'Quick', matchCase: true })).toEqual(['Quick words'])
  expect(await found(alice, { text: 'quick', matchCase: true })).toEqual(['a quick dog :)', 'the quick brown fox'])
  expect(await found(alice, { text: 'Quick brown', match: 'exact', matchCase: true })).toEqual([])
  expect(await found(alice, { text: 'QUICK BROWN', match: 'exact' })).toEqual(['the quick brown fox'])
})

test('[SR3] a match is the room, its revision and the whole message', async () => {
  const { alice } = stage
  const { matches } = await alice.call('message.search', { text: 'fox' })
  const { messages } = await alice.call('message.list', { room: room.id })
  expect(matches).toEqual([{ room: room.id, revision: 0, message: messages[0] }])
})

test('[SR4] only rooms that the caller may read are searched, joined or not: no strangers, no disabled ones, none without history', async () => {
  const { admin, alice, bob, carol, zoe } = stage
  const secret = await stage.room({ privacy: 'secret', members: ['alice@example.com'] })
  await postAll(alice, secret.id, ['peregrine secret'])
  const open = await stage.room({ privacy: 'open' })
  await postAll(alice, open.id, ['peregrine open'])
  expect(await found(alice, { text: 'peregrine' })).toEqual(['peregrine open', 'peregrine secret'])
  expect(await found(bob, { text: 'peregrine' })).toEqual(['peregrine open'])
  expect(await found(carol, { text: 'peregrine' })).toEqual(['peregrine open'])
  expect(await found(zoe, { text: 'peregrine' })).toEqual([])
  expect(await found(bob, { text: 'peregrine', rooms: [secret.id] })).toEqual([])
  expect(await bob.ask('message.search', { rooms: [secret.id] })).toEqual(
    await bob.ask('message.search', { rooms: [randomUUID()] }),
  )
  await admin.call('room.update', { room: open.id, disabled: true })
  expect(await found(bob, { text: 'peregrine' })).toEqual([])
  await admin.call('room.update', { room: open.id, disabled: false })
  const category = await stage.sameScope({ chatHistory: false })
  await admin.call('room.update', { room: open.id, category: category.id })
  expect(await found(bob, { text: 'peregrine' })).toEqual([])
})

test('[SR5] rooms, authors and instants narrow the search; without text they are all of it', async () => {
  const { alice, bob } = stage
  const here = await stage.room()
  await postAll(alice, here.id, ['falcon one'])
  await pause(5)
  const two = await bob.call('message.post', { room: here.id, clientId: randomUUID(), text: 'falcon two' })
  await pause(5)
  await postAll(alice, here.id, ['falcon three'])
  const rooms = [here.id]
  expect(await found(alice, { rooms })).toEqual(['falcon three', 'falcon two', 'falcon one'])
  expect(await found(alice, { rooms, authors: ['bob@example.com'] })).toEqual(['falcon two'])
  expect(await found(alice, { rooms, authors: [alice.me.id, bob.me.id] })).toHaveLength(3)
  expect(await found(alice, { rooms, from: two.at })).toEqual(['falcon three', 'falcon two'])
  expect(await found(alice, { rooms, until: two.at })).toEqual(['falcon two', 'falcon one'])
  expect(await found(alice, { text: 'falcon', from: two.at, until: two.at })).toEqual(['falcon two'])
  expect(await found(alice, { rooms: [] })).toEqual([])
  expect(await alice.code('message.search', { authors: ['nobody@example.com'] })).toBe('not_found')
  expect(await alice.code('message.search', { from: '2026-02-31T00:00:00Z' })).toBe('invalid_argument')
})

test('[SR6] pages follow each other by next, without a message twice or left out', async () => {
  const { alice } = stage
  const here = await stage.room()
  const texts = Array.from({ length: 7 }, (_, i) => `osprey ${i}`)
  await Promise.all(texts.map(text => alice.call('message.post', { room: here.id, clientId: randomUUID(), text })))
  const pages: string[][] = []
  let after: string | undefined
  do {
    const page = await alice.call('message.search', { text: 'osprey', limit: 3, ...(after ? { after } : {}) })
    pages.push(page.matches.map(match => match.message.text))
    after = page.next
  } while (after !== undefined)
  expect(pages.map(page => page.length)).toEqual([3, 3, 1])
  expect(pages.flat().sort()).toEqual(texts)
  expect(await alice.code('message.search', { after: 'nonsense' })).toBe('invalid_argument')
})

test('[SR7] what was removed is not found, a replacement and a title are', async () => {
  const { admin, alice } = stage
  const here = await stage.room()
  await postAll(alice, here.id, ['kestrel removed', 'kestrel replaced'])
  await alice.call('message.post', { room: here.id, clientId: randomUUID(), title: 'Kestrel tale', text: 'a bird' })
  await admin.call('message.remove', { room: here.id, seq: 1 })
  await admin.call('message.remove', { room: here.id, seq: 2, replaceWith: 'moderated goshawk' })
  expect(await found(alice, { text: 'kestrel' })).toEqual(['a bird'])
  expect(await found(alice, { text: 'goshawk' })).toEqual(['moderated goshawk'])
})
