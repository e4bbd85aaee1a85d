import { hash } from 'node:crypto'
import { Refusal } from '../protocol/error.ts'
import { type CommitterOptions, openCommitter } from './post-batch.ts'
import type { Draft, Posted, Waiting } from './post-draft.ts'

/** The group commit: while one batch commits, the next one gathers. */
export type PostQueue = {
  /** Takes its place in the order of its room before it returns; settles when the post is on disk or refused. */
  post(draft: Draft): Promise<Posted>
  /** How many posts wait for their commit. */
  waiting(): number
  /** Resolves when nothing waits any more. */
  flush(): Promise<void>
  /** What was decided is nothing any more: the store is another one, and its versions count anew. */
  forget(): void
}

type Options = CommitterOptions & {
  lanes?: number
  maxBatch?: number
  maxWaiting?: number
  /** Why no post is taken now, whichever verb brings it. */
  refusal?: () => Refusal | undefined
}

export function openPostQueue(options: Options): PostQueue {
  const maxWaiting = options.maxWaiting ?? 20_000
  const lanes = Array.from({ length: options.lanes ?? 2 }, () => openLane(options))
  const waiting = () => lanes.reduce((sum, lane) => sum + lane.waiting(), 0)
  return {
    waiting,
    post(draft) {
      const refusal = options.refusal?.()
      if (refusal) return Promise.reject(refusal)
      if (waiting() >= maxWaiting)
        return Promise.reject(
          new Refusal('unavailable', 'The server has more posts waiting than it takes. Try again.', {
            retryAfterMs: 1_000,
          }),
        )
      const content = contentHash(draft)
      return new Promise((resolve, reject) => {
        const lane = lanes[Number.parseInt(draft.room.slice(0, 6), 16) % lanes.length]!
        lane.add({ ...draft, content, resolve, reject })
      })
    },
    async flush() {
      await Promise.all(lanes.map(lane => lane.idle()))
    },
    forget() {
      for (const lane of lanes) lane.forget()
    },
  }
}

/** The first 16 bytes, as 32 hexadecimal digits. */
export function contentHash({ text, format, alert, title, file }: Draft): string {
  return hash('sha256', JSON.stringify([text, format, alert, title ?? null, file?.id ?? null]), 'hex').slice(0, 32)
}

/** Batches of one lane follow each other; lanes own disjoint rooms, so that they never wait for each other's rows. */
function openLane(options: Options) {
  const maxBatch = options.maxBatch ?? 200
  const committer = openCommitter(options)
  let queue: Waiting[] = []
  let underWay = 0
  let running: Promise<void> | undefined

  async function run() {
    // Posts that came in the same turn of the event loop share the first batch.
    await new Promise(resolve => setImmediate(resolve))
    while (queue.length > 0) {
      const batch = queue.slice(0, maxBatch)
      queue = queue.slice(maxBatch)
      underWay = batch.length
      await committer.commit(batch)
      underWay = 0
    }
    running = undefined
  }
  return {
    add(post: Waiting) {
      queue.push(post)
      running ??= run()
    },
    waiting: () => queue.length + underWay,
    async idle() {
      while (running) await running
    },
    forget: committer.forget,
  }
}
