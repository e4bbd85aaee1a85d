import type { Chat, Shown } from '../chat/chat.ts'
import { isNewer, type Stamp } from '../domain/stamp.ts'
import type { Session } from './session.ts'

/** An event: its sequence where it has one, and what it shows of the room where it is room.changed. */
export type Held = { seq: number | undefined; frame: Uint8Array; shown: Shown | undefined }

/**
 * One session in one room. Pending: registered, not yet decided. Checking: decided, but under a stamp that the feed has seen
 * a newer one of, or with something to fill first. Both hold events. Live: hears.
 */
export type Sub = {
  session: Session
  state: 'pending' | 'checking' | 'live'
  lastSeq: number
  /** The stamp under which it was decided that it may hear. */
  under: Stamp
  held: Held[] | undefined
  /** Came by room.join, so it is told who comes and goes. */
  opened: boolean
  /** The room's revision that its answer was read at. */
  revision: number
  /** How often it was answered: joining again begins anew. */
  settled: number
  /** Versions of the room that it was shown. */
  shown: Shown
  /** News of the roster up to this one are in its answer. */
  listed: number
}

export const never: Stamp = { room: 0, scope: 0, directory: 0, settings: 0 }
export const nothingShown: Shown = { room: 0, category: 0 }

/** A frame that covers sequences of a room without a hole. */
export type Part = { fromSeq: number; throughSeq: number; frame: Uint8Array }

/** Sessions served in one turn of the event loop, so that a room of 16,000 does not stop the others: each is a system call. */
const sliceSubs = 64

/** To one session: at once where it is live and has not had it, into its hand where it holds. */
export function push(chat: Chat, sub: Sub, seq: number | undefined, frame: Uint8Array, shown?: Shown): void {
  sub.held?.push({ seq, frame, shown })
  if (sub.state !== 'live' || (seq !== undefined && seq <= sub.lastSeq)) return
  if (shown && !isShownNewer(shown, sub.shown)) return
  sub.shown = shown ?? sub.shown
  chat.metrics.deliveries.inc()
  sub.session.outlet.push(frame)
  if (seq !== undefined) sub.lastSeq = seq
}

/** Parts that follow each other without a hole, and the same in one piece. */
export type Run = { parts: Part[]; fromSeq: number; throughSeq: number; whole: Uint8Array }

/** In one piece where the session stands right before it. Answers how many deliveries that were: counted once for all sessions. */
export function pushRun(chat: Chat, sub: Sub, run: Run): number {
  if (sub.state !== 'live' || sub.held !== undefined || sub.lastSeq !== run.fromSeq - 1) {
    for (const part of run.parts) push(chat, sub, part.throughSeq, part.frame)
    return 0
  }
  sub.session.outlet.push(run.whole)
  sub.lastSeq = run.throughSeq
  return run.parts.length
}

/**
 * Gives something to every session; in slices where there are many, and then answers a promise. A walk over a Map meets what is
 * added meanwhile and skips what is gone.
 */
export function giveAll(subs: Map<Session, Sub>, give: (sub: Sub) => void): Promise<void> | undefined {
  if (subs.size > sliceSubs) return giveInSlices(subs, give)
  for (const sub of subs.values()) give(sub)
  return undefined
}

async function giveInSlices(subs: Map<Session, Sub>, give: (sub: Sub) => void): Promise<void> {
  let served = 0
  for (const sub of subs.values()) {
    give(sub)
    served += 1
    if (served % sliceSubs === 0) await new Promise(resolve => setImmediate(resolve))
  }
}

/** Holds everything between its own end and the feed's. */
export function isWhole(sub: Sub, lastSeq: number): boolean {
  let next = sub.lastSeq + 1
  for (const { seq } of sub.held ?? []) if (seq === next) next += 1
  return next > lastSeq
}

/** Was shown that, or holds it. */
export function isShown(sub: Sub, shown: Shown): boolean {
  return !isShownNewer(shown, sub.shown) || (sub.held ?? []).some(one => one.shown && !isShownNewer(shown, one.shown))
}

export function goLive(chat: Chat, sub: Sub): void {
  const held = sub.held ?? []
  sub.held = undefined
  sub.state = 'live'
  for (const { seq, frame, shown } of held) push(chat, sub, seq, frame, shown)
}

/** Of the room and its scope only: the directory and the settings are caught up with once for the whole server. */
export function isRoomNewer(under: Stamp, held: Stamp): boolean {
  return isNewer({ ...under, directory: 0, settings: 0 }, { ...held, directory: 0, settings: 0 })
}

/** A room's version rises with a move too, so those of its category compare only within one. */
export function isShownNewer(shown: Shown, held: Shown): boolean {
  return shown.room !== held.room ? shown.room > held.room : shown.category > held.category
}

export function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
