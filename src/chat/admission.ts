import { type Gate, openGate } from '../base/gate.ts'
import { countPlaces, keepPlace, type Line, type LineRate, openLine, payAhead, takePlace } from '../base/line.ts'
import { Refusal } from '../protocol/error.ts'
import type { Chat } from './chat.ts'

/**
 * What opening a session and session.sync may cost this process: when a server dies, thousands come at once, and those that
 * are here have to go on. Who is too early is told so before the store is asked, and each a time of his own.
 */
type Admission = { line: Line; gate: Gate; toldAt: number }

const admissions = new WeakMap<Chat, Admission>()

/** Of the 16 connections to the store the other half is for those who are in. */
const atOnce = 8
/** Where the store is slow: better told to come back than kept waiting. */
const maxWaitMs = 2_000
/** Nobody is sent away for longer: beyond, he asks how far the line is. With the spread below these are 30 seconds. */
const longestMs = 25_000
const shortestMs = 100
const spread = 0.2
const logMs = 10_000

/** Refused because many come at once. Expected, and so many that each in the log would be a flood of its own. */
export class Crowded extends Refusal {
  constructor(waitMs: number) {
    super('unavailable', 'Many sessions come at once. Yours has its place: try again after retryAfterMs.', {
      retryAfterMs: Math.max(shortestMs, Math.min(longestMs, waitMs)) * (1 + spread * Math.random()),
    })
  }
}

/** Refusal unavailable where this server is not among the active ones of its pool. */
export function requireActive(chat: Chat): void {
  if (!chat.takesSessions())
    throw new Refusal('unavailable', 'This server takes no new sessions now. Connect to another one of the pool.', {
      retryAfterMs: 5_000,
    })
}

/** Runs `work`, which asks the store, once it is the turn of `key`. Refusal unavailable, before any work, where it is not. */
export async function admitted<T>(chat: Chat, key: string, work: () => Promise<T>): Promise<T> {
  const { line, gate } = admissionOf(chat)
  const rate = rateOf(chat)
  const waitMs = takePlace(line, key, rate, performance.now())
  if (waitMs > 0) throw crowded(chat, waitMs)
  if (!(await gate.enter(maxWaitMs, rate.burst))) {
    const now = performance.now()
    // The store is slower than the rate: those who wait here have to get through first.
    throw crowded(chat, Math.max(maxWaitMs, keepPlace(line, key, rate, now) - now))
  }
  try {
    return await work()
  } finally {
    gate.leave()
  }
}

/** One admission more is free for `key`: a session that was let in may sync. */
export function admitNext(chat: Chat, key: string): void {
  payAhead(admissionOf(chat).line, key, performance.now())
}

/** What strangers take must not be missing to others. */
export function giveBack(chat: Chat): void {
  admissionOf(chat).line.bucket.tokens += 1
}

/** Who waits here for his turn at the store, and who was told to come later. */
export function admissionLine(chat: Chat): { here: number; told: number } {
  const { gate, line } = admissionOf(chat)
  return { here: gate.waiting(), told: countPlaces(line, performance.now()) }
}

function rateOf({ settings }: Chat): LineRate {
  return { perSecond: settings.admissionsPerSecond, burst: settings.admissionBurst }
}

function admissionOf(chat: Chat): Admission {
  let found = admissions.get(chat)
  if (!found) {
    const line = openLine(chat.settings.admissionBurst, performance.now())
    found = { line, gate: openGate(atOnce), toldAt: Number.NEGATIVE_INFINITY }
    admissions.set(chat, found)
  }
  return found
}

function crowded(chat: Chat, waitMs: number): Crowded {
  const admission = admissionOf(chat)
  const now = performance.now()
  if (now - admission.toldAt >= logMs) {
    admission.toldAt = now
    chat.log.warn(
      { places: admission.line.places.size },
      'more sessions come than are let in; they are told when to come',
    )
  }
  return new Crowded(waitMs)
}
