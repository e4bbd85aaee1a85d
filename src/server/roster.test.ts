import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Principal } from '../protocol/principal.ts'
import { type MergedRoster, openRoster, type RosterNews } from './roster.ts'

let told: RosterNews[]
let roster: MergedRoster
let limit: number
beforeEach(() => {
  vi.useFakeTimers()
  told = []
  limit = 75
  roster = openRoster({ limit: () => limit, tell: (_room, news) => void told.push(news) })
})
afterEach(() => {
  roster.stop()
  vi.useRealTimers()
})

const person = (name: string): Principal => ({ id: randomUUID(), kind: 'user', name, displayName: name })
const people = Array.from({ length: 80 }, (_, i) => person(`p${i}`))
const [alice, bob] = people as [Principal, Principal]
const kinds = () => told.map(news => `${news.kind} ${news.participants}`)

test('[RO2] several sessions of one user are one participant, who leaves with the last of them', () => {
  roster.enter('r', alice)
  roster.enter('r', alice)
  roster.leave('r', alice.id, false)
  expect(kinds()).toEqual(['joined 1'])
  expect(roster.list('r')).toEqual([alice])
  roster.leave('r', alice.id, false)
  expect(kinds()).toEqual(['joined 1', 'left 0'])
  expect(roster.count('r')).toBe(0)
})

test('[RO3] whose connection is lost is out of the list at once, and told as gone after 60 seconds unless he is back', () => {
  roster.enter('r', alice)
  roster.enter('r', bob)
  roster.leave('r', bob.id, true)
  expect([roster.list('r'), roster.count('r')]).toEqual([[alice], 1])
  vi.advanceTimersByTime(59_999)
  roster.enter('r', bob)
  vi.advanceTimersByTime(120_000)
  expect(kinds()).toEqual(['joined 1', 'joined 2'])
  roster.leave('r', bob.id, true)
  vi.advanceTimersByTime(60_000)
  expect(kinds()).toEqual(['joined 1', 'joined 2', 'left 1'])
})

test('[RO3] a lost connection of one of two devices is no leaving', () => {
  roster.enter('r', alice)
  roster.enter('r', alice)
  roster.leave('r', alice.id, true)
  vi.advanceTimersByTime(120_000)
  expect(kinds()).toEqual(['joined 1'])
  expect(roster.count('r')).toBe(1)
})

test('[RO4] by default telling stops at the 76th and begins again at the 59th, with the list', () => {
  for (const one of people.slice(0, 75)) roster.enter('r', one)
  expect(kinds().at(-1)).toBe('joined 75')
  expect(roster.isLarge('r')).toBe(false)
  for (const one of people.slice(75, 80)) roster.enter('r', one)
  expect(told.slice(75)).toEqual([{ kind: 'roster', participants: 76, suspended: true }])
  expect(roster.isLarge('r')).toBe(true)
  expect(roster.list('r')).toHaveLength(80)
  for (const one of people.slice(60)) roster.leave('r', one.id, false)
  expect(told).toHaveLength(76)
  expect(roster.isLarge('r')).toBe(true)
  roster.leave('r', people[59]!.id, false)
  expect(told.at(-1)).toEqual({ kind: 'roster', participants: 59, suspended: false, list: people.slice(0, 59) })
  expect(roster.isLarge('r')).toBe(false)
  roster.leave('r', people[58]!.id, false)
  expect(kinds().at(-1)).toBe('left 58')
})

test('[RO4] rooms are counted each for itself, and a setting holds from the next change on', () => {
  limit = 2
  for (const one of people.slice(0, 3)) roster.enter('r', one)
  roster.enter('s', alice)
  expect([roster.isLarge('r'), roster.isLarge('s'), roster.isLarge('nobody')]).toEqual([true, false, false])
  limit = 10
  roster.leave('r', people[2]!.id, false)
  expect(roster.isLarge('r')).toBe(false)
})

test('[RO3] whoever leaves a room by himself, or is shut out, is told as gone at once', () => {
  roster.enter('r', alice)
  roster.leave('r', alice.id, false)
  roster.leave('r', alice.id, false)
  roster.leave('nowhere', alice.id, true)
  expect(kinds()).toEqual(['joined 1', 'left 0'])
})

test('[RO3] whoever is back and lost again lingers from the second loss on', () => {
  roster.enter('r', bob)
  roster.enter('r', alice)
  roster.leave('r', alice.id, true)
  vi.advanceTimersByTime(40_000)
  roster.enter('r', alice)
  roster.leave('r', alice.id, true)
  vi.advanceTimersByTime(40_000)
  expect(kinds()).toEqual(['joined 1', 'joined 2'])
  vi.advanceTimersByTime(20_000)
  expect(kinds()).toEqual(['joined 1', 'joined 2', 'left 1'])
})

test('[RO3] a room that is heard anew owes nothing to who lingered in it before, nor does another user in his place', () => {
  roster.enter('r', alice)
  roster.leave('r', alice.id, true)
  roster.drop('r')
  roster.enter('r', bob)
  roster.enter('r', alice)
  roster.leave('r', bob.id, true)
  vi.advanceTimersByTime(59_000)
  for (const one of people.slice(2, 40)) roster.enter('r', one)
  told = []
  vi.advanceTimersByTime(1_000)
  expect(told).toMatchObject([{ kind: 'left', principal: bob, participants: 39 }])
  expect(roster.list('r')).toEqual([alice, ...people.slice(2, 40)])
})

test('[RO8] a new name is the one of all rooms, as soon as it is heard of in one', () => {
  roster.enter('r', alice)
  roster.move('s', 3, { joined: alice })
  const renamed = { ...alice, displayName: 'Alice B.' }
  roster.move('t', 3, { joined: renamed })
  for (const room of ['r', 's', 't']) expect(roster.list(room)).toEqual([renamed])
  for (const room of ['s', 't']) roster.move(room, 3, { left: alice.id, lingers: false })
  expect(told.at(-1)).toMatchObject({ kind: 'left', principal: { displayName: 'Alice B.' } })
})

test('[RO11] the list of a process is the whole truth of it, and none of the others', () => {
  roster.enter('r', alice)
  roster.replace('r', 0, people.slice(0, 4))
  roster.replace('r', 1, people.slice(3, 6))
  roster.replace('r', 0, people.slice(1, 3))
  expect(roster.list('r')).toEqual(people.slice(0, 6))
  roster.replace('r', 1, [])
  expect(roster.list('r')).toEqual(people.slice(0, 3))
  // Those who are at neither any more linger.
  expect(roster.told('r')).toEqual(people.slice(0, 6))
  vi.advanceTimersByTime(60_000)
  expect(kinds().filter(kind => kind.startsWith('left'))).toEqual(['left 5', 'left 4', 'left 3'])
  roster.replace('nowhere', 0, [])
  expect(roster.whole('nowhere')).toBeUndefined()
})

test('[RO18] a user at forty other processes is gone with the last of them', () => {
  const places = Array.from({ length: 40 }, (_, place) => place)
  for (const place of places) roster.move('r', place, { joined: alice })
  for (const place of places.slice(1)) expect(roster.abandon('r', place)).toBe(1)
  expect([roster.count('r'), kinds()]).toEqual([1, ['joined 1']])
  roster.abandon('r', 0)
  expect([roster.count('r'), roster.told('r')]).toEqual([0, [alice]])
  vi.advanceTimersByTime(60_000)
  expect(kinds()).toEqual(['joined 1', 'left 0'])
})
