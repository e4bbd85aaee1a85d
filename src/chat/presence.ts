import type { BusMessage } from '../pool/bus.ts'
import type { RoomsMove, RosterPart } from '../pool/roster.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Chat } from './chat.ts'

/** Bound of one message of lists: NATS takes 1 MiB unless told otherwise, and others have to get through between two. */
const maxListBytes = 256 * 1024
const maxRooms = 4_000
/** A place in `who`, and a part without anybody, as JSON. */
const placeBytes = 7
const partBytes = 100

export function tellAlive(chat: Chat, hello: boolean): void {
  chat.bus.publish('pool', {
    head: { kind: 'alive', member: chat.member, at: Date.now(), ...(hello ? { hello } : {}) },
  })
}

/** This process stops by itself: nobody has to wait for its silence. */
export function tellGone(chat: Chat): void {
  chat.bus.publish('pool', { head: { kind: 'gone', member: chat.member } })
}

/** To all processes: in a large pool nearly every one of them hears nearly every room, and a message costs more than what is in it. */
export function tellMoves(chat: Chat, moves: RoomsMove[]): void {
  chat.bus.publish('pool', { head: { kind: 'moves', member: chat.member, moves } })
}

/** Asks one process who is in these rooms, or all of them. */
export function askRosters(chat: Chat, rooms: string[], of: string | undefined): void {
  for (const some of slices(rooms))
    chat.bus.publish(of === undefined ? 'pool' : `member.${of}`, {
      head: { kind: 'rosterAsk', member: chat.member, rooms: some },
    })
}

/** How far this process has counted in its rooms. */
export function tellDigest(chat: Chat, rooms: [room: string, n: number][]): void {
  for (const some of slices(rooms))
    chat.bus.publish('pool', { head: { kind: 'digest', member: chat.member, rooms: some } })
}

export function askCounts(chat: Chat, ask: number, rooms: string[]): void {
  chat.bus.publish('pool', { head: { kind: 'countAsk', member: chat.member, ask, rooms } })
}

export function answerCounts(
  chat: Chat,
  asker: string,
  ask: number,
  counts: { rooms: [room: string, count: number][]; own: string[] },
): void {
  chat.bus.publish(`member.${asker}`, { head: { kind: 'counts', member: chat.member, ask, ...counts } })
}

/**
 * Who is in these rooms at this process, in as many messages as it takes; who is in several rooms stands once in each message.
 * With a pause after each, so that an answer about everything does not stop this process.
 */
export async function answerRosters(
  chat: Chat,
  asker: string,
  rooms: Iterable<{ room: string; n: number; people: Principal[] }>,
): Promise<void> {
  let slice = emptySlice()
  const send = () => {
    const { people, parts } = slice
    slice = emptySlice()
    const message: BusMessage = { head: { kind: 'roster', member: chat.member, people, rooms: parts } }
    if (parts.length > 0) chat.bus.publish(`member.${asker}`, message)
    return new Promise<void>(resolve => setImmediate(resolve))
  }
  for (const { room, n, people } of rooms) {
    let part = beginPart(slice, room, n, people.length, 0)
    for (const [at, principal] of people.entries()) {
      if (slice.bytes > maxListBytes) {
        await send()
        part = beginPart(slice, room, n, people.length, at)
      }
      part.who.push(placeOf(slice, principal))
    }
    if (slice.bytes > maxListBytes) await send()
  }
  await send()
}

type Slice = { people: Principal[]; places: Map<string, number>; parts: RosterPart[]; bytes: number }

function emptySlice(): Slice {
  return { people: [], places: new Map(), parts: [], bytes: 0 }
}

function beginPart(slice: Slice, room: string, n: number, of: number, from: number): RosterPart {
  const part: RosterPart = { room, n, of, from, who: [] }
  slice.parts.push(part)
  slice.bytes += partBytes
  return part
}

function placeOf(slice: Slice, principal: Principal): number {
  slice.bytes += placeBytes
  const known = slice.places.get(principal.id)
  if (known !== undefined) return known
  slice.bytes += Buffer.byteLength(JSON.stringify(principal))
  slice.places.set(principal.id, slice.people.length)
  return slice.people.push(principal) - 1
}

function slices<T>(all: T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / maxRooms) }, (_, i) => all.slice(i * maxRooms, (i + 1) * maxRooms))
}
