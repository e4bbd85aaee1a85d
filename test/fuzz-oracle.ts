import type { Result } from '../src/protocol/request.ts'
import type { Heard } from './fuzz-client.ts'
import type { Person, Site } from './harness.ts'

/** A time in which a user had no right in a room: from the acknowledgement that took it until the request that gave it back was sent. */
type Loss = { from: number; until: number; lastSeq: number }

/** Events without a sequence are decided under a stamp at most this old. */
const stampAgeMs = 2_000

/** Knows from when to when who had no right to read which room, and holds all that was heard against it. */
export function openOracle(site: Site, users: Person[], rooms: string[], fault: (text: string) => void) {
  const losses = new Map<string, Loss[]>()
  const rights = new Map<string, boolean>()
  const keyOf = (user: string, room: string) => `${user}/${room}`
  const lossesOf = (user: string, room: string) => losses.get(keyOf(user, room)) ?? []

  /** Reads who may read what by now, after a change that was sent at one time and acknowledged at another. */
  async function learn(sentAt: number, acknowledgedAt: number, lastSeqs: Map<string, number>) {
    const asked = users.flatMap(user => rooms.map(room => ({ user, room })))
    await Promise.all(
      asked.map(async ({ user, room }) => {
        const { result } = await user.ask('room.get', { room })
        const may = result?.rights.read === true && !result.room.disabled
        const key = keyOf(user.me.id, room)
        const had = rights.get(key)
        rights.set(key, may)
        if (may && had === false) {
          const last = lossesOf(user.me.id, room).at(-1)
          if (last) last.until = sentAt
        }
        if (!may && had !== false)
          losses.set(key, [
            ...lossesOf(user.me.id, room),
            { from: acknowledgedAt, until: Infinity, lastSeq: lastSeqs.get(room) ?? 0 },
          ])
      }),
    )
  }

  async function readLastSeqs() {
    const { rows } = await site.db.query<{ room: string; last_seq: number }>('SELECT room, last_seq FROM room_head')
    return new Map(rows.map(row => [row.room, row.last_seq]))
  }

  /** The time without a right in which all of a span lies. Held against at the end of a change too, since it may still be under way. */
  function lossDuring(user: string, room: string, from: number, until: number): Loss | undefined {
    return lossesOf(user, room).find(loss => loss.from <= from && until < loss.until)
  }

  const heardAll: Heard[] = []

  function judge(heard: Heard) {
    const { user, name, at } = heard
    const where = (room: string) => `room ${rooms.indexOf(room)}`
    if ('event' in heard) {
      const { event } = heard
      if (event.event === 'message.posted') {
        const loss = lossDuring(user, event.room, at, at)
        if (loss && event.message.seq > loss.lastSeq)
          fault(`LEAK: ${name} heard ${event.message.seq} of ${where(event.room)}, having lost it at ${loss.lastSeq}`)
        return
      }
      if (/^room\.(closed|read|followed|unfollowed)$/.test(event.event)) return
      const room = typeof event.room === 'string' ? event.room : event.room.id
      if (lossDuring(user, room, at - stampAgeMs, at)) fault(`LEAK: ${name} heard ${event.event} of ${where(room)}`)
      return
    }
    const { verb, input, askedAt, result } = heard
    // A room that was disabled takes nothing new, and still answers the repeat of what it took before.
    if (verb === 'message.post' && (result as Result<'message.post'>).repeated) return
    const told =
      verb === 'session.sync'
        ? (result as Result<'session.sync'>).rooms.map(one => one.room)
        : verb === 'message.list' || verb === 'room.join' || verb === 'message.post' || verb === 'room.follow'
          ? [input.room!]
          : []
    for (const room of told)
      if (lossDuring(user, room, askedAt, at)) fault(`LEAK: ${name} was answered ${verb} of ${where(room)}`)
  }

  return {
    begin: () => learn(0, 0, new Map()),
    /** Makes one change of rights and learns what it led to; `next` is done as soon as it was acknowledged. */
    async around(change: () => Promise<void>, next: () => void) {
      const sentAt = performance.now()
      await change()
      const acknowledgedAt = performance.now()
      const lastSeqs = await readLastSeqs()
      next()
      await learn(sentAt, acknowledgedAt, lastSeqs)
      // What came in the meantime can be judged now.
      for (const heard of heardAll.splice(0)) judge(heard)
    },
    heard: (heard: Heard) => void heardAll.push(heard),
    /** As last learned, and of everything that was heard since. */
    mayRead(user: string, room: string) {
      for (const heard of heardAll.splice(0)) judge(heard)
      return rights.get(keyOf(user, room)) ?? false
    },
    losses: () => [...losses.values()].flat().length,
  }
}
