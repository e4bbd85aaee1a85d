// A process that holds sessions and does with them what main.ts tells it, over the channel between the two.
import { randomUUID } from 'node:crypto'
import { isPassing } from '../src/client/error.ts'
import { backOffMs, sleep } from '../src/client/wait.ts'
import type { Timed } from './figures.ts'
import { type PostOrder, postMany } from './poster.ts'
import { type BenchSession, type Heard, openBenchSession } from './session.ts'
import { roomId, roomsOf, tokenOf } from './world.ts'

export type Orders = {
  /** Opens sessions of users `from` to `from + count - 1`. */
  open: { in: { port: number; localAddress: string; from: number; count: number }; out: Timed }
  join: { in: { room: number }; out: Timed }
  /** Missed: how many of the newest messages of how many rooms are asked for; none: counts only, as in the morning. */
  sync: { in: SyncOrder; out: Timed & { retries: number } }
  /** All sessions post into rooms by turns, for `ms`. */
  post: { in: PostOrder; out: Timed }
  /** The last session posts `burst` messages at once into a room, and the next ones when it has heard them all, for `ms`. */
  talk: { in: { room: number; burst: number; ms: number }; out: Timed }
  heard: { in: object; out: Heard }
  epoch: { in: object; out: { epoch: string } }
  close: { in: object; out: object }
}
export type SyncOrder = {
  users: number
  epoch?: string
  lastSeq: number
  missed: { rooms: number; messages: number }
  /** How many wait for their answer at a time. */
  atOnce: number
}
export type Order = keyof Orders

const AT_ONCE = 64
const TEXT = 'x'.repeat(150)

const never = new AbortController().signal
const heard: Heard = { messages: 0, reads: 0, bytes: 0, ended: 0 }
let sessions: BenchSession[] = []
let firstUser = 0
/** Called with each message that the last session hears. */
let onLastHears: () => void = () => {}

const carryOut: { [O in Order]: (order: Orders[O]['in']) => Promise<Orders[O]['out']> } = {
  open: ({ port, localAddress, from, count }) => {
    firstUser = from
    return timed(count, AT_ONCE, async index => {
      const last = index === count - 1
      sessions[index] = await openBenchSession(
        { port, localAddress },
        tokenOf(from + index),
        heard,
        last ? () => onLastHears() : undefined,
      )
    })
  },
  // One after the other at the end: the last session is the last that a message reaches.
  join: async ({ room }) => {
    const join = (index: number) => sessions[index]!.ask('room.join', { room: roomId(room), history: 0 })
    const most = await timed(sessions.length - 1, AT_ONCE, join)
    await join(sessions.length - 1)
    return most
  },
  sync: async order => {
    let retries = 0
    const synced = await timed(sessions.length, order.atOnce, index =>
      syncUntilDone(index, order, () => (retries += 1)),
    )
    return { ...synced, retries }
  },
  post: async order => {
    const posted = await postMany(sessions, order)
    return { ...posted, each: sample(posted.each) }
  },
  talk: ({ room, burst, ms }) => talk(sessions.at(-1)!, room, burst, ms),
  heard: async () => ({ ...heard }),
  epoch: async () => ({ epoch: (await sessions[0]!.ask('session.sync', {})).epoch }),
  close: async () => {
    for (const session of sessions) session.end()
    sessions = []
    return {}
  },
}

async function syncUntilDone(index: number, order: SyncOrder, retried: () => void): Promise<void> {
  const { users, epoch, lastSeq, missed } = order
  const known = roomsOf(firstUser + index, users).map((number, place) => ({
    room: roomId(number),
    seq: place < missed.rooms ? lastSeq - missed.messages : lastSeq,
    version: 1,
  }))
  for (let attempt = 0; ; attempt += 1) {
    try {
      await sessions[index]!.ask('session.sync', epoch === undefined ? {} : { epoch, rooms: known })
      return
    } catch (error) {
      if (!isPassing(error)) throw error
      retried()
      await sleep(error.retryAfterMs ?? backOffMs(attempt, Math.random), never)
    }
  }
}

async function post(session: BenchSession, room: number): Promise<number> {
  const startedAt = performance.now()
  await session.ask('message.post', { room: roomId(room), clientId: randomUUID(), text: TEXT })
  return performance.now() - startedAt
}

function talk(session: BenchSession, room: number, burst: number, ms: number): Promise<Timed> {
  const startedAt = performance.now()
  const each: number[] = []
  let sentAt = 0
  let missing = 0
  return new Promise((resolve, reject) => {
    const say = () => {
      sentAt = performance.now()
      missing = burst
      for (let count = 0; count < burst; count += 1) post(session, room).catch(reject)
    }
    onLastHears = () => {
      each.push(performance.now() - sentAt)
      missing -= 1
      if (missing > 0) return
      if (performance.now() - startedAt < ms) say()
      else resolve({ count: each.length, ms: performance.now() - startedAt, each: sample(each) })
    }
    say()
  })
}

async function timed(count: number, atOnce: number, act: (index: number) => Promise<unknown>): Promise<Timed> {
  const each: number[] = []
  const startedAt = performance.now()
  let next = 0
  const work = async () => {
    while (next < count) {
      const index = next
      next += 1
      const began = performance.now()
      await act(index)
      each.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, work))
  return { count, ms: performance.now() - startedAt, each: sample(each) }
}

/** Enough for percentiles, little enough for the channel. */
function sample(each: number[]): number[] {
  const step = Math.ceil(each.length / 20_000)
  return each.filter((_, index) => index % step === 0)
}

process.on('message', async ({ order, input }: { order: Order; input: never }) => {
  try {
    process.send?.({ out: await carryOut[order](input) })
  } catch (error) {
    process.send?.({ error: String(error) })
  }
})
