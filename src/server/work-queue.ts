import { isNewer, type Stamp } from '../domain/stamp.ts'
import type { BusMessage } from '../pool/bus.ts'
import type { RosterNews } from './roster.ts'
import { pause } from './sub.ts'

export type MessageWork = BusMessage & { head: { kind: 'message'; seq: number; stamp: Stamp } }

/** Things that a feed does in order: what came over the bus, and what the sweep found. */
export type Work =
  | BusMessage
  /** The store has messages up to here. */
  | { through: number }
  /** Rights may have changed, or what is shown of the room. */
  | { recheck: true }
  /** Something was removed. */
  | { removals: true }
  /** A category changed: where it is the room's, rights first, then its switches and name. */
  | { category: string }
  /** Somebody came or went; `number` counts them. */
  | { roster: RosterNews; number: number }
  /** What was not told while the store was away. */
  | { owed: true }

export type WorkQueue = {
  add(work: Work): void
  /** Works it off, unless that is under way. */
  wake(): void
  putBack(work: Work): void
  /** The messages that follow `seq` without a gap, next in turn and under no newer stamp. */
  takeRun(seq: number, under: Stamp): MessageWork[]
  /** Puts what came out of order in order, and answers it. */
  sortMessages(): MessageWork[]
  hasMessages(): boolean
  /** Drops the messages above `seq`: they name what there is not. */
  dropAbove(seq: number): void
  size(): number
}

/** Bound of what waits in one feed; beyond it the rest is taken from the store as a gap. */
const maxQueued = 5_000
const retryMs = 250

const isMessage = (work: Work): work is MessageWork => 'head' in work && work.head.kind === 'message'

export function openWorkQueue(feed: {
  doWork(work: Work): Promise<void> | undefined
  isStarted(): boolean
  isDeserted(): boolean
  onError(error: unknown): void
}): WorkQueue {
  let queue: Work[] = []
  let busy = false
  let woken = false

  /** Synchronous as long as nothing has to be asked of the store. */
  async function run() {
    busy = true
    try {
      while (queue.length > 0 && feed.isStarted()) {
        const work = queue.shift()!
        try {
          const waits = feed.doWork(work)
          if (waits) await waits
        } catch (error) {
          // Nothing is delivered that was not decided: it waits until the store answers again.
          feed.onError(error)
          queue.unshift(work)
          await pause(retryMs)
          if (feed.isDeserted()) break
        }
      }
    } finally {
      busy = false
    }
  }

  /** At the end of the turn: what one batch of posts brings is then there as a whole, and goes out in one piece. */
  function wake() {
    if (woken || busy || queue.length === 0) return
    woken = true
    queueMicrotask(() => {
      woken = false
      if (!busy) void run()
    })
  }

  return {
    add(work) {
      if (queue.length >= maxQueued && isMessage(work)) {
        // Not lost: the last one stands for all that were left out.
        if ('through' in queue.at(-1)!) queue.pop()
        queue.push({ through: work.head.seq })
        return
      }
      queue.push(work)
      wake()
    },
    wake,
    putBack: work => void queue.unshift(work),
    takeRun(seq, under) {
      const taken: MessageWork[] = []
      for (let next = queue[0]; next && isMessage(next); next = queue[0]) {
        if (next.head.seq !== seq + taken.length + 1 || isNewer(next.head.stamp, under)) break
        taken.push(next)
        queue.shift()
      }
      return taken
    },
    sortMessages() {
      const messages = queue.filter(isMessage).sort((a, b) => a.head.seq - b.head.seq)
      let place = 0
      queue = queue.map(work => (isMessage(work) ? messages[place++]! : work))
      return messages
    },
    dropAbove(seq) {
      queue = queue.filter(work => !isMessage(work) || work.head.seq <= seq)
    },
    hasMessages: () => queue.some(isMessage),
    size: () => queue.length,
  }
}
