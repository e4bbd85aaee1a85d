import type { Chat } from '../chat/chat.ts'
import { readScopeNews } from '../chat/hearing.ts'
import type { RoomFeed } from './feed.ts'
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
  lost(): Map<string, string[]>
  /** Some of these may be let in again. */
  tellBack(room: string, users: string[]): Promise<void>
}

/** Between so many rooms others have their turn: each may have sessions to shut out. */
const sliceFeeds = 500

export function openScopeWatch(hub: ScopeHub): ScopeWatch {
  /** In order, each once: bus and sweep both tell of it. */
  const changed = new Set<string>()
  let running = false
  let stopped = false

  async function run() {
    if (running) return
    running = true
    for (let [category] = changed; category !== undefined && !stopped; [category] = changed) {
      changed.delete(category)
      try {
        await follow(category)
      } catch (error) {
        // Nobody else comes back to it: the sweep's snapshot may be past it.
        hub.chat.log.warn({ category, err: error }, 'a change of a category waits for the store')
        changed.add(category)
        await pause(retryMs)
      }
    }
    running = false
  }

  async function follow(category: string) {
    const feeds = hub.feeds()
    const lost = hub.lost()
    // A room that begins to be heard later is decided later.
    const rooms = new Set([...feeds.map(feed => feed.room), ...lost.keys()])
    const news = await readScopeNews(hub.chat, category, [...rooms], hub.users())
    let told = 0
    for (const feed of feeds) {
      const now = news.rooms.get(feed.room)
      if (!now) continue
      feed.hear({ scope: { now, out: news.out } })
      told += 1
      if (told % sliceFeeds === 0) await new Promise(resolve => setImmediate(resolve))
    }
    for (const [room, users] of lost) {
      if (stopped || !news.rooms.has(room)) continue
      const back = users.filter(user => !news.out.has(user))
      if (back.length > 0) await hub.tellBack(room, back)
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
