import type { Input, Result } from '../protocol/request.ts'
import { resolvePerson } from '../store/principal.ts'
import { toRoom } from '../store/room.ts'
import { type InventoryFilter, listInventory } from '../store/room-inventory.ts'
import { countSizes } from '../store/room-size.ts'
import type { Caller, Chat } from './chat.ts'
import { readCursor, writeCursor } from './cursor.ts'

/** What was posted since the last count is counted first, if that takes no longer; else the answer says that it is behind. */
const countMs = 2_000

/** room.list. Counts of content are told to administrators, who may read the room or not; places and messages are not. */
export async function listAllRooms(
  chat: Chat,
  _caller: Caller,
  input: Input<'room.list'>,
): Promise<Result<'room.list'>> {
  const { limit = 50, after, member, manager, ...rest } = input
  const wanted: InventoryFilter = {
    ...rest,
    member: member === undefined ? undefined : (await resolvePerson(chat.db, member)).id,
    manager: manager === undefined ? undefined : (await resolvePerson(chat.db, manager)).id,
  }
  const cursor = after === undefined ? undefined : readCursor(after)
  const isCounted = await countSizes(chat.db, countMs)
  const rows = await listInventory(chat.db, wanted, { limit: limit + 1, after: cursor })
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  // Where sizes decide which rooms are answered, one that is missing may be one that is not counted yet.
  const isBehind = page.some(row => row.uncounted) || (!isCounted && input.contentExceedsBytes !== undefined)
  return {
    rooms: page.map(row => ({
      room: toRoom(row, chat.settings.domain, false),
      categoryName: row.category_name,
      contentBytes: row.content_bytes,
      messages: row.messages,
      members: row.members,
      managers: row.managers,
      presenters: row.presenters,
    })),
    ...(rows.length > limit && last ? { next: writeCursor(last) } : {}),
    ...(isBehind ? { counting: true } : {}),
  }
}
