import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isNewer, newest, type Stamp } from './stamp.ts'

const version = fc.integer({ min: 0, max: 3 })
const anyStamp: fc.Arbitrary<Stamp> = fc.record({
  room: version,
  scope: version,
  directory: version,
  settings: version,
})
const runs = { numRuns: 3_000 }

const start: Stamp = { room: 5, scope: 3, directory: 1, settings: 1 }

test.each([
  ['nothing', start, false],
  ['a change of the room', { ...start, room: 6 }, true],
  ['a change of the scope', { ...start, scope: 4 }, true],
  ['a change of the directory', { ...start, directory: 2 }, true],
  ['a change of the settings', { ...start, settings: 2 }, true],
  ['an older room', { ...start, room: 4 }, false],
  ['an older room under a newer scope', { ...start, room: 4, scope: 9 }, false],
  ['an older room under a newer directory', { ...start, room: 4, directory: 2 }, true],
])('[AC15] a stamp is newer by %s', (_, stamp, newer) => {
  expect(isNewer(stamp, start)).toBe(newer)
})

test('[AC16] moving a room to a category whose scope is older does not go back', () => {
  // One counter gives both numbers: the move takes the next one, the category it goes to changed its scope long ago.
  const before: Stamp = { room: 4, scope: 7, directory: 1, settings: 1 }
  const moved: Stamp = { room: 8, scope: 2, directory: 1, settings: 1 }
  expect([isNewer(moved, before), isNewer(before, moved)]).toEqual([true, false])
  expect(newest(before, moved)).toEqual(moved)
  expect(newest(moved, before)).toEqual(moved)
})

test('[AC17] of two stamps of one directory and settings never both are newer; where neither is, they are equal', () => {
  fc.assert(
    fc.property(anyStamp, anyStamp, (a, other) => {
      const b = { ...other, directory: a.directory, settings: a.settings }
      const [ab, ba] = [isNewer(a, b), isNewer(b, a)]
      expect(ab && ba).toBe(false)
      if (!ab && !ba) expect(a).toEqual(b)
    }),
    runs,
  )
})

test('[AC17] no stamp is newer than itself, and being newer is transitive within one directory', () => {
  fc.assert(
    fc.property(anyStamp, anyStamp, anyStamp, (a, b, c) => {
      expect(isNewer(a, a)).toBe(false)
      const [x, y, z] = [a, b, c].map(stamp => ({ ...stamp, directory: 1, settings: 1 })) as [Stamp, Stamp, Stamp]
      if (isNewer(x, y) && isNewer(y, z)) expect(isNewer(x, z)).toBe(true)
    }),
    runs,
  )
})

test('[AC18] the newest of two knows of all that either knows, in any order of asking', () => {
  fc.assert(
    fc.property(anyStamp, anyStamp, anyStamp, (a, b, c) => {
      const both = newest(a, b)
      expect(isNewer(a, both) || isNewer(b, both)).toBe(false)
      expect(newest(b, a)).toEqual(both)
      expect(newest(a, a)).toEqual(a)
      expect(newest(newest(a, b), c)).toEqual(newest(a, newest(b, c)))
      // What is not newer adds nothing: a hub that skips it misses nothing.
      if (!isNewer(b, a)) expect(both).toEqual(a)
    }),
    runs,
  )
})
