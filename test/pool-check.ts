import { findFaults, type KeptRoom, type Read, type Tried } from './kill-check.ts'

/** Instants are milliseconds of one clock, that of the process in which all clients run. */
export type PoolTried = Tried & {
  by: string
  /** When its first try was sent, and when its first answer was there; both undefined while that has not come. */
  sentAt?: number
  answeredAt?: number
}

/**
 * A time in which somebody had no right in a room: from the acknowledgement that took it until the first request that might give it
 * back was sent. Before and after, while a change is under way, either answer is right.
 */
export type Loss = { user: string; room: string; from: number; until: number; how: string }

/** A live `message.posted`. */
export type HeardPost = { user: string; room: string; seq: number; at: number; over: string }

/** A request whose result told something of a room, or wrote into it. */
export type Answered = { user: string; room: string; verb: string; askedAt: number; at: number; over: string }

/** One change of a room from which on nobody may post into it, until it may be posted into again. */
export type Closing = { room: string; from: number; until: number }

export type PoolHistory = {
  tried: PoolTried[]
  kept: KeptRoom[]
  reads: Read[]
  heard: Iterable<HeardPost>
  answered: Answered[]
  losses: Loss[]
  closings: Closing[]
}

/** At most this many faults of each kind are told: the first ones explain the rest. */
const maxFaults = 20

/** Every way in which what the clients of a pool saw cannot be. Empty where all is well. */
export function findPoolFaults(history: PoolHistory): string[] {
  return [
    ...findFaults(history.tried, history.kept, history.reads),
    ...faultsOfTime(history).slice(0, maxFaults),
    ...leaksOfEvents(history).slice(0, maxFaults),
    ...leaksOfAnswers(history).slice(0, maxFaults),
    ...postsWhileClosed(history).slice(0, maxFaults),
  ]
}

/** What was sent after another post of the room had been answered stands behind it, whoever sent it to whichever server. */
function faultsOfTime({ tried, kept }: PoolHistory): string[] {
  const faults: string[] = []
  for (const { room, messages } of kept) {
    const seqs = new Map(messages.map(({ clientId, seq }) => [clientId, seq]))
    const posts = tried.filter(post => post.room === room && seqs.has(post.clientId) && post.sentAt !== undefined)
    const answers = posts.filter(post => post.answeredAt !== undefined).sort((a, b) => a.answeredAt! - b.answeredAt!)
    let next = 0
    let last: PoolTried | undefined
    let lastSeq = 0
    for (const post of posts.sort((a, b) => a.sentAt! - b.sentAt!)) {
      for (; next < answers.length && answers[next]!.answeredAt! < post.sentAt!; next += 1) {
        const seq = seqs.get(answers[next]!.clientId)!
        if (seq > lastSeq) [last, lastSeq] = [answers[next], seq]
      }
      const seq = seqs.get(post.clientId)!
      if (last && seq < lastSeq)
        faults.push(`room ${room}: ${post.by} sent ${seq} after ${lastSeq} of ${last.by} was answered`)
    }
  }
  return faults
}

/** Nobody hears what was certainly posted while he had no right, before he might have got it back. */
function leaksOfEvents({ tried, kept, heard, losses }: PoolHistory): string[] {
  const faults: string[] = []
  const floors = floorsOf(tried, kept, losses)
  const byRight = Map.groupBy(losses, loss => `${loss.user}/${loss.room}`)
  for (const { user, room, seq, at, over } of heard) {
    const loss = byRight.get(`${user}/${room}`)?.find(one => one.from <= at && at < one.until)
    const floor = loss && floors.get(loss)
    if (loss && floor !== undefined && seq >= floor)
      faults.push(
        `LEAK: ${user} heard ${seq} of room ${room} over ${over} at ${at.toFixed()}, having lost it (${loss.how}) at ${loss.from.toFixed()} before ${floor}`,
      )
  }
  return faults
}

/** The first sequence of each loss that was certainly posted after it: the least of what was sent after the acknowledgement. */
function floorsOf(tried: PoolTried[], kept: KeptRoom[], losses: Loss[]): Map<Loss, number> {
  const floors = new Map<Loss, number>()
  for (const { room, messages } of kept) {
    const sent = new Map(tried.map(post => [post.clientId, post.sentAt]))
    const posts = messages
      .map(({ seq, clientId }) => ({ seq, sentAt: sent.get(clientId) ?? Number.NEGATIVE_INFINITY }))
      .sort((a, b) => b.sentAt - a.sentAt)
    const mine = losses.filter(loss => loss.room === room).sort((a, b) => b.from - a.from)
    let next = 0
    let floor = Number.POSITIVE_INFINITY
    for (const loss of mine) {
      for (; next < posts.length && posts[next]!.sentAt > loss.from; next += 1)
        floor = Math.min(floor, posts[next]!.seq)
      floors.set(loss, floor)
    }
  }
  return floors
}

/** A request that lies wholly within a loss is refused. */
function leaksOfAnswers({ answered, losses }: PoolHistory): string[] {
  const faults: string[] = []
  const byRight = Map.groupBy(losses, loss => `${loss.user}/${loss.room}`)
  for (const { user, room, verb, askedAt, at, over } of answered) {
    const loss = byRight.get(`${user}/${room}`)?.find(one => one.from <= askedAt && at < one.until)
    if (loss)
      faults.push(
        `LEAK: ${user} was answered ${verb} of room ${room} over ${over}, asked at ${askedAt.toFixed()}, having lost it (${loss.how}) at ${loss.from.toFixed()}`,
      )
  }
  return faults
}

/** A room that takes nothing has nothing new that was sent and answered meanwhile. */
function postsWhileClosed({ tried, closings }: PoolHistory): string[] {
  const faults: string[] = []
  for (const { room, from, until } of closings)
    for (const post of tried)
      if (post.room === room && post.sentAt! > from && post.answeredAt! < until)
        faults.push(`room ${room}: took ${post.acknowledged[0]?.seq} of ${post.by} while it was disabled`)
  return faults
}
