import type { Message } from '../../src/protocol/message.ts'
import { openContents } from './contents.ts'
import { type Delivery, toDelivery } from './delivery.ts'
import { nowUs } from './post-text.ts'

/** Rooms of the model, and two that a session may visit. */
export const ownSlots = 16
export const slotsEach = ownSlots + 2

/** What an answer says of where a room stands: room.join or session.sync. */
export type Standing = { lastSeq: number; messages: Message[] }
/** Messages that the answer left out and that have to be asked for. */
export type Owed = { room: number; after: number; through: number }
export type Watched = { session: number; room: number; seq: number }
export type HearingCounts = {
  deliveries: number
  doubled: number
  disordered: number
  leaked: number
  /** Heard at a place where something else was heard before. */
  mismatched: number
}

/**
 * What each session of this process heard, place by place: from where an answer says that the room stands, each place once
 * and in order. What is still missing when all is quiet is lost.
 */
export type Hearing = ReturnType<typeof openHearing>

const [FREE, OUTSIDE, LIVE, AWAY] = [0, 1, 2, 3] as const
/** Not -1, which stands for a room that is none of the model's. */
const NO_ROOM = -2
type Missing = Map<number, 'hole' | 'owed'>

export function openHearing(sessions: number) {
  const rooms = new Int32Array(sessions * slotsEach).fill(NO_ROOM)
  const lastSeqs = new Uint32Array(sessions * slotsEach)
  const states = new Uint8Array(sessions * slotsEach)
  const missing = new Map<number, Missing>()
  const watching = new Set<string>()
  const watched: Watched[] = []
  const contents = openContents()
  const counts: HearingCounts = { deliveries: 0, doubled: 0, disordered: 0, leaked: 0, mismatched: 0 }

  function slotOf(session: number, room: number): number {
    const from = session * slotsEach
    for (let slot = from; slot < from + slotsEach; slot += 1) if (rooms[slot] === room) return slot
    return -1
  }

  /** In the first free place; a visitor's beyond those of the model. */
  function take(session: number, room: number, visits: boolean): number {
    const from = session * slotsEach
    for (let slot = from + (visits ? ownSlots : 0); slot < from + slotsEach; slot += 1)
      if (rooms[slot] === NO_ROOM) {
        rooms[slot] = room
        states[slot] = OUTSIDE
        return slot
      }
    return -1
  }

  function free(slot: number): void {
    rooms[slot] = NO_ROOM
    states[slot] = FREE
    missing.delete(slot)
  }

  function miss(slot: number, from: number, through: number, how: 'hole' | 'owed'): void {
    const known = missing.get(slot) ?? new Map<number, 'hole' | 'owed'>()
    missing.set(slot, known)
    for (let seq = from; seq <= through; seq += 1) known.set(seq, how)
  }

  function find(slot: number, seq: number): 'hole' | 'owed' | undefined {
    const known = missing.get(slot)
    const how = known?.get(seq)
    if (how === undefined) return undefined
    known!.delete(seq)
    if (known!.size === 0) missing.delete(slot)
    return how
  }

  function note(delivery: Delivery): void {
    const lateUs = delivery.number < 0 ? 0 : nowUs() - delivery.sentUs
    if (!contents.note(delivery, lateUs)) counts.mismatched += 1
  }

  /** Answers whether it was a place that was expected, for the latency. */
  function hear(session: number, delivery: Delivery): boolean {
    counts.deliveries += 1
    const slot = slotOf(session, delivery.room)
    if (watching.size > 0 && watching.has(`${session}/${delivery.room}`))
      watched.push({ session, room: delivery.room, seq: delivery.seq })
    if (slot < 0 || states[slot] === OUTSIDE) {
      counts.leaked += 1
      return false
    }
    note(delivery)
    const last = lastSeqs[slot]!
    if (delivery.seq > last) {
      if (delivery.seq > last + 1) miss(slot, last + 1, delivery.seq - 1, 'hole')
      lastSeqs[slot] = delivery.seq
      return true
    }
    const how = find(slot, delivery.seq)
    if (how === 'hole') counts.disordered += 1
    else if (how === undefined) counts.doubled += 1
    return false
  }

  /**
   * The room is heard from here on. Events follow the answer's `lastSeq`: where it is below what was heard on this
   * connection they come again, and where it is above, the messages between are in the answer or have to be asked for.
   */
  function joined(session: number, room: number, { lastSeq, messages }: Standing, visits = false): void {
    const known = slotOf(session, room)
    const slot = known < 0 ? take(session, room, visits) : known
    if (slot < 0) return
    const isNew = states[slot] === OUTSIDE
    states[slot] = LIVE
    const before = lastSeqs[slot]!
    lastSeqs[slot] = lastSeq
    if (isNew || lastSeq <= before) return
    miss(slot, before + 1, lastSeq, 'owed')
    fetched(session, room, messages)
  }

  /** What answers left out and has to be asked for, a range a room. */
  function owed(session: number): Owed[] {
    if (missing.size === 0) return []
    return slotsOf(session).flatMap(slot => {
      const left = [...(missing.get(slot)?.entries() ?? [])].flatMap(([seq, how]) => (how === 'owed' ? [seq] : []))
      return left.length === 0 ? [] : [{ room: rooms[slot]!, after: Math.min(...left) - 1, through: Math.max(...left) }]
    })
  }

  /** Messages of an answer: those that were missing are not missing any more. */
  function fetched(session: number, room: number, messages: Message[]): void {
    const slot = slotOf(session, room)
    for (const message of messages) {
      if ('removed' in message || find(slot, message.seq) === undefined) continue
      counts.deliveries += 1
      note(toDelivery(room, message))
    }
  }

  return {
    counts,
    contents,
    watched,
    hear,
    joined,
    owed,
    fetched,
    /** A room of the model; it is heard from its first answer on. */
    own: (session: number, room: number) => void take(session, room, false),
    hasRoomToVisit: (session: number, room: number) =>
      slotOf(session, room) < 0 &&
      rooms.subarray(session * slotsEach + ownSlots, (session + 1) * slotsEach).includes(NO_ROOM),
    isOutside: (session: number, room: number) => states[slotOf(session, room)] === OUTSIDE,
    /** After room.closed, or where session.sync refused it: nothing of it may come any more. */
    shutOut(session: number, room: number) {
      const slot = slotOf(session, room)
      if (slot < 0) return
      states[slot] = OUTSIDE
      missing.delete(slot)
    },
    /** After the answer of room.part. */
    parted(session: number, room: number) {
      const slot = slotOf(session, room)
      if (slot >= 0) free(slot)
    },
    /** The connection is gone: own rooms go on from where they were, visits are over. */
    away(session: number) {
      for (let slot = session * slotsEach; slot < (session + 1) * slotsEach; slot += 1)
        if (rooms[slot] !== NO_ROOM && slot % slotsEach >= ownSlots) free(slot)
        else if (states[slot] === LIVE) states[slot] = AWAY
    },
    /** Own rooms with the last place heard, for session.sync. */
    known: (session: number) =>
      slotsOf(session)
        .slice(0, ownSlots)
        .flatMap(slot =>
          rooms[slot] === NO_ROOM || states[slot] === OUTSIDE ? [] : [{ room: rooms[slot]!, seq: lastSeqs[slot]! }],
        ),
    ownRooms: (session: number) =>
      slotsOf(session).flatMap(slot => (rooms[slot] === NO_ROOM || slot % slotsEach >= ownSlots ? [] : [rooms[slot]!])),
    watch: (session: number, room: number) => void watching.add(`${session}/${room}`),
    isWatched: (session: number, room: number) => watching.has(`${session}/${room}`),
    unwatch: (session: number, room: number) => void watching.delete(`${session}/${room}`),
    /** Places that a session has not heard though the room has come so far. `out`: rooms that it was put out of. */
    behind(session: number, ends: ArrayLike<number>, out: (room: number) => boolean): number {
      let places = 0
      for (const slot of slotsOf(session)) {
        const room = rooms[slot]!
        if (room === NO_ROOM || (states[slot] === OUTSIDE && out(room))) continue
        // A room that was never entered has lost at least itself.
        if (states[slot] === OUTSIDE) places += 1
        else places += Math.max(0, ends[room]! - lastSeqs[slot]!) + (missing.get(slot)?.size ?? 0)
      }
      return places
    },
  }

  function slotsOf(session: number): number[] {
    return Array.from({ length: slotsEach }, (_, index) => session * slotsEach + index)
  }
}
