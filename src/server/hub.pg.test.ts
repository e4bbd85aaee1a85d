import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openPeople } from '../../test/people.ts'
import type { Chat, Standing } from '../chat/chat.ts'
import type { Bus, Subject } from '../pool/bus.ts'
import { openLocalBus } from '../pool/local.ts'
import { readEpoch } from '../store/epoch.ts'
import { type Hub, openHub } from './hub.ts'
import type { Heard, Session } from './session.ts'

let chat: Chat
let close: () => Promise<void>
let hub: Hub
/** Subjects of rooms that the hub hears. */
const rooms = new Set<Subject>()

function openCountedBus(): Bus {
  const bus = openLocalBus()
  return {
    ...bus,
    subscribe(subject, hear) {
      const end = bus.subscribe(subject, hear)
      if (subject.startsWith('room.')) rooms.add(subject)
      return () => {
        end()
        rooms.delete(subject)
      }
    },
  }
}

beforeAll(async () => {
  const people = await openPeople()
  chat = { ...people.chat, bus: openCountedBus() }
  close = people.close
  hub = await openHub(chat)
})
afterAll(async () => {
  await hub.stop()
  await close()
})

let session: Session
const room = randomUUID()
const standing: Standing = {
  lastSeq: 0,
  revision: 0,
  stamp: { room: 1, scope: 1, directory: 1, settings: 1 },
  shown: { room: 1, category: 1 },
}
beforeEach(() => {
  const user = { id: randomUUID(), kind: 'user', name: 'a@example.com', displayName: 'A' } as const
  const caller = { user, administrator: false, session: randomUUID(), address: '127.0.0.1' }
  session = { id: randomUUID(), caller, heard: new Set(), outlet: { push() {} }, close() {} }
  hub.add(session)
})

test('[LV17] a session that ends while a join is read leaves nothing that holds events', () => {
  const pending = hub.live(session, []).begin(room)
  expect(rooms.size).toBe(1)
  hub.remove(session)
  expect(rooms.size).toBe(0)
  pending.abandon()
  expect(rooms.size).toBe(0)
})

test.each(['join', 'sync'])(
  '[LV17] a session that ends between the answer of a %s and going live does not become a participant',
  how => {
    const after: (() => void)[] = []
    const live = hub.live(session, after)
    if (how === 'join') live.begin(room).settle(standing)
    else live.enter(room, standing)
    hub.remove(session)
    for (const settle of after) settle()
    expect(hub.roster.count(room)).toBe(0)
    expect(rooms.size).toBe(0)
    expect(session.heard.size).toBe(0)
  },
)

test('[RO16] who comes between the list of a join and its answer is told after it', async () => {
  const frames: string[] = []
  const pushing = {
    ...session,
    id: randomUUID(),
    heard: new Set<Heard>(),
    outlet: { push: (frame: Uint8Array) => void frames.push(`${frame}`) },
  }
  hub.add(pushing)
  const other = {
    ...session,
    heard: new Set<Heard>(),
    caller: { ...session.caller, user: { ...session.caller.user, id: randomUUID() } },
  }
  const after: (() => void)[] = []
  hub.live(pushing, after).begin(room).settle(standing)
  const his: (() => void)[] = []
  hub.live(other, his).enter(room, standing)
  hub.add(other)
  for (const settle of his) settle()
  expect(frames).toEqual([])
  for (const settle of after) settle()
  await Promise.resolve()
  expect(frames.join()).toContain('"participant.joined"')
  expect(frames).toHaveLength(1)
  hub.remove(pushing)
  hub.remove(other)
})

test('[LV17] a session that has ended begins to hear nothing more', () => {
  hub.remove(session)
  const pending = hub.live(session, []).begin(room)
  expect(rooms.size).toBe(0)
  pending.settle(standing)
  pending.abandon()
  expect(rooms.size).toBe(0)
})

test('[RO2] who joins again before the first join went live is one participant, and none once gone', () => {
  // Decided under no directory at all: it is decided anew before it goes live.
  const old = { ...standing, stamp: { ...standing.stamp, directory: 0 } }
  for (let times = 0; times < 2; times += 1) {
    const after: (() => void)[] = []
    hub.live(session, after).begin(room).settle(old)
    for (const settle of after) settle()
  }
  expect(hub.roster.count(room)).toBe(1)
  hub.live(session, []).part(room)
  expect(hub.roster.count(room)).toBe(0)
})

test('[FO9] a look at the store that fails, as right after a switch, is no end of the server', async () => {
  const { db } = chat
  const query = () => Promise.reject(Object.assign(new Error('starting up'), { code: '57P03' }))
  chat.epoch = await readEpoch(db)
  chat.db = { ...db, query }
  await hub.checkStore()
  chat.db = db
  await hub.checkStore()
  expect(chat.epoch).toBe(await readEpoch(db))
})

test.each([3, 1_000])('[LV24] what a batch brings goes out in one piece a session, with %i in the room', async size => {
  const pushed: string[][] = []
  const sessions = Array.from({ length: size }, (_, n): Session => {
    const frames: string[] = []
    pushed.push(frames)
    const caller = { ...session.caller, user: { ...session.caller.user, id: randomUUID() } }
    return {
      id: `${n}`,
      caller,
      heard: new Set<Heard>(),
      outlet: { push: (frame: Uint8Array) => void frames.push(Buffer.from(frame).toString()) },
      close() {},
    }
  })
  for (const one of sessions) {
    hub.add(one)
    const after: (() => void)[] = []
    hub.live(one, after).enter(room, standing)
    for (const settle of after) settle()
  }
  // Under nothing newer than the hub knows: then nothing has to be asked of the store.
  const stamp = { ...standing.stamp, directory: 0, settings: 0 }
  for (let seq = 1; seq <= 5; seq += 1)
    chat.bus.publish(`room.${room}`, { head: { kind: 'message', room, seq, stamp }, frame: Buffer.from(`<${seq}>`) })
  while (pushed.at(-1)!.length === 0) await new Promise(resolve => setImmediate(resolve))
  // This room is in no store: a look at it, which may come first on a slow machine, closes it afterwards.
  const messages = pushed.map(frames => frames.filter(frame => frame.startsWith('<')))
  expect(new Set(messages.map(frames => frames.join(' ')))).toEqual(new Set(['<1><2><3><4><5>']))
  for (const one of sessions) hub.remove(one)
})
