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
