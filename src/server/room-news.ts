import type { Shown } from '../chat/chat.ts'
import { eventFrame } from '../pool/frame.ts'
import type { Versions } from '../store/access.ts'
import type { FeedHub, RoomFeed } from './feed.ts'
import type { RosterNews } from './roster.ts'
import { giveAll, isShownNewer, nothingShown, push, type Sub } from './sub.ts'
import type { WorkQueue } from './work-queue.ts'

/** News of the roster that wait in one feed; beyond them the list says it. */
const maxQueuedNews = 100

type NewsFeed = RoomFeed & {
  checkNow(stands?: Versions): Promise<void>
  recheckIfNewer(): Promise<void>
  tellRemovals(): Promise<void>
}

/** What a room tells without a position: who comes and goes, and what is shown of it. */
export class RoomNews {
  private readonly hub: FeedHub
  private readonly feed: NewsFeed
  private readonly queue: WorkQueue
  private seen = nothingShown
  private count = 0
  /** Sessions that are told who comes and goes. */
  private openers = 0
  private owed: { removals: boolean; roster: boolean } | undefined = undefined

  constructor(hub: FeedHub, feed: NewsFeed, queue: WorkQueue) {
    this.hub = hub
    this.feed = feed
    this.queue = queue
  }

  shown(): Shown {
    return this.seen
  }

  /** The first answer of a session says what is shown. */
  begin(first: Shown): void {
    this.seen = first
  }

  /** Newer versions that show nothing else. */
  skip(now: Shown): void {
    if (!isShownNewer(now, this.seen)) return
    this.seen = now
    for (const sub of this.feed.subs.values()) if (isShownNewer(now, sub.shown)) sub.shown = now
  }

  hearRoster(news: RosterNews): void {
    this.count += 1
    // Most rooms are only synced: whoever opens one later gets the list as it is then.
    if (this.openers === 0) return
    if (this.queue.size() >= maxQueuedNews) this.owe({ roster: true })
    else this.queue.add({ roster: news, number: this.count })
  }

  tellRoster(news: RosterNews, number: number): undefined {
    if (!this.hub.isFresh() || this.owed?.roster) return this.owe({ roster: true })
    this.pushRoster(news, number)
  }

  /** To those who opened the room by room.join; what came by session.sync is not answered with a storm. */
  private pushRoster(news: RosterNews, number: number) {
    // Nobody is told of his own coming: the answer of room.join says it.
    const own = news.kind === 'roster' ? undefined : news.principal.id
    let frame: Uint8Array | undefined
    for (const sub of this.feed.subs.values()) {
      if (!sub.opened || sub.listed >= number || sub.session.caller.user.id === own) continue
      frame ??= rosterFrame(this.feed.room, news)
      push(this.hub.chat, sub, undefined, frame)
    }
  }

  /** The session's answer has the roster as it is now: what changes from here on is told to it. */
  list(sub: Sub): void {
    this.open(sub)
    sub.listed = this.count
  }

  open(sub: Sub): void {
    if (sub.opened) return
    sub.opened = true
    this.openers += 1
    if (this.openers === 1) this.hub.look(this.feed.room, true)
  }

  leave(sub: Sub): void {
    if (!sub.opened) return
    this.openers -= 1
    if (this.openers === 0) this.hub.look(this.feed.room, false)
  }

  /** Told under no older rights, so not before the store answers again: merged until then. */
  owe(what: { removals?: boolean; roster?: boolean }): undefined {
    this.owed = {
      removals: (this.owed?.removals ?? false) || (what.removals ?? false),
      roster: (this.owed?.roster ?? false) || (what.roster ?? false),
    }
    this.hub.owes(this.feed)
  }

  /** `stands` was read at that moment, for all rooms at once: a busy server owes in thousands of them. */
  async tellOwed(stands: Versions | undefined, readAt: number): Promise<void> {
    if (!this.owed) return
    // Where it waited for its turn too long, under what stands in the store now.
    await this.feed.checkNow(this.hub.isFresh(readAt) ? stands : undefined)
    if (stands && isShownNewer(stands.shown, this.seen)) await this.feed.recheckIfNewer()
    const { removals, roster } = this.owed
    const news = roster ? this.hub.roster(this.feed.room) : undefined
    this.owed = removals ? { removals, roster: false } : undefined
    if (news) this.pushRoster(news, Number.POSITIVE_INFINITY)
    if (!removals) return
    await this.feed.tellRemovals()
    this.owed = this.owed?.roster ? { removals: false, roster: true } : undefined
  }

  /** Bus and sweep both bring it, and a session may have been answered with it: nobody is shown it twice. */
  tellChanged(frame: Uint8Array, now: Shown): Promise<void> | undefined {
    if (!isShownNewer(now, this.seen)) return undefined
    this.seen = now
    return giveAll(this.feed.subs, sub => push(this.hub.chat, sub, undefined, frame, now))
  }
}

function rosterFrame(room: string, news: RosterNews): Uint8Array {
  const { participants } = news
  if (news.kind !== 'roster')
    return eventFrame({ event: `participant.${news.kind}`, room, principal: news.principal, participants })
  const { suspended, list } = news
  return eventFrame({ event: 'room.roster', room, participants, suspended, ...(list ? { list } : {}) })
}
