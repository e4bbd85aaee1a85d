import { expect, test } from 'vitest'
import { openRandom } from '../../test/random.ts'
import { here, isAt, isIn, openCrowd, put, sessionsOf, take } from './crowd.ts'

test('[RO2] thousands of sessions of one user are one participant, who is also at other processes', () => {
  const crowd = openCrowd()
  for (let n = 0; n < 19_000; n += 1) put(crowd, 7, here)
  for (const place of [0, 29]) put(crowd, 7, place)
  expect([sessionsOf(crowd, 7), isAt(crowd, 7, 0), isAt(crowd, 7, 1), isAt(crowd, 7, 29)]).toEqual([
    19_000,
    true,
    false,
    true,
  ])
  for (let n = 0; n < 19_000; n += 1) expect(take(crowd, 7, here)).toBe(false)
  expect([sessionsOf(crowd, 7), take(crowd, 7, here), isIn(crowd, 7)]).toEqual([0, false, true])
  expect([take(crowd, 7, 0), take(crowd, 7, 0), take(crowd, 7, 29)]).toEqual([false, false, true])
  expect(isIn(crowd, 7)).toBe(false)
})

test('[RO18] whoever is at more processes than there are bits is there until the last of them', () => {
  const crowd = openCrowd()
  const places = Array.from({ length: 64 }, (_, place) => place)
  for (const place of [...places, ...places]) put(crowd, 1, place)
  put(crowd, 2, 40)
  expect(places.filter(place => isAt(crowd, 1, place))).toEqual(places)
  expect(places.filter(place => isAt(crowd, 2, place))).toEqual([40])
  expect(places.map(place => take(crowd, 1, place))).toEqual(places.map(place => place === 63))
  expect([isIn(crowd, 1), isIn(crowd, 2), take(crowd, 2, 40)]).toEqual([false, true, true])
  expect(crowd.far).toBeUndefined()
})

test.each([1, 2, 3])('[RO18] the packed form says what sets would say (seed %i)', seed => {
  const random = openRandom(seed)
  const crowd = openCrowd()
  const model = new Map<string, number>()
  const isThere = (person: number) => [...model.keys()].some(key => key.startsWith(`${person} `))
  for (let step = 0; step < 3_000; step += 1) {
    const person = random.below(3)
    const place = random.below(40) - 1
    const key = `${person} ${place}`
    const before = model.get(key) ?? 0
    if (random.chance(0.4)) {
      put(crowd, person, place)
      model.set(key, place === here ? before + 1 : 1)
    } else {
      if (before > 1) model.set(key, before - 1)
      else model.delete(key)
      expect(take(crowd, person, place)).toBe(before > 0 && !isThere(person))
    }
    expect([isIn(crowd, person), isAt(crowd, person, place)]).toEqual([isThere(person), model.has(key)])
    expect(sessionsOf(crowd, person)).toBe(model.get(`${person} ${here}`) ?? 0)
  }
})
