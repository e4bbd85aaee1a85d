import type { PresenceMove, RosterPart } from '../pool/roster.ts'
import type { Principal } from '../protocol/principal.ts'

/**
 * What is known of the rooms at another process: how far its moves were followed without a hole. Who is there says the roster.
 * In columns by the number that a room has here: a server of a large pool has a quarter of a million pairs of room and process.
 */
export type Place = {
  member: string
  /** In the roster. */
  number: number
  /** Followed up to here; -1 where nothing is known. */
  counted: Float64Array
  /** The highest that was heard of. */
  highest: Float64Array
  /** Of the few rooms where something is missing. */
  pending: Map<number, Pending>
}

export type Pending = {
  room: string
  /** Moves that came before their turn. */
  ahead: Map<number, PresenceMove> | undefined
  /** Slices of a list that is not whole yet. */
  gathered: { n: number; people: Principal[] } | undefined
  /** Its list is asked for since. */
  askedAt: number | undefined
  asks: number
}

/** A room that is heard here. */
export type HeardRoom = { room: string; number: number }

/** Beyond so many moves before their turn the list says it. */
const maxAhead = 64
const firstRooms = 64

export function openPlace(member: string, number: number): Place {
  return { member, number, counted: column(firstRooms, -1), highest: column(firstRooms, 0), pending: new Map() }
}

/** Nothing is known of it any more: the number may be another room's. */
export function forgetRoom(place: Place, room: number): void {
  if (room < place.counted.length) {
    place.counted[room] = -1
    place.highest[room] = 0
  }
  place.pending.delete(room)
}

/** Its list was heard, or it is known that there was nothing before, and nothing is being asked. */
export function isKnown(place: Place | undefined, room: number): boolean {
  return place !== undefined && countedOf(place, room) >= 0 && !isAsked(place, room)
}

/** Nothing is missing before what was heard of. */
export function isWhole(place: Place, room: number): boolean {
  return countedOf(place, room) >= (place.highest[room] ?? 0)
}

export function isAsked(place: Place, room: number): boolean {
  return place.pending.get(room)?.askedAt !== undefined
}

export function noteAsked(place: Place, heard: HeardRoom): void {
  const pending = pendingOf(place, heard)
  pending.askedAt = performance.now()
  pending.asks += 1
}

/** It has counted so far in the room. Answers whether that is further than was followed. */
export function noteCounted(place: Place, room: number, n: number): boolean {
  if (countedOf(place, room) >= n) return false
  grow(place, room)
  place.highest[room] = Math.max(place.highest[room]!, n)
  return true
}

/** A move over the bus, in whatever order. Answers those that are good now. */
export function takeMove(place: Place, heard: HeardRoom, n: number, move: PresenceMove): PresenceMove[] {
  const room = heard.number
  grow(place, room)
  place.highest[room] = Math.max(place.highest[room]!, n)
  // The first of all needs no list before it.
  if (place.counted[room]! < 0 && n === 1) place.counted[room] = 0
  const counted = place.counted[room]!
  if (n <= counted) return []
  const isNext = counted >= 0 && n === counted + 1
  if (isNext && !place.pending.has(room)) {
    place.counted[room] = n
    return [move]
  }
  const pending = pendingOf(place, heard)
  pending.ahead ??= new Map()
  if (pending.ahead.size < maxAhead || isNext) pending.ahead.set(n, move)
  return counted < 0 ? [] : follow(place, heard)
}

/** A slice of its list. Answers the list where that makes it whole. */
export function gatherList(
  place: Place,
  heard: HeardRoom,
  { n, of, from }: RosterPart,
  people: Principal[],
): Principal[] | undefined {
  const pending = place.pending.get(heard.number)
  const gathered = from === 0 ? { n, people } : pending?.gathered
  // Where a slice is missing it is asked for again in a while.
  if (gathered?.n !== n || (from > 0 && gathered.people.length !== from)) return undefined
  if (from > 0) gathered.people = gathered.people.concat(people)
  const isMissing = gathered.people.length < of
  if (isMissing) pendingOf(place, heard).gathered = gathered
  else if (pending) pending.gathered = undefined
  return isMissing || n < countedOf(place, heard.number) ? undefined : gathered.people
}

/** Its list as it stood at `n` is the roster's. Answers which of the moves heard before are good now. */
export function followList(place: Place, heard: HeardRoom, n: number): PresenceMove[] {
  const room = heard.number
  grow(place, room)
  place.counted[room] = n
  place.highest[room] = Math.max(place.highest[room]!, n)
  const pending = place.pending.get(room)
  for (const at of pending?.ahead?.keys() ?? []) if (at <= n) pending!.ahead!.delete(at)
  // What is missing still is asked for anew.
  endAsking(place, room)
  return follow(place, heard)
}

function follow(place: Place, { number: room }: HeardRoom): PresenceMove[] {
  const pending = place.pending.get(room)
  const moves: PresenceMove[] = []
  for (;;) {
    const next = place.counted[room]! + 1
    const move = pending?.ahead?.get(next)
    if (!move) break
    moves.push(move)
    place.counted[room] = next
    pending?.ahead?.delete(next)
  }
  if (pending?.ahead?.size === 0) pending.ahead = undefined
  if (isWhole(place, room)) endAsking(place, room)
  return moves
}

function endAsking(place: Place, room: number) {
  const pending = place.pending.get(room)
  if (!pending) return
  pending.askedAt = undefined
  pending.asks = 0
  if (!pending.ahead && !pending.gathered) place.pending.delete(room)
}

function pendingOf(place: Place, { room, number }: HeardRoom): Pending {
  const known = place.pending.get(number)
  if (known) return known
  const pending: Pending = { room, ahead: undefined, gathered: undefined, askedAt: undefined, asks: 0 }
  place.pending.set(number, pending)
  return pending
}

const countedOf = (place: Place, room: number) => place.counted[room] ?? -1

function grow(place: Place, room: number) {
  const rooms = place.counted.length
  if (room < rooms) return
  const wanted = Math.max(room + 1, rooms * 2)
  const { counted, highest } = place
  place.counted = column(wanted, -1)
  place.highest = column(wanted, 0)
  place.counted.set(counted)
  place.highest.set(highest)
}

function column(rooms: number, value: number): Float64Array {
  return new Float64Array(rooms).fill(value)
}
