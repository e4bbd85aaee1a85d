import type { Log } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import type { Stamp } from '../domain/stamp.ts'
import type { Bus } from '../pool/bus.ts'
import { eventFrame } from '../pool/frame.ts'
import { Refusal } from '../protocol/error.ts'
import type { PostedMessage } from '../protocol/message.ts'
import { type Connection, confirmedTransaction, type Db, storeRefusal } from '../store/db.ts'
import {
  type NewPost,
  type Opened,
  openPosts,
  roomCategories,
  touchRoom,
  type Written,
  writePosts,
} from '../store/post.ts'
import type { Posted, Waiting } from './post-draft.ts'
import { openPlanner, type Plan } from './post-plan.ts'

export type CommitterOptions = { db: Db; bus: Bus; site: string | undefined; log: Log; metrics: Metrics }
export type Committer = {
  /** Commits a batch and settles every post of it. A fault of one splits the batch, so that its neighbours live. */
  commit(batch: Waiting[]): Promise<void>
  forget(): void
}

/** The batch met a room that another server moved to a category whose lock it does not hold. */
const moved = Symbol('moved')
const maxAttempts = 5

export function openCommitter({ db, bus, site, log, metrics }: CommitterOptions): Committer {
  const categories = new Map<string, { category: string; lockKey: number }>()
  const planner = openPlanner(site)

  async function commit(batch: Waiting[]): Promise<void> {
    const end = metrics.batchSeconds.startTimer()
    metrics.batchPosts.observe(batch.length)
    try {
      for (let attempt = 1; ; attempt += 1) {
        const outcome = await attemptCommit(batch)
        if (outcome !== moved) break
        if (attempt === maxAttempts)
          throw new Refusal('unavailable', 'The room is being moved. Try again.', { retryAfterMs: 200 })
      }
    } catch (error) {
      await settleFailure(batch, error)
    } finally {
      end()
    }
  }

  async function settleFailure(batch: Waiting[], error: unknown) {
    const refusal = storeRefusal(error)
    if (refusal) {
      metrics.storeFailures.inc()
      for (const post of batch) post.reject(refusal)
      return
    }
    if (batch.length > 1) {
      const half = Math.ceil(batch.length / 2)
      await commit(batch.slice(0, half))
      await commit(batch.slice(half))
      return
    }
    log.error({ err: error, room: batch[0]?.room }, 'a post failed')
    batch[0]?.reject(error)
  }

  async function attemptCommit(batch: Waiting[]): Promise<typeof moved | undefined> {
    const rooms = [...new Set(batch.map(post => post.room))].sort()
    const unknown = rooms.filter(room => !categories.has(room))
    if (unknown.length > 0) for (const [room, place] of await roomCategories(db, unknown)) categories.set(room, place)
    const keys = [...new Set(rooms.flatMap(room => categories.get(room)?.lockKey ?? []))].sort((a, b) => a - b)

    return confirmedTransaction(db, {
      open: connection => openPosts(connection, keys, batch),
      async decide(connection, opened) {
        for (const [room, head] of opened.rooms) {
          if (opened.categories.has(head.category)) continue
          categories.delete(room)
          return { rollback: moved }
        }
        const plan = await planner.plan(connection, batch, opened)
        return { write: () => write(connection, plan, opened), commit: (written: Written[]) => settle(plan, written) }
      },
    })
  }

  /** Begins before it returns: COMMIT goes out right behind. */
  async function write(connection: Connection, { fresh, repeats }: Plan, opened: Opened): Promise<Written[]> {
    if (fresh.length > 0)
      return writePosts(
        connection,
        fresh.map(post => toNewPost(post, opened)),
      )
    if (repeats[0]) await touchRoom(connection, repeats[0].post.room)
    return []
  }

  function settle({ fresh, repeats, twins, refused, stamps }: Plan, written: Written[]) {
    const answer = (post: Waiting, posted: Posted) => {
      post.resolve(posted)
      for (const twin of twins.get(post) ?? []) twin.resolve({ ...posted, repeated: true })
    }
    const at = instants()
    for (const [i, post] of fresh.entries())
      answer(post, { seq: written[i]!.seq, at: at(written[i]!.atMs), repeated: false })
    for (const { post, seq, atMs } of repeats) answer(post, { seq, at: at(atMs), repeated: true })
    for (const { post, refusal } of refused) post.reject(refusal)
    metrics.posts.inc(fresh.length + repeats.length)
    for (const [i, post] of fresh.entries())
      publish(post, written[i]!.seq, at(written[i]!.atMs), stamps.get(post.room)!)
  }

  function publish(post: Waiting, seq: number, at: string, stamp: Stamp) {
    const message: PostedMessage = {
      seq,
      at,
      author: post.author,
      text: post.text,
      format: post.format,
      clientId: post.clientId,
      ...(post.alert ? { alert: true } : {}),
      ...(post.title === undefined ? {} : { title: post.title }),
      ...(post.file === undefined ? {} : { file: post.file }),
    }
    bus.publish(`room.${post.room}`, {
      head: { kind: 'message', room: post.room, seq, stamp },
      frame: eventFrame({ event: 'message.posted', room: post.room, message }),
    })
  }

  function forget() {
    planner.forget()
    categories.clear()
  }

  return { commit, forget }
}

function toNewPost(post: Waiting, opened: Opened): NewPost {
  const category = opened.rooms.get(post.room)!.category
  return {
    room: post.room,
    author: post.author.id,
    clientId: post.clientId,
    content: post.content,
    format: post.format,
    alert: post.alert,
    title: post.title ?? null,
    text: post.text,
    file: post.file ? JSON.stringify(post.file) : null,
    kept: opened.categories.get(category)!.chatHistory,
  }
}

/** Formats each instant once: the posts of one room in one batch share theirs. */
function instants(): (atMs: number) => string {
  const known = new Map<number, string>()
  return atMs => {
    const found = known.get(atMs)
    if (found) return found
    const made = new Date(atMs).toISOString()
    known.set(atMs, made)
    return made
  }
}
