import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Live, Person } from './harness.ts'
import { names, openStage, pause, type Stage, until } from './stage.ts'

const limit = 5
let stage: Stage
let crowd: Person[]
beforeAll(async () => {
  stage = await openStage()
  const made = ['ann', 'ben', 'cat', 'dan'].map(name => stage.addUser(`${name}@example.com`))
  crowd = [stage.alice, stage.bob, stage.carol, ...(await Promise.all(made))]
  await stage.admin.call('settings.update', { settings: { participantUpdateLimit: limit } })
})
afterAll(() => stage.stop())

const comings = (live: Live) =>
  live.events.flatMap(event =>
    event.event === 'participant.joined' || event.event === 'participant.left'
      ? [`${event.event.slice('participant.'.length)} ${event.principal.displayName} ${event.participants}`]
      : [],
  )
const closeAll = (lives: Live[]) => Promise.all(lives.map(live => live.close()))

test('[RO1] who comes and goes is told to sessions that opened the room by room.join, not to those of session.sync; both are participants', async () => {
  const room = await stage.room({ privacy: 'open' })
  const [alice, bob, carol] = await Promise.all(crowd.slice(0, 3).map(person => person.open()))
  await alice!.call('room.join', { room: room.id })
  await bob!.call('session.sync', { rooms: [{ room: room.id }] })
  expect(names((await carol!.call('room.join', { room: room.id })).participants)).toEqual([
    'alice@example.com',
    'bob@example.com',
    'carol@example.com',
  ])
  await alice!.hears('participant.joined', event => event.principal.displayName === 'carol')
  await carol!.call('room.part', { room: room.id })
  await alice!.hears('participant.left')
  await bob!.settled()
  expect(comings(alice!)).toEqual(['joined bob 2', 'joined carol 3', 'left carol 2'])
  expect(comings(bob!)).toEqual([])
  await closeAll([alice!, bob!, carol!])
})

test('[RO2] a user is one participant over all his sessions', async () => {
  const room = await stage.room()
  const [hers, first, second] = [await stage.alice.open(), await stage.bob.open(), await stage.bob.open()]
  for (const live of [hers, first, second]) await live.call('room.join', { room: room.id })
  const { participants } = await hers.call('participant.list', { room: room.id })
  expect(names(participants)).toEqual(['alice@example.com', 'bob@example.com'])
  await first.call('room.part', { room: room.id })
  await hers.settled()
  expect(comings(hers)).toEqual(['joined bob 2'])
  await second.call('room.part', { room: room.id })
  await hers.hears('participant.left')
  expect(comings(hers)).toEqual(['joined bob 2', 'left bob 1'])
  await closeAll([hers, first, second])
})

test('[RO3] a lost connection that is back in time is not told; one that stays away is', async () => {
  const room = await stage.room()
  const hers = await stage.alice.open()
  await hers.call('room.join', { room: room.id })
  for (let round = 0; round < 3; round += 1) {
    const his = await stage.bob.open()
    await his.call('room.join', { room: room.id })
    await his.close()
  }
  await until(async () => {
    const { participants } = await hers.call('participant.list', { room: room.id })
    return participants.length === 1
  }, 'bob is out of the list')
  expect(comings(hers)).toEqual(['joined bob 2'])
  await hers.hears('participant.left')
  await pause(50)
  expect(comings(hers)).toEqual(['joined bob 2', 'left bob 1'])
  await hers.close()
})

test('[RO4] above the limit nobody is told who comes and goes, until there are fewer than 80 % of it', async () => {
  const room = await stage.room({ privacy: 'open' })
  const lives = await Promise.all(crowd.map(person => person.open()))
  const [first] = lives as [Live]
  for (const live of lives.slice(0, limit))
    expect((await live.call('room.join', { room: room.id })).participants).toBeDefined()
  const sixth = await lives[5]!.call('room.join', { room: room.id })
  expect(sixth.participants).toBeUndefined()
  expect(await first.hears('room.roster')).toEqual({
    event: 'room.roster',
    room: room.id,
    participants: 6,
    suspended: true,
  })
  await lives[6]!.call('room.join', { room: room.id })
  expect(names((await first.call('participant.list', { room: room.id })).participants)).toHaveLength(7)
  for (const live of [lives[6]!, lives[5]!, lives[4]!]) await live.call('room.part', { room: room.id })
  // Four are not fewer than 80 % of five: it is a large room still, also for who comes.
  await first.settled()
  expect(first.heard('room.roster')).toHaveLength(1)
  await lives[3]!.call('room.part', { room: room.id })
  const resumed = await first.hears('room.roster', event => !event.suspended)
  expect(resumed).toMatchObject({ room: room.id, participants: 3 })
  expect(names(resumed.list)).toEqual(['alice@example.com', 'bob@example.com', 'carol@example.com'])
  await lives[3]!.call('room.join', { room: room.id })
  await until(() => comings(first).length === 5, 'told again')
  expect(comings(first)).toEqual(['joined bob 2', 'joined carol 3', 'joined ann 4', 'joined ben 5', 'joined ann 4'])
  await closeAll(lives)
})

test('[RO5] a room that is large still gives no roster at join', async () => {
  const room = await stage.room({ privacy: 'open' })
  const lives = await Promise.all(crowd.slice(0, 6).map(person => person.open()))
  for (const live of lives) await live.call('room.join', { room: room.id })
  for (const live of lives.slice(4)) await live.call('room.part', { room: room.id })
  expect((await lives[4]!.call('room.join', { room: room.id })).participants).toBeUndefined()
  await closeAll(lives)
})

test('[RO6] who is in a room is told to whoever may see it, and the limit to every session', async () => {
  const { admin, alice, carol, zoe } = stage
  const [closed, secret] = await Promise.all([stage.room(), stage.room({ privacy: 'secret' })])
  const live = await alice.open()
  for (const room of [closed, secret]) await live.call('room.join', { room: room.id })
  for (const who of [admin, carol])
    expect(names((await who.call('participant.list', { room: closed.id })).participants)).toEqual(['alice@example.com'])
  expect(await carol.code('participant.list', { room: secret.id })).toBe('not_found')
  expect(await zoe.code('participant.list', { room: closed.id })).toBe('not_found')
  const later = await alice.open()
  expect(later.opened.limits.participantUpdateLimit).toBe(limit)
  expect(live.opened.limits.participantUpdateLimit).toBe(limit)
  await closeAll([live, later])
})

test('[RO7] whom a change shuts out leaves the roster at once', async () => {
  const room = await stage.room()
  const [hers, his] = [await stage.alice.open(), await stage.bob.open()]
  for (const live of [hers, his]) await live.call('room.join', { room: room.id })
  await stage.admin.call('room.update', { room: room.id, members: { remove: ['bob@example.com'] } })
  expect(await hers.hears('participant.left')).toMatchObject({ principal: { id: stage.bob.me.id }, participants: 1 })
  await closeAll([hers, his])
})
