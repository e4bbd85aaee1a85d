import type { Chat } from '../chat/chat.ts'
import { tellMoves } from '../chat/presence.ts'
import type { PresenceMove, RoomsMove } from '../pool/roster.ts'

/**
 * Moves of this process on their way to the others. Those of one moment go in one message: who comes in brings 16 rooms. After a
 * quiet time they go at once, in a storm four times a second: each message wakes every process of the pool.
 */
export type Moves = {
  add(room: string, n: number, move: PresenceMove): void
  flush(): void
  stop(): void
}

/** News wait so long for company. */
const gatherMs = 20
const pauseMs = 250
/** About 50 bytes each: a message far below what NATS takes. */
const maxMoves = 2_000

export function openMoves(chat: Chat): Moves {
  let moves: RoomsMove[] = []
  let count = 0
  let timer: NodeJS.Timeout | undefined
  let toldAt = Number.NEGATIVE_INFINITY

  function flush() {
    clearTimeout(timer)
    timer = undefined
    if (count === 0) return
    toldAt = performance.now()
    const told = moves
    moves = []
    count = 0
    tellMoves(chat, told)
  }

  return {
    add(room, n, move) {
      const last = moves.at(-1)
      if (last && isSame(last, move)) last.rooms.push([room, n])
      else moves.push({ ...move, rooms: [[room, n]] })
      count += 1
      if (count >= maxMoves) flush()
      else timer ??= setTimeout(flush, Math.max(gatherMs, toldAt + pauseMs - performance.now())).unref()
    },
    flush,
    stop: () => clearTimeout(timer),
  }
}

function isSame(one: PresenceMove, other: PresenceMove): boolean {
  if ('joined' in one) return 'joined' in other && one.joined === other.joined
  return 'left' in other && one.left === other.left && one.lingers === other.lingers
}
