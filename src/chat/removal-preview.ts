import { roomRights } from '../domain/access.ts'
import type { Input, Result } from '../protocol/request.ts'
import type { Access } from '../store/access.ts'
import { audit } from '../store/audit.ts'
import { previewRemoval } from '../store/removal-preview.ts'
import { findRoom } from '../store/room.ts'
import type { Filter } from '../store/search-walk.ts'
import type { Caller, Chat } from './chat.ts'

/**
 * message.remove with dryRun: what it would take. Words that match say something of what is in a room, also to an administrator
 * who may not read it: that he asked is recorded before he is answered.
 */
export async function previewRemovalFor(
  chat: Chat,
  caller: Caller,
  { person, scope, facts }: Access,
  { room, seq }: Input<'message.remove'>,
  filter: Filter | undefined,
): Promise<Result<'message.remove'>> {
  await audit(chat.db, caller.user.id, 'message.remove', room, { dryRun: true, ...(filter ? { filter } : { seq }) })
  const { count, denied, sample } = await previewRemoval(chat.db, room, filter ? { filter } : { seq: seq! })
  const reads = roomRights(person, scope, facts).read && (await findRoom(chat.db, room))?.chat_history === true
  return {
    removed: count,
    ...(denied === 0 ? {} : { denied }),
    sample: sample.map(({ seq, at, author, title, text }) => ({
      seq,
      at: at.toISOString(),
      author,
      ...(reads && title !== null ? { title } : {}),
      ...(reads && text !== null ? { text } : {}),
    })),
  }
}
