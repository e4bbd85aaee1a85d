import type { Chat } from '../chat/chat.ts'
import { loadSettings } from '../chat/settings.ts'
import { lastSeqs } from '../store/change.ts'
import { raiseEpoch, readEpoch } from '../store/epoch.ts'

/**
 * Whether the store is another one than this server knew: another epoch, or a room that ends before what was delivered of it. The
 * second is a restore that nobody announced; the first server to see it begins the new epoch. `ends` was taken before this call,
 * so that the store can only be ahead of it.
 */
export async function isOtherStore(chat: Chat, ends: Map<string, number>): Promise<boolean> {
  const epoch = await readEpoch(chat.db)
  if (epoch !== chat.epoch) return begin(chat, epoch)
  const stored = await lastSeqs(chat.db, [...ends.keys()])
  const isBehind = [...stored].some(([room, lastSeq]) => lastSeq < (ends.get(room) ?? 0))
  return isBehind ? begin(chat, await raiseEpoch(chat.db, epoch)) : false
}

async function begin(chat: Chat, epoch: string): Promise<true> {
  chat.epoch = epoch
  // Versions of another store do not compare with those that were held.
  chat.settingsVersion = 0
  await loadSettings(chat)
  chat.log.warn({ epoch }, 'the store was restored; clients load anew')
  return true
}
