import { isManager } from '../domain/access.ts'
import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { transaction } from '../store/db.ts'
import { listFiles as listFileRows, readRoomUsage } from '../store/file.ts'
import { resolvePrincipals } from '../store/principal.ts'
import { findRoom } from '../store/room.ts'
import type { Caller, Chat } from './chat.ts'
import { noteGlassReading, requireHistory } from './glass.ts'

const defaultPage = 50

/** file.list: of a room that the caller may read, what stands in it. Its managers and administrators hear what it takes. */
export async function listFiles(chat: Chat, caller: Caller, input: Input<'file.list'>): Promise<Result<'file.list'>> {
  const { room, text, type, limit = defaultPage } = input
  const authors = input.authors && (await resolvePrincipals(chat.db, input.authors)).map(principal => principal.id)
  const { byGlass, ...page } = await transaction(
    chat.db,
    async tx => {
      const { person, scope, facts, byGlass } = await requireHistory(chat, caller, room, tx)
      if (!(await findRoom(tx, room))!.chat_history)
        throw new Refusal('history_off', 'This category keeps no history, so that there is no list of its files.')
      const after = readCursor(input.after)
      const rows = await listFileRows(tx, room, { text, type, authors, limit: limit + 1, after })
      const files = rows.slice(0, limit).map(({ at, preview, ...row }) => ({
        ...row,
        at: at.toISOString(),
        ...(preview ? { preview } : {}),
      }))
      const maxBytes = chat.settings.roomFileBytes
      return {
        byGlass,
        files,
        ...(person.administrator || isManager(scope, facts)
          ? { usage: { ...(await readRoomUsage(tx, room)), maxBytes } }
          : {}),
        ...(rows.length > limit ? { next: `${files.at(-1)!.seq}` } : {}),
      }
    },
    'ISOLATION LEVEL REPEATABLE READ READ ONLY',
  )
  if (byGlass) await noteGlassReading(chat, caller, room, { files: page.files.map(({ id }) => id) })
  return page
}

function readCursor(after: string | undefined): number | undefined {
  if (after === undefined) return undefined
  if (!/^\d{1,15}$/.test(after))
    throw new Refusal('invalid_argument', 'after is no place that file.list gave. Leave it out.')
  return Number(after)
}
