/**
 * Who is in one room, and where: one number a person, since a process of a large pool holds a million of them. Positive: he
 * is in the room; multiples of `sessionUnit` count his sessions of this process, each bit below is another process where he is.
 * Negative: he lingers under that ticket. A number without sessions is a small integer for V8, which takes no object.
 */
export type Crowd = {
  where: Map<number, number>
  /** Of who is at processes that have no bit: all of them. */
  far: Map<number, Set<number>> | undefined
}

/** The sessions of this process, in place of the number of another one. */
export const here = -1

const sessionUnit = 2 ** 31
/** Other processes that have a bit; beyond them the last bit says that there is a set. */
const bits = 30
const farBit = 2 ** bits

export function openCrowd(): Crowd {
  return { where: new Map(), far: undefined }
}

export function isIn(crowd: Crowd, person: number): boolean {
  return (crowd.where.get(person) ?? 0) > 0
}

export function sessionsOf(crowd: Crowd, person: number): number {
  return Math.floor(Math.max(crowd.where.get(person) ?? 0, 0) / sessionUnit)
}

export function isAt(crowd: Crowd, person: number, place: number): boolean {
  const where = Math.max(crowd.where.get(person) ?? 0, 0)
  if (place === here) return where >= sessionUnit
  return place < bits ? hasBit(where, 2 ** place) : crowd.far?.get(person)?.has(place) === true
}

/** With one session more, or at that process: there once, however often it is said. */
export function put(crowd: Crowd, person: number, place: number): void {
  const where = Math.max(crowd.where.get(person) ?? 0, 0)
  if (place >= bits) {
    crowd.far ??= new Map()
    crowd.far.set(person, (crowd.far.get(person) ?? new Set()).add(place))
  }
  crowd.where.set(person, place === here ? where + sessionUnit : withBit(where, bitOf(place)))
}

/** One session less, or not at that process any more. Answers whether that was the last of all; then he stands there with 0. */
export function take(crowd: Crowd, person: number, place: number): boolean {
  if (!isAt(crowd, person, place)) return false
  const where = crowd.where.get(person)!
  const rest =
    place === here
      ? where - sessionUnit
      : place < bits || !isStillFar(crowd, person, place)
        ? where - bitOf(place)
        : where
  crowd.where.set(person, rest)
  return rest === 0
}

/** Not at any other process any more. Answers whether he is here; who is not stands there as before. */
export function keepHere(crowd: Crowd, person: number): boolean {
  const sessions = sessionsOf(crowd, person)
  if (sessions === 0) return false
  crowd.where.set(person, sessions * sessionUnit)
  return true
}

const bitOf = (place: number) => (place < bits ? 2 ** place : farBit)
const hasBit = (where: number, bit: number) => ((where % sessionUnit) & bit) !== 0
const withBit = (where: number, bit: number) => (hasBit(where, bit) ? where : where + bit)

function isStillFar(crowd: Crowd, person: number, place: number): boolean {
  const places = crowd.far?.get(person)
  places?.delete(place)
  if (places?.size !== 0) return true
  crowd.far?.delete(person)
  if (crowd.far?.size === 0) crowd.far = undefined
  return false
}
