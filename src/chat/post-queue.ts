import { hash } from 'node:crypto'
import type { Log } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import { refusePolicy, refuseRoom } from '../domain/access.ts'
import type { Stamp } from '../domain/stamp.ts'
import type { Bus } from '../pool/bus.ts'
import { eventFrame } from '../pool/frame.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { PostedMessage } from '../protocol/message.ts'
import type { Principal } from '../protocol/principal.ts'
import { type Access, readAccess, readPerson } from '../store/access.ts'
import { type Connection, confirmedTransaction, type Db, storeRefusal } from '../store/db.ts'
import { type NewPost, type Opened, openPosts, roomCategories, touchRoom, writePosts } from '../store/post.ts'

/** What is posted, checked but not yet decided. */
export type Draft = {
  author: Principal
  room: string
  clientId: string
  text: string
  format: 'plain' | 'markdown'
  alert: boolean
  title: string | undefined
  file: PostedMessage['file'] | undefined
}
export type Posted = { seq: number; at: string; repeated: boolean }

/** The group commit: while one batch commits, the next one gathers. */
export type PostQueue = {
  /** Takes its place in the order of its room before it returns; settles when the post is on disk or refused. */
  post(draft: Draft): Promise<Posted>
  /** Resolves when nothing waits any more. */
  flush(): Promise<void>
  /** What was decided is nothing any more: the store is another one, and its versions count anew. */
  forget(): void
}

type Waiting = Draft & { content: Buffer; resolve(posted: Posted): void; reject(error: unknown): void }
type Options = {
  db: Db
  bus: Bus
  site: string | undefined
  log: Log
  metrics: Metrics
  lanes?: number
  maxBatch?: number
  maxWaiting?: number
}

/** The batch met a room that another server moved to a category whose lock it does not hold. */
const moved = Symbol('moved')
const maxAttempts = 5
/** Decisions kept; each is good for exactly the stamp under which it was made. */
const maxDecisions = 200_000

export function openPostQueue(options: Options): PostQueue {
  const maxWaiting = options.maxWaiting ?? 20_000
  const lanes = Array.from({ length: options.lanes ?? 2 }, () => openLane(options))
  let waiting = 0
  return {
    post(draft) {
      if (waiting >= maxWaiting)
        return Promise.reject(
          new Refusal('unavailable', 'The server has more posts waiting than it takes. Try again.', {
            retryAfterMs: 1_000,
          }),
        )
      waiting += 1
      return new Promise<Posted>((resolve, reject) => {
        const lane = lanes[Number.parseInt(draft.room.slice(0, 6), 16) % lanes.length]!
        lane.add({ ...draft, content: contentHash(draft), resolve, reject })
      }).finally(() => {
        waiting -= 1
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

function contentHash(draft: Draft): Buffer {
  return hash(
    'sha256',
    JSON.stringify([draft.text, draft.format, draft.alert, draft.title ?? null, draft.file?.id ?? null]),
    'buffer',
  ).subarray(0, 16)
}

/** Batches of one lane follow each other; lanes own disjoint rooms, so that they never wait for each other's rows. */
function openLane(options: Options) {
  const maxBatch = options.maxBatch ?? 200
  const committer = openCommitter(options)
  let queue: Waiting[] = []
  let running: Promise<void> | undefined

  async function run() {
    // Posts that came in the same turn of the event loop share the first batch.
    await new Promise(resolve => setImmediate(resolve))
    while (queue.length > 0) {
      const batch = queue.slice(0, maxBatch)
      queue = queue.slice(maxBatch)
      await committer.commit(batch)
    }
    running = undefined
  }
  return {
    add(post: Waiting) {
      queue.push(post)
      running ??= run()
    },
    async idle() {
      while (running) await running
    },
    forget: committer.forget,
  }
}

function openCommitter({ db, bus, site, log, metrics }: Options) {
  const categories = new Map<string, { category: string; lockKey: number }>()
  const decisions = new Map<string, Access>()

  /** Commits a batch and settles every post of it. A fault of one splits the batch, so that its neighbours live. */
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

    return confirmedTransaction(db, async connection => {
      const opened = await openPosts(
        connection,
        keys,
        batch.map(post => ({ room: post.room, author: post.author.id, clientId: post.clientId })),
      )
      for (const [room, head] of opened.rooms) {
        if (opened.categories.has(head.category)) continue
        categories.delete(room)
        return { rollback: moved }
      }
      const plan = await decide(connection, batch, opened)
      const written =
        plan.fresh.length > 0
          ? await writePosts(
              connection,
              plan.fresh.map(post => toNewPost(post, opened)),
            )
          : []
      const touched = plan.repeats[0]
      if (written.length === 0 && touched) await touchRoom(connection, touched.post.room)
      return { commit: () => settle(plan, written, opened) }
    })
  }

  type Plan = {
    fresh: Waiting[]
    repeats: { post: Waiting; seq: number; at: Date }[]
    /** Same room, author and client id in one batch: the first one's answer is theirs. */
    twins: Map<Waiting, Waiting[]>
    refused: { post: Waiting; refusal: Refusal }[]
  }

  /** In this order: twins, access, repeats, state. */
  async function decide(connection: Connection, batch: Waiting[], opened: Opened): Promise<Plan> {
    const plan: Plan = { fresh: [], repeats: [], twins: new Map(), refused: [] }
    // What was refused has no twins: nothing stands under its client id.
    const taken = new Map<string, Waiting>()
    await learnDecisions(connection, batch, opened)
    for (const [place, post] of batch.entries()) {
      const key = `${post.room}/${post.author.id}/${post.clientId}`
      const earlier = taken.get(key)
      if (earlier) {
        if (earlier.content.equals(post.content)) plan.twins.set(earlier, [...(plan.twins.get(earlier) ?? []), post])
        else plan.refused.push({ post, refusal: otherContent() })
        continue
      }
      const access = opened.rooms.has(post.room) ? decisions.get(`${post.author.id}/${post.room}`) : undefined
      const refusal = access
        ? refuseRoom('post', access.person, access.scope, access.facts)
        : await refuseUnknown(connection, post)
      if (refusal && refusal.code !== 'room_disabled') {
        plan.refused.push({ post, refusal })
        continue
      }
      const repeat = opened.repeats.get(place)
      if (repeat && Buffer.compare(repeat.content, post.content) !== 0)
        plan.refused.push({ post, refusal: otherContent() })
      else if (!repeat && refusal) plan.refused.push({ post, refusal })
      else {
        if (repeat) plan.repeats.push({ post, seq: repeat.seq, at: repeat.at })
        else plan.fresh.push(post)
        taken.set(key, post)
      }
    }
    return plan
  }

  /** No such room: who may not use Persistent Chat hears that instead, as he would of a room that exists. */
  async function refuseUnknown(connection: Connection, post: Waiting): Promise<Refusal> {
    const person = await readPerson(connection, post.author.id, site)
    return person && !person.enabled && !person.administrator ? refusePolicy() : notFound('room')
  }

  /** Makes sure that there is a decision under the stamp just read for each post; what came under a stale one is read anew, under the locks. */
  async function learnDecisions(connection: Connection, posts: Waiting[], opened: Opened) {
    const stale = new Map<string, { user: string; room: string }>()
    for (const post of posts) {
      const key = `${post.author.id}/${post.room}`
      const stamp = stampOf(opened, post.room)
      const known = decisions.get(key)
      if (stamp && !(known && isSame(known.stamp, stamp))) stale.set(key, { user: post.author.id, room: post.room })
    }
    if (stale.size === 0) return
    if (decisions.size > maxDecisions) decisions.clear()
    const found = await readAccess(connection, [...stale.values()], site)
    for (const key of stale.keys()) {
      const access = found.get(key)
      if (access) decisions.set(key, access)
      else decisions.delete(key)
    }
  }

  function settle(plan: Plan, written: { seq: number; at: Date }[], opened: Opened) {
    const answer = (post: Waiting, posted: Posted) => {
      post.resolve(posted)
      for (const twin of plan.twins.get(post) ?? []) twin.resolve({ ...posted, repeated: true })
    }
    plan.fresh.forEach((post, i) => {
      const { seq, at } = written[i]!
      answer(post, { seq, at: at.toISOString(), repeated: false })
    })
    for (const { post, seq, at } of plan.repeats) answer(post, { seq, at: at.toISOString(), repeated: true })
    for (const { post, refusal } of plan.refused) post.reject(refusal)
    metrics.posts.inc(plan.fresh.length + plan.repeats.length)
    for (const [i, post] of plan.fresh.entries()) publish(post, written[i]!, opened)
  }

  function publish(post: Waiting, { seq, at }: { seq: number; at: Date }, opened: Opened) {
    const message: PostedMessage = {
      seq,
      at: at.toISOString(),
      author: post.author,
      text: post.text,
      format: post.format,
      clientId: post.clientId,
      ...(post.alert ? { alert: true } : {}),
      ...(post.title === undefined ? {} : { title: post.title }),
      ...(post.file === undefined ? {} : { file: post.file }),
    }
    bus.publish(`room.${post.room}`, {
      head: { kind: 'message', room: post.room, seq, stamp: stampOf(opened, post.room)! },
      frame: eventFrame({ event: 'message.posted', room: post.room, message }),
    })
  }

  function forget() {
    decisions.clear()
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

function stampOf(opened: Opened, room: string): Stamp | undefined {
  const head = opened.rooms.get(room)
  const category = head && opened.categories.get(head.category)
  if (!head || !category) return undefined
  return {
    room: head.listVersion,
    scope: category.scopeVersion,
    directory: opened.directory,
    settings: opened.settings,
  }
}

function isSame(a: Stamp, b: Stamp): boolean {
  return a.room === b.room && a.scope === b.scope && a.directory === b.directory && a.settings === b.settings
}

function otherContent(): Refusal {
  return new Refusal('conflict', 'Another message was posted under this clientId. Give the new one an id of its own.')
}
