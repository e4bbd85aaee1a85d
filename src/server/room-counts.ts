import type { Chat } from '../chat/chat.ts'
import { answerCounts, askCounts } from '../chat/presence.ts'
import type { BusHead } from '../pool/bus.ts'

/** How many are in rooms that nobody looks at here. */
export type RoomCounts = {
  /** `apart`: several processes know of their own users only, some of whom may be the same. */
  ask(rooms: string[]): Promise<Map<string, number | 'apart'>>
  hear(head: BusHead): void
}

type Answers = {
  /** As told by processes that follow the room. */
  whole: Map<string, number>
  /** Those of one process, as told by the others. */
  own: Map<string, number[]>
}

const answerWithinMs = 300

export function openRoomCounts(
  chat: Chat,
  pool: { members: () => string[]; isWhole: (room: string) => boolean; count: (room: string) => number },
): RoomCounts {
  type Open = { answers: Answers; silent: Set<string>; done(): void }
  const open = new Map<number, Open>()
  let lastAsk = 0

  async function gather(rooms: string[]): Promise<Answers> {
    const answers: Answers = { whole: new Map(), own: new Map(rooms.map(room => [room, ownOf(room)])) }
    const silent = new Set(pool.members())
    if (rooms.length === 0 || silent.size === 0 || chat.bus.isConnected?.() === false) return answers
    lastAsk += 1
    const ask = lastAsk
    await new Promise<void>(done => {
      const timer = setTimeout(done, answerWithinMs)
      open.set(ask, { answers, silent, done: () => done(clearTimeout(timer)) })
      askCounts(chat, ask, rooms)
    })
    open.delete(ask)
    return answers
  }

  function ownOf(room: string): number[] {
    const count = pool.count(room)
    return count > 0 ? [count] : []
  }

  function answer(asker: string, ask: number, rooms: string[]) {
    const some = rooms.filter(room => pool.isWhole(room) || pool.count(room) > 0)
    answerCounts(chat, asker, ask, {
      rooms: some.map(room => [room, pool.count(room)]),
      own: some.filter(room => !pool.isWhole(room)),
    })
  }

  return {
    async ask(rooms) {
      const { whole, own } = await gather(rooms)
      return new Map(
        rooms.map(room => {
          const [some = 0, ...others] = own.get(room)!
          return [room, whole.get(room) ?? (others.length > 0 ? 'apart' : some)]
        }),
      )
    },
    hear(head) {
      if (head.kind === 'countAsk' && head.member !== chat.member) answer(head.member, head.ask, head.rooms)
      const asked = head.kind === 'counts' ? open.get(head.ask) : undefined
      if (head.kind !== 'counts' || !asked) return
      const { whole, own } = asked.answers
      // Earlier programs follow all that they answer.
      const partial = new Set(head.own)
      for (const [room, count] of head.rooms)
        if (partial.has(room)) own.get(room)?.push(count)
        else whole.set(room, Math.max(count, whole.get(room) ?? 0))
      asked.silent.delete(head.member)
      if (asked.silent.size === 0) asked.done()
    },
  }
}
