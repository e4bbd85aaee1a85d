import type { Chat } from '../chat/chat.ts'
import { answerCounts, askCounts } from '../chat/presence.ts'
import type { BusHead } from '../pool/bus.ts'

/** How many are in rooms that nobody hears here: whichever process hears a room knows it of the whole pool. */
export type RoomCounts = {
  ask(rooms: string[]): Promise<Map<string, number>>
  hear(head: BusHead): void
}

const answerWithinMs = 300

export function openRoomCounts(
  chat: Chat,
  pool: { members: () => string[]; isHeard: (room: string) => boolean; count: (room: string) => number },
): RoomCounts {
  type Open = { counts: Map<string, number>; silent: Set<string>; done(): void }
  const open = new Map<number, Open>()
  let lastAsk = 0

  return {
    async ask(rooms) {
      const counts = new Map<string, number>()
      const silent = new Set(pool.members())
      if (rooms.length === 0 || silent.size === 0 || chat.bus.isConnected?.() === false) return counts
      lastAsk += 1
      const ask = lastAsk
      await new Promise<void>(done => {
        const timer = setTimeout(done, answerWithinMs)
        open.set(ask, { counts, silent, done: () => done(clearTimeout(timer)) })
        askCounts(chat, ask, rooms)
      })
      open.delete(ask)
      return counts
    },
    hear(head) {
      if (head.kind === 'countAsk' && head.member !== chat.member)
        answerCounts(
          chat,
          head.member,
          head.ask,
          head.rooms.filter(pool.isHeard).map(room => [room, pool.count(room)]),
        )
      const asked = head.kind === 'counts' ? open.get(head.ask) : undefined
      if (head.kind !== 'counts' || !asked) return
      for (const [room, count] of head.rooms) asked.counts.set(room, Math.max(count, asked.counts.get(room) ?? 0))
      asked.silent.delete(head.member)
      if (asked.silent.size === 0) asked.done()
    },
  }
}
