import { isNewer, type Stamp } from '../domain/stamp.ts'
import type { BusMessage } from '../pool/bus.ts'
import type { Versions } from '../store/access.ts'
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
  /** The room's category changed. */
  | { scope: ScopeNews }
  /** Somebody came or went; `number` counts them. */
  | { roster: RosterNews; number: number }
  /** What was not told while the store was away may be told, under what stood in the store when it was read. */
  | { owed: Versions | undefined; readAt: number }

/** Where the room stands since its category changed, which users were asked about, and who of them is out of its scope then. */
export type ScopeNews = { now: Versions; asked: Set<string>; out: Set<string> }

/** Whose queue it is. */
export type Worker = {
  doWork(work: Work): Promise<void> | undefined
  isStarted(): boolean
  isDeserted(): boolean
  onError(error: unknown): void
}

/** Bound of what waits in one feed; beyond it the rest is taken from the store as a gap. */
const maxQueued = 5_000
export const retryMs = 250

const isMessage = (work: Work): work is MessageWork => 'head' in work && work.head.kind === 'message'

/** Works off one thing after the other, synchronously as long as nothing has to be asked of the store. */
export class WorkQueue {
  private readonly worker: Worker
  private queue: Work[] = []
  private busy = false
  private woken = false

  constructor(worker: Worker) {
    this.worker = worker
  }

  add(work: Work): void {
    if (this.queue.length >= maxQueued && isMessage(work)) {
      // Not lost: the last one stands for all that were left out.
      if ('through' in this.queue.at(-1)!) this.queue.pop()
      this.queue.push({ through: work.head.seq })
      return
    }
    this.queue.push(work)
    this.wake()
  }

  /** At the end of the turn: what one batch of posts brings is then there as a whole, and goes out in one piece. */
  wake(): void {
    if (this.woken || this.busy || this.queue.length === 0) return
    this.woken = true
    queueMicrotask(() => {
      this.woken = false
      if (!this.busy) void this.run()
    })
  }

  private async run() {
    this.busy = true
    try {
      while (this.queue.length > 0 && this.worker.isStarted()) {
        const work = this.queue.shift()!
        try {
          const waits = this.worker.doWork(work)
          if (waits) await waits
        } catch (error) {
          // Nothing is delivered that was not decided: it waits until the store answers again.
          this.worker.onError(error)
          this.queue.unshift(work)
          await pause(retryMs)
          if (this.worker.isDeserted()) break
        }
      }
    } finally {
      this.busy = false
    }
  }

  putBack(work: Work): void {
    this.queue.unshift(work)
  }

  /** The messages that follow `seq` without a gap, next in turn and under no newer stamp. */
  takeRun(seq: number, under: Stamp): MessageWork[] {
    const taken: MessageWork[] = []
    for (let next = this.queue[0]; next && isMessage(next); next = this.queue[0]) {
      if (next.head.seq !== seq + taken.length + 1 || isNewer(next.head.stamp, under)) break
      taken.push(next)
      this.queue.shift()
    }
    return taken
  }

  /** Puts the messages that came out of order in order, and answers them. */
  sortMessages(): MessageWork[] {
    const messages = this.queue.filter(isMessage).sort((a, b) => a.head.seq - b.head.seq)
    let place = 0
    this.queue = this.queue.map(work => (isMessage(work) ? messages[place++]! : work))
    return messages
  }

  /** Drops the messages above `seq`: they name what there is not. */
  dropAbove(seq: number): void {
    this.queue = this.queue.filter(work => !isMessage(work) || work.head.seq <= seq)
  }

  hasMessages(): boolean {
    return this.queue.some(isMessage)
  }

  size(): number {
    return this.queue.length
  }
}
