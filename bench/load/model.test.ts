import { expect, test } from 'vitest'
import { type Model, openModel } from './model.ts'

const whole = openModel({ scale: 1, endpoints: 1.5, seed: 1 })

test('[LD2] at scale 1 the directory has the numbers of the capacity model', () => {
  expect(whole.users).toBe(80_000)
  expect(whole.sessions).toBe(120_000)
  expect(whole.roomsOfKind).toEqual({ small: 32_000, medium: 1_067, large: 10 })
  expect(whole.rooms).toBe(33_077)
  const open = (kind: 'small' | 'medium' | 'large') => countRooms(whole, kind, whole.isOpen)
  expect([open('small'), open('medium'), open('large')]).toEqual([960, expect.closeTo(32, -1), 5])
  expect(countRooms(whole, 'small', whole.isAuditorium)).toBe(320)
  expect(countRooms(whole, 'large', whole.isAuditorium)).toBe(5)
  expect(whole.membersOf(3)).toHaveLength(16_000)
  expect(whole.membersOf(whole.firstRoom('small') + 17)).toHaveLength(30)
  expect(whole.membersOf(whole.firstRoom('medium') + 17)).toHaveLength(150)
  // 731,088 in the published table, which has presenters where there are no auditoriums and none where there are.
  expect(countEntries(whole)).toBeGreaterThan(725_000)
  expect(countEntries(whole)).toBeLessThan(740_000)
})

test.each([
  { scale: 0.0075, endpoints: 1, seed: 1 },
  { scale: 0.015, endpoints: 1.5, seed: 2 },
  { scale: 0.03, endpoints: 1, seed: 77 },
])('[LD2] rooms of a user and users of a room say the same, at scale $scale', options => {
  const model = openModel(options)
  const byRoom = new Map<number, number[]>()
  for (let user = 0; user < model.users; user += 1) {
    const rooms = model.roomsOf(user)
    if (!model.isRival(user)) expect(rooms.length).toBeGreaterThanOrEqual(14)
    expect(rooms.length).toBeLessThanOrEqual(16)
    for (const room of rooms) byRoom.set(room, [...(byRoom.get(room) ?? []), user])
  }
  expect(byRoom.size).toBe(model.rooms)
  for (const [room, users] of byRoom) {
    const members = model.membersOf(room)
    expect(members.toSorted(ascending)).toEqual(users.toSorted(ascending))
    for (const user of [...model.managersOf(room), ...model.presentersOf(room)]) expect(members).toContain(user)
    expect(model.presentersOf(room).length > 0).toBe(model.isAuditorium(room))
    if (model.isByGroups(room)) {
      const inGroups = new Set(model.groupsOf(room).flatMap(({ members }) => members))
      for (const user of members) expect(inGroups.has(user)).toBe(true)
    }
  }
})

test('[LD2] a slice of rooms is secret, and rivals are kept out even where a group of theirs stands on the list', () => {
  const model = openModel({ scale: 0.15, endpoints: 1, seed: 1 })
  const secret = Array.from({ length: model.rooms }, (_, room) => room).filter(model.isSecret)
  expect(secret.length / model.rooms).toBeGreaterThan(0.01)
  const inGroups = secret.flatMap(model.groupsOf).flatMap(({ members }) => members)
  expect(inGroups.some(model.isRival)).toBe(true)
  for (const room of secret) {
    expect(model.isOpen(room)).toBe(false)
    expect(model.membersOf(room).some(model.isRival)).toBe(false)
    expect(model.mayRead(13, room)).toBe(false)
  }
})

test('[LD2] another seed puts other people together', () => {
  const [one, two] = [1, 2].map(seed => openModel({ scale: 0.03, endpoints: 1, seed }))
  expect(one!.membersOf(100)).not.toEqual(two!.membersOf(100))
  expect(one!.membersOf(100)).toEqual(openModel({ scale: 0.03, endpoints: 1, seed: 1 }).membersOf(100))
})

test('[LD2] with 1.5 endpoints every second user has two', () => {
  const users = Array.from({ length: whole.sessions }, (_, session) => whole.userOf(session))
  const seen = new Map<number, number>()
  for (const user of users) seen.set(user, (seen.get(user) ?? 0) + 1)
  expect(seen.size).toBe(80_000)
  expect([...seen.values()].filter(count => count === 2)).toHaveLength(40_000)
})

function countRooms(model: Model, kind: 'small' | 'medium' | 'large', which: (room: number) => boolean): number {
  const first = model.firstRoom(kind)
  return Array.from({ length: model.roomsOfKind[kind] }, (_, index) => first + index).filter(which).length
}

function countEntries(model: Model): number {
  let entries = 0
  for (let room = 0; room < model.rooms; room += 1) {
    const members = model.isOpen(room)
      ? 0
      : model.isByGroups(room)
        ? model.groupsOf(room).length
        : model.membersOf(room).length
    entries += members + model.managersOf(room).length + model.presentersOf(room).length
  }
  return entries
}

function ascending(a: number, b: number): number {
  return a - b
}
