import type { Chat } from '../chat/chat.ts'
import { readScopeNews } from '../chat/hearing.ts'
import type { RoomFeed } from './feed.ts'
import { inSlices, type Loss } from './losses.ts'
import { pause } from './sub.ts'
import { retryMs } from './work-queue.ts'

/** What a server does when a category has changed: all its rooms and users are looked at together, however many they are. */
export type ScopeWatch = {
  hear(category: string): void
  stop(): void
}

export type ScopeHub = {
  chat: Chat
  feeds(): RoomFeed[]
  users(): string[]
  /** Rooms that connected users were shut out of. */
  lost(): Loss[]
  /** Some of these may be let in again. */
  tellBack(some: Loss[]): Promise<void>
}

/** Between so many rooms others have their turn: each may have sessions to shut out. */
const sliceFeeds = 500

export function openScopeWatch(hub: ScopeHub): ScopeWatch {
  /** In order, each once: bus and sweep both tell of it. */
  const changed = new Set<string>()
  let running = false
  /** How often each was followed. */
  const rounds = new Map<string, number>()
  let stopped = false

  async function run() {
    if (running) return
    running = true
    for (let [category] = changed; category !== undefined && !stopped; [category] = changed) {
      changed.delete(category)
      const round = (rounds.get(category) ?? 0) + 1
      rounds.set(category, round)
      try {
        await follow(category, round)
      } catch (error) {
        // Nobody else comes back to it: the sweep's snapshot may be past it.
        hub.chat.log.warn({ category, err: error }, 'a change of a category waits for the store')
        changed.add(category)
        await pause(retryMs)
      }
    }
    running = false
  }

  async function follow(category: string, round: number) {
    const feeds = hub.feeds()
    const lost = hub.lost()
    // A room that begins to be heard later is decided later.
    const rooms = new Set([...feeds, ...lost].map(one => one.room))
    const users = hub.users()
    const asked = new Set(users)
    const news = await readScopeNews(hub.chat, category, [...rooms], users)
    let told = 0
    for (const feed of feeds) {
      const now = news.rooms.get(feed.room)
      if (!now) continue
      feed.hear({ scope: { now, asked, out: news.out } })
      told += 1
      if (told % sliceFeeds === 0) await new Promise(resolve => setImmediate(resolve))
    }
    // Whoever is to be shut out does not wait for who is let in.
    void tellBack(
      lost.filter(({ user, room }) => news.rooms.has(room) && !news.out.has(user)),
      () => stopped || rounds.get(category) !== round,
    )
  }

  /** Until the category changes again, which begins it anew with who is still out. */
  async function tellBack(back: Loss[], isOver: () => boolean) {
    try {
      for (const some of inSlices(back)) {
        if (isOver()) return
        await hub.tellBack(some)
      }
    } catch (error) {
      // They are told when they come back to the room, or by the next change.
      hub.chat.log.warn({ err: error }, 'who may read again could not be told')
    }
  }

  return {
    hear(category) {
      changed.add(category)
      void run()
    },
    stop() {
      stopped = true
    },
  }
}
