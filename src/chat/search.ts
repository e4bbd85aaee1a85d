import { checkedInstant, isInstant } from '../domain/instant.ts'
import { Refusal } from '../protocol/error.ts'
import { uuidPattern } from '../protocol/ids.ts'
import type { Input, Result } from '../protocol/request.ts'
import { toMessage } from '../store/message.ts'
import { resolvePrincipals } from '../store/principal.ts'
import { searchMessages as searchRows } from '../store/search.ts'
import type { SearchCursor } from '../store/search-walk.ts'
import { requirePerson } from './access.ts'
import type { Caller, Chat } from './chat.ts'
import { recordSearch } from './record.ts'

const maxSearchCodeUnits = 1_000

/** Ten thousand words in one query are more than the store's stack holds. */
export function checkSearchText(text: string | undefined): void {
  if (text !== undefined && text.length > maxSearchCodeUnits)
    throw new Refusal('too_large', `text has more than ${maxSearchCodeUnits} characters. Search for less at once.`)
}

export async function searchMessages(
  chat: Chat,
  caller: Caller,
  input: Input<'message.search'>,
): Promise<Result<'message.search'>> {
  checkSearchText(input.text)
  const person = await requirePerson(chat, caller)
  if (!person.enabled) return { matches: [] }
  const limit = input.limit ?? 50
  const authors = input.authors && (await resolvePrincipals(chat.db, input.authors)).map(principal => principal.id)
  const found = await searchRows(
    chat.db,
    caller.user.id,
    { ...input, from: checkedInstant('from', input.from), until: checkedInstant('until', input.until), authors },
    { rooms: input.rooms, limit: limit + 1, after: input.after === undefined ? undefined : readCursor(input.after) },
  )
  const page = found.slice(0, limit)
  const last = page.at(-1)
  await recordSearch(chat, caller, input, page)
  return {
    matches: page.flatMap(row => {
      const message = toMessage(row)
      return 'removed' in message ? [] : [{ room: row.room, revision: row.room_revision, message }]
    }),
    ...(found.length > limit && last
      ? { next: writeCursor({ at: last.at.toISOString(), room: last.room, seq: last.seq }) }
      : {}),
  }
}

const isUuid = new RegExp(uuidPattern)

function writeCursor(cursor: SearchCursor): string {
  return Buffer.from(JSON.stringify([cursor.at, cursor.room, cursor.seq])).toString('base64url')
}

function readCursor(after: string): SearchCursor {
  try {
    const [at, room, seq] = JSON.parse(Buffer.from(after, 'base64url').toString()) as unknown[]
    if (
      typeof at === 'string' &&
      isInstant(at) &&
      typeof room === 'string' &&
      isUuid.test(room) &&
      Number.isSafeInteger(seq)
    )
      return { at, room, seq: seq as number }
  } catch {}
  throw new Refusal('invalid_argument', 'after is not what an earlier answer gave as next. Begin again without it.')
}
