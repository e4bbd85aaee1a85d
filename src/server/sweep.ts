import { type Running, repeatEvery } from '../base/lifecycle.ts'
import type { Chat } from '../chat/chat.ts'
import { readVersions } from '../store/access.ts'
import { changesSince } from '../store/change.ts'
import { readStamps } from '../store/stamp.ts'
import type { RoomFeed } from './feed.ts'

/** Looks in the store for what the bus may have lost, for all rooms at once: its cost grows with changes, not with rooms. */
export type Sweep = {
  /** Rights are known as they were at most 2 seconds ago, or were read at `at`. */
  isFresh(at?: number): boolean
  /** Told once rights are known again. */
  owes(feed: RoomFeed): void
  /** Begins at once, as where the bus was away. */
  now(): void
  /** A room that began to be heard after it was read may have missed what came between. */
  checkSoon(feed: RoomFeed): void
  /** The store is another one: what was seen of it means nothing. */
  beginAnew(): Promise<void>
  stop(): Promise<void>
}

export type SweepHub = {
  chat: Chat
  feed(room: string): RoomFeed | undefined
  feeds(): RoomFeed[]
  /** Makes sure that this server knows the directory and the settings of that version. */
  follow(versions: { directory: number; settings: number }): Promise<void>
  hearCategory(category: string): void
  /** Sign-ins end by age too, and by their own users. */
  checkSignIns(): Promise<void>
}

/** A lost last message is found within two sweeps. */
const sweepMs = 1_000
/** No event without a position is decided under an older stamp. */
const freshMs = 2_000
/** Changes are kept for minutes in the store; a hub that could not read them for so long looks at all its rooms. */
const maxBlindMs = 5 * 60_000
/** How long the sign-in of a live session may have ended by its own user, or by age, without the bus telling of it. */
const signInsMs = 60_000
/** New rooms are gathered for one look. */
const newFeedMs = 20
/** When thousands come: four looks a second. */
const stormMs = 250

export async function openSweep(hub: SweepHub, everyMs = sweepMs): Promise<Sweep> {
  const { chat } = hub
  // From the start on: what is posted before the first sweep is not to be missed.
  let { snapshot } = await changesSince(chat.db, undefined)
  let sweptAt = performance.now()
  let signInsAt = sweptAt
  let fresh: RoomFeed[] = []
  let checkedAt = Number.NEGATIVE_INFINITY
  const owing = new Set<RoomFeed>()
  let running: Promise<void> | undefined
  let telling: Promise<void> | undefined
  let again = false
  let stopped = false

  /** One at a time: two would go on from the same snapshot, and tell things twice. */
  function sweep(): Promise<void> {
    running ??= sweepOnce().finally(() => {
      running = undefined
    })
    return running
  }

  async function sweepOnce() {
    const beganAt = performance.now()
    const blind = beganAt - sweptAt > maxBlindMs
    const read = await changesSince(chat.db, blind ? undefined : snapshot)
    if (blind) await check(hub.feeds())
    await hub.follow(await readStamps(chat.db))
    for (const change of read.changes) {
      if (change.kind === 'category') hub.hearCategory(change.subject!)
      const feed = change.subject === null ? undefined : hub.feed(change.subject)
      if (!feed) continue
      if (change.kind === 'post' && change.throughSeq! > (feed.lastSeq ?? 0)) feed.hear({ through: change.throughSeq! })
      if (change.kind === 'room') feed.hear({ recheck: true })
      if (change.kind === 'history') feed.hear({ removals: true })
    }
    snapshot = read.snapshot
    sweptAt = beganAt
    tellOwed()
    if (beganAt - signInsAt < signInsMs) return
    await hub.checkSignIns()
    signInsAt = beganAt
  }

  /** Not waited for: what is owed must not make the next sweep late, and so more be owed. */
  function tellOwed() {
    if (owing.size > 0) telling ??= tellOwedOnce().catch(warn).finally(endTelling)
  }

  function endTelling() {
    telling = undefined
  }

  async function tellOwedOnce() {
    const feeds = [...owing]
    const readAt = performance.now()
    const versions = await readStands(feeds)
    // Only now: where the read failed they are still owed.
    for (const feed of feeds) {
      owing.delete(feed)
      feed.hear({ owed: versions.get(feed.room), readAt })
    }
  }

  function readStands(feeds: RoomFeed[]) {
    return readVersions(
      chat.db,
      feeds.map(feed => feed.room),
    )
  }

  async function check(feeds: RoomFeed[]) {
    const versions = await readStands(feeds)
    for (const { room } of feeds) {
      const stands = versions.get(room)
      if (stands) hub.feed(room)?.compare(stands)
      // Gone meanwhile: that is found out there.
      else hub.feed(room)?.hear({ recheck: true })
    }
  }

  async function checkFresh() {
    const feeds = fresh
    fresh = []
    checkedAt = performance.now()
    try {
      await check(feeds)
    } catch (error) {
      // Nothing else comes back to it: the sweep's snapshot is past what these rooms missed.
      chat.log.warn({ err: error }, 'new rooms wait for the store')
      if (!stopped) for (const feed of feeds) checkSoon(feed, everyMs)
    }
  }

  function checkSoon(feed: RoomFeed, afterMs = Math.max(newFeedMs, checkedAt + stormMs - performance.now())) {
    fresh.push(feed)
    if (fresh.length === 1) setTimeout(() => void checkFresh(), afterMs).unref()
  }

  const warn = (error: unknown) => chat.log.warn({ err: error }, 'the sweep waits for the store')
  const sweeping: Running = repeatEvery(everyMs, sweep, warn)

  async function sweepNow() {
    // One that is under way may have read before the bus was back.
    if (running) {
      if (again) return
      again = true
      await running.catch(() => {})
      again = false
    }
    if (!stopped) await sweep().catch(warn)
  }

  return {
    // A server that sweeps more seldom, as some tests want it, does not wait for it either.
    isFresh: (at = sweptAt) => performance.now() - at <= Math.max(freshMs, 2 * everyMs),
    owes: feed => void owing.add(feed),
    now: () => void sweepNow(),
    checkSoon: feed => checkSoon(feed),
    async beginAnew() {
      // One that is under way would put the old store's snapshot back.
      await running?.catch(() => {})
      snapshot = (await changesSince(chat.db, undefined)).snapshot
    },
    async stop() {
      stopped = true
      await sweeping.stop()
      await running?.catch(() => {})
      await telling
    },
  }
}
