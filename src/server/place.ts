import type { PresenceMove, RosterPart } from '../pool/roster.ts'
import type { Principal } from '../protocol/principal.ts'

/**
 * What is known of one room at another process: who is there, and how far its moves were followed without a hole. Bare data:
 * a server has one for each room that it hears and each other process.
 */
export type Place = {
  room: string
  member: string
  /** Followed up to here; -1 where nothing is known. */
  counted: number
  /** The highest that was heard of. */
  highest: number
  users: Set<string>
  /** Moves that came before their turn. */
  ahead: Map<number, PresenceMove> | undefined
  /** Slices of a list that is not whole yet. */
  gathered: { n: number; people: Principal[] } | undefined
  /** Its list is asked for since. */
  askedAt: number | undefined
  asks: number
}

/** Beyond so many moves before their turn the list says it. */
const maxAhead = 64
/** Shared by all places without anybody, which are most. */
const nobody: Set<string> = new Set()

export function openPlace(room: string, member: string): Place {
  return {
    room,
    member,
    counted: -1,
    highest: 0,
    users: nobody,
    ahead: undefined,
    gathered: undefined,
    askedAt: undefined,
    asks: 0,
  }
}

/** Its list was heard, or it is known that there was nothing before, and nothing is being asked. */
export function isKnown(place: Place | undefined): boolean {
  return place !== undefined && place.counted >= 0 && place.askedAt === undefined
}

/** Nothing is missing before what was heard of. */
export function isWhole(place: Place): boolean {
  return place.counted >= place.highest
}

/** A move over the bus, in whatever order. Answers those that are good now. */
export function takeMove(place: Place, n: number, move: PresenceMove): PresenceMove[] {
  place.highest = Math.max(place.highest, n)
  // The first of all needs no list before it.
  if (place.counted < 0 && n === 1) place.counted = 0
  if (n <= place.counted) return []
  place.ahead ??= new Map()
  if (place.ahead.size < maxAhead || n === place.counted + 1) place.ahead.set(n, move)
  return place.counted < 0 ? [] : follow(place)
}

/** A slice of its list. Answers the list where that makes it whole. */
export function gatherList(place: Place, { n, of, from }: RosterPart, people: Principal[]): Principal[] | undefined {
  if (from === 0) place.gathered = { n, people: [] }
  const { gathered } = place
  // Where a slice is missing it is asked for again in a while.
  if (gathered?.n !== n || gathered.people.length !== from) return undefined
  gathered.people.push(...people)
  if (gathered.people.length < of) return undefined
  place.gathered = undefined
  return n < place.counted ? undefined : gathered.people
}

/** Its list as it stood at `n`. Answers what that changes, and which of the moves heard before are good now. */
export function replaceList(
  place: Place,
  n: number,
  list: Principal[],
): { joined: Principal[]; left: string[]; moves: PresenceMove[] } {
  const before = place.users
  const users = list.length === 0 ? nobody : new Set(list.map(principal => principal.id))
  place.users = users
  place.counted = n
  place.highest = Math.max(place.highest, n)
  for (const at of place.ahead?.keys() ?? []) if (at <= n) place.ahead?.delete(at)
  // What is missing still is asked for anew.
  endAsking(place)
  return {
    joined: list.filter(principal => !before.has(principal.id)),
    left: [...before].filter(user => !users.has(user)),
    moves: follow(place),
  }
}

function follow(place: Place): PresenceMove[] {
  const moves: PresenceMove[] = []
  for (let move = place.ahead?.get(place.counted + 1); move; move = place.ahead?.get(place.counted + 1)) {
    place.counted += 1
    place.ahead?.delete(place.counted)
    if (isChange(place, move)) moves.push(move)
  }
  if (place.ahead?.size === 0) place.ahead = undefined
  if (isWhole(place)) endAsking(place)
  return moves
}

/** Whoever is in already, or not any more, counts once. */
function isChange(place: Place, move: PresenceMove): boolean {
  if ('left' in move) return place.users.delete(move.left)
  if (place.users.has(move.joined.id)) return false
  if (place.users === nobody) place.users = new Set()
  place.users.add(move.joined.id)
  return true
}

function endAsking(place: Place) {
  place.askedAt = undefined
  place.asks = 0
}
