import type { Hearing } from '../chat/hearing.ts'
import { newest, type Stamp } from '../domain/stamp.ts'
import type { ClosedReason } from '../protocol/event.ts'
import type { RoomNews } from './room-news.ts'
import { isRoomNewer, type Sub } from './sub.ts'
import type { ScopeNews } from './work-queue.ts'

/** What of a feed is needed to follow its category. */
export type ScopedFeed = {
  category: string | undefined
  stamp: Stamp | undefined
  readonly about: RoomNews
  heard(which: (sub: Sub) => boolean): Sub[]
  close(sub: Sub, reason: ClosedReason): void
  recheckIfNewer(): Promise<void>
  recheckSubs(checked: Sub[]): Promise<Hearing>
}

/**
 * A category changed. Where nothing of the room itself did, whoever heard it hears it on if he is in scope: nothing else that his
 * right hangs on is another, but for the directory, which has a version of its own. So nothing is asked of the store about
 * those whom the news is about.
 */
export function followScope(feed: ScopedFeed, { now, asked, out }: ScopeNews): Promise<void> | undefined {
  feed.category = now.category
  // What a room shows of its category raises the room's own version.
  if (now.shown.room > feed.about.shown().room) return feed.recheckIfNewer()
  feed.about.skip(now.shown)
  if (!isRoomNewer(now.stamp, feed.stamp!)) return undefined
  const scoped = { ...now.stamp, directory: 0, settings: 0 }
  const unsure: Sub[] = []
  for (const sub of feed.heard(sub => isRoomNewer(scoped, sub.under))) {
    const user = sub.session.caller.user.id
    // Of whoever came after the list was made that was asked about, nothing is known.
    if (sub.under.room !== scoped.room || !asked.has(user)) unsure.push(sub)
    else if (out.has(user)) feed.close(sub, 'removed')
    else sub.under = newest(sub.under, scoped)
  }
  // Last, and not before those are decided anew that are to be: who waits for its turn is held against it.
  if (unsure.length > 0) return decide(feed, scoped, unsure)
  feed.stamp = newest(feed.stamp!, scoped)
  return undefined
}

/** Those, and who went live under an older stamp while that was read. */
async function decide(feed: ScopedFeed, scoped: Stamp, unsure: Sub[]): Promise<void> {
  for (let checked = unsure; checked.length > 0; checked = feed.heard(sub => isRoomNewer(scoped, sub.under))) {
    await feed.recheckSubs(checked)
    feed.stamp = newest(feed.stamp!, scoped)
  }
}
