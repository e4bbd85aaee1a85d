import type { Chat } from '../chat/chat.ts'
import { isAnyBehind } from '../store/change.ts'
import { raiseEpoch, readEpoch } from '../store/epoch.ts'

/**
 * The epoch of the store where it is another store than this server knew: its epoch is another one, or a room ends before what was
 * delivered of it. The second is a restore that nobody announced; the first server to see it begins the new epoch. `ends` was
 * taken before this call, so that the store can only be ahead of it.
 */
export async function otherEpoch(chat: Chat, ends: Map<string, number>): Promise<string | undefined> {
  const epoch = await readEpoch(chat.db)
  if (epoch !== chat.epoch) return epoch
  return (await isAnyBehind(chat.db, ends)) ? raiseEpoch(chat.db, epoch) : undefined
}
