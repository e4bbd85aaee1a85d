import type { Shown } from '../chat/chat.ts'
import { eventFrame } from '../pool/frame.ts'
import type { FeedHub, RoomFeed } from './feed.ts'
import type { RosterNews } from './roster.ts'
import { giveAll, isShownNewer, nothingShown, push, type Sub } from './sub.ts'
import type { WorkQueue } from './work-queue.ts'

/** What a room tells without a position: who comes and goes, and what is shown of it. */
export type RoomNews = {
  shown(): Shown
  /** The first answer of a session says what is shown. */
  begin(shown: Shown): void
  hearRoster(news: RosterNews): void
  tellRoster(news: RosterNews, number: number): undefined
  /** The session's answer has the roster as it is now: what changes from here on is told to it. */
  list(sub: Sub): void
  /** Told under no older rights, so not before the store answers again: merged until then. */
  owe(what: { removals?: boolean; roster?: boolean }): undefined
  tellOwed(): Promise<void>
  tellChanged(frame: Uint8Array, now: Shown): Promise<void> | undefined
}

/** News of the roster that wait in one feed; beyond them the list says it. */
const maxQueuedNews = 100

export function openRoomNews(
  hub: FeedHub,
  feed: RoomFeed,
  queue: WorkQueue,
  follow: { recheckIfNewer(): Promise<void>; tellRemovals(): Promise<void> },
): RoomNews {
  const { chat } = hub
  const { room, subs } = feed
  let shown = nothingShown
  let count = 0
  let owed: { removals: boolean; roster: boolean } | undefined

  /** To those who opened the room by room.join; what came by session.sync is not answered with a storm. */
  function pushRoster(news: RosterNews, number: number) {
    // Nobody is told of his own coming: the answer of room.join says it.
    const own = news.kind === 'roster' ? undefined : news.principal.id
    let frame: Uint8Array | undefined
    for (const sub of subs.values()) {
      if (!sub.opened || sub.listed >= number || sub.session.caller.user.id === own) continue
      frame ??= rosterFrame(room, news)
      push(chat, sub, undefined, frame)
    }
  }

  function owe(what: { removals?: boolean; roster?: boolean }): undefined {
    owed = {
      removals: (owed?.removals ?? false) || (what.removals ?? false),
      roster: (owed?.roster ?? false) || (what.roster ?? false),
    }
    hub.owes(feed)
  }

  return {
    shown: () => shown,
    begin(first) {
      shown = first
    },
    hearRoster(news) {
      count += 1
      if (queue.size() >= maxQueuedNews) owe({ roster: true })
      else queue.add({ roster: news, number: count })
    },
    tellRoster(news, number) {
      if (!hub.isFresh() || owed?.roster) return owe({ roster: true })
      pushRoster(news, number)
    },
    list(sub) {
      sub.opened = true
      sub.listed = count
    },
    owe,
    async tellOwed() {
      if (!owed) return
      // Whatever the sweep found: what is told next is of this very moment.
      await follow.recheckIfNewer()
      if (owed.removals) await follow.tellRemovals()
      const news = owed.roster ? hub.roster(room) : undefined
      owed = undefined
      if (news) pushRoster(news, Number.POSITIVE_INFINITY)
    },
    /** Bus and sweep both bring it, and a session may have been answered with it: nobody is shown it twice. */
    tellChanged(frame, now) {
      if (!isShownNewer(now, shown)) return undefined
      shown = now
      return giveAll(subs, sub => push(chat, sub, undefined, frame, now))
    },
  }
}

function rosterFrame(room: string, news: RosterNews): Uint8Array {
  const { participants } = news
  if (news.kind !== 'roster')
    return eventFrame({ event: `participant.${news.kind}`, room, principal: news.principal, participants })
  const { suspended, list } = news
  return eventFrame({ event: 'room.roster', room, participants, suspended, ...(list ? { list } : {}) })
}
