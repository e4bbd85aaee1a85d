import type { Chat, Standing } from '../chat/chat.ts'
import type { Stamp } from '../domain/stamp.ts'
import type { Versions } from '../store/access.ts'
import type { RosterNews } from './roster.ts'
import type { Session } from './session.ts'
import type { Sub } from './sub.ts'
import type { Work } from './work-queue.ts'

/** What a feed asks of the hub that it belongs to. */
export type FeedHub = {
  chat: Chat
  isBehind(stamp: Stamp): boolean
  /** Makes sure that this server knows the directory and the settings of that stamp. */
  catchUp(stamp: Stamp): Promise<void>
  directory(): number
  entered(feed: RoomFeed, sub: Sub): void
  left(feed: RoomFeed, sub: Sub): void
  shutOut(room: string, user: string): void
  /** Rights are known as they were at most 2 seconds ago (or were read at `at`): good enough for events without a position. */
  isFresh(at?: number): boolean
  /** It has events to tell when they are again. */
  owes(feed: RoomFeed): void
  /** Who is in the room now. */
  roster(room: string): RosterNews | undefined
  /** The first session of this process opened the room by room.join, or the last that did is gone. */
  look(room: string, isOpen: boolean): void
  empty(feed: RoomFeed): void
}

/** What the hub asks of the feed of one room. */
export type RoomFeed = {
  room: string
  category: string | undefined
  subs: Map<Session, Sub>
  hear(work: Work): void
  hearRoster(news: RosterNews): void
  /** Where the room stands in the store: what is newer than what was heard is followed up. */
  compare(versions: Versions): void
  /** For a directory change: those of these users who were decided under an older version. */
  recheckUsers(users: Set<string>, directory: number): Promise<void>
  begin(session: Session): void
  /** The session's answer has the roster as it is now: what changes from here on is told to it. */
  list(session: Session): void
  settle(session: Session, standing: Standing, opened: boolean): void
  abandon(session: Session): void
  remove(session: Session): void
  /** Of the last message that its sessions were given; undefined before the first session. */
  readonly lastSeq: number | undefined
}
